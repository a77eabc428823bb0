"""Word vectors to query: those of a run, the latest one by default, or of a file; and files for other tools."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from models.settings import Architecture
from tasks.queries import trainings
from tasks.store import formats as store_formats
from tasks.store.outputs import Outputs

if TYPE_CHECKING:
    from models.vectors import WordVectors
    from models.vectors.evaluation_files import SimilarityColumns
    from tasks.tracking import MlflowRun

Format = Literal["word2vec-text", "word2vec-binary", "projector", "keras", "parquet", "fasttext"]
FORMATS: tuple[Format, ...] = get_args(Format)


@dataclass(frozen=True)
class Source:
    """Where vectors are asked from: a file, or a run (None is the latest) and one of its architectures."""

    run_id: str | None = None
    file: Path | None = None
    architecture: Architecture | None = None

    def load(self) -> "tuple[WordVectors, str]":
        """The vectors, and where they come from in words."""
        if self.file is not None:
            return read_file(self.file), str(self.file)
        run = find_training(self.run_id, self.architecture)
        return store_formats.read_vectors(artifact_of(run)), f"{run.info.run_name}, run {run.info.run_id}"


def read_file(path: Path) -> "WordVectors":
    """Vectors of a file by its content: see `read_word_vectors`."""
    from tasks.sources.word_vectors import read_word_vectors

    if not path.is_file():
        raise FileNotFoundError(f"{path} is not a file: give a file of word vectors")
    return read_word_vectors(path)


def find_training(run_id: str | None, architecture: Architecture | None = None) -> "MlflowRun":
    """The newest run that trained vectors: of all, or at or below this one. Raises ValueError when there is none."""
    condition = f"params.`settings.architecture` = '{architecture}'" if architecture else ""
    found = trainings.find_training("train_vectors", run_id, condition)
    if found is None:
        where = "no run has trained word vectors yet" if run_id is None else f"run {run_id} trained no word vectors"
        wanted = f" ({architecture})" if architecture else ""
        raise ValueError(f"{where}{wanted}: `crisisflow embed` does, or give a file with --vectors")
    return found


def artifact_of(run: "MlflowRun") -> Path:
    """The artifact of a training of vectors. Raises ValueError when the state folder has lost it."""
    return trainings.artifact_of(run, "crisisflow embed")


def export_files(form: Format, out: Path) -> list[Path]:
    """The files that an export in this format writes. `out` is a folder for the projector, else a file."""
    if form == "projector":
        return [out / "vectors.tsv", out / "metadata.tsv"]
    if form != "keras":
        return [out]
    if out.suffix != ".keras":
        raise ValueError(f"a Keras model needs a name that ends with .keras, got {out}")
    return [out, out.with_suffix(".vocabulary.txt")]


def export(vectors: "WordVectors", form: Format, out: Path, outputs: Outputs) -> list[Path]:
    """Write the vectors in this format, and return the files of `export_files`."""
    files = export_files(form, out)
    with outputs.drafts(files[0].parent) as draft:
        _write(vectors, form, [draft / file.name for file in files])
    return files


def _write(vectors: "WordVectors", form: Format, files: list[Path]) -> None:
    if form == "keras":
        _write_keras(vectors, *files)
    elif form == "fasttext":
        _write_fasttext(vectors, files[0])
    elif form == "parquet":
        import pyarrow.parquet as pq

        from models.vectors import formats

        pq.write_table(formats.to_table(vectors), files[0])
    else:
        for file, data in zip(files, _contents(vectors, form), strict=True):
            file.write_bytes(data)


def _contents(vectors: "WordVectors", form: Format) -> tuple[bytes, ...]:
    from models.vectors import formats

    if form == "projector":
        return formats.to_projector(vectors)
    return ((formats.to_word2vec_text if form == "word2vec-text" else formats.to_word2vec_binary)(vectors),)


def _write_fasttext(vectors: "WordVectors", file: Path) -> None:
    """Piece by piece, for all buckets together may be larger than what was trained. Raises ValueError without them."""
    from models.vectors import SubwordVectors
    from models.vectors.fasttext_format import to_fasttext

    if not isinstance(vectors, SubwordVectors):
        raise ValueError(
            "these vectors have no n-grams, which --format fasttext is for: train some with `crisisflow embed "
            "--subwords`, or give --format word2vec-binary"
        )
    with file.open("wb") as stream:
        stream.writelines(to_fasttext(vectors))


def _write_keras(vectors: "WordVectors", model: Path, words: Path) -> None:
    """A model of one Embedding layer, and the word of each id, one a line."""
    from tasks.runtime import environment

    environment.load_tensorflow()
    from models.vectors.embedding_layer import embedding_model, embedding_words

    embedding_model(vectors).save(model)
    words.write_bytes("\n".join([*embedding_words(vectors), ""]).encode())


def similarity_columns(words: str | None, score: str | None) -> "SimilarityColumns":
    """The columns of a similarity file as flags name them. Raises ValueError unless two words are named, or none."""
    from models.vectors.evaluation_files import SimilarityColumns

    if words is None:
        return SimilarityColumns(score=score)
    one, comma, other = words.partition(",")
    if not (comma and one.strip() and other.strip()):
        raise ValueError(f"--word-columns must be two columns with a comma between them, got {words!r}")
    return SimilarityColumns((one.strip(), other.strip()), score)
