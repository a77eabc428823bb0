"""Where word vectors come from and go to: runs, files of every kind, gensim on the other side, Keras."""

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from models.settings import SubwordSettings
from models.vectors import SubwordVectors, WordVectors
from models.vectors.formats import to_table, to_word2vec_binary
from models.vectors.subword_vectors import NgramVectors
from tasks import tracking
from tasks.queries.word_vectors import Source, export, read_file
from tasks.store import formats
from tasks.store.outputs import Outputs
from tasks.training.vector_benchmarks import Judgements

WORDS = ["flood", "fire", "quake", "song", "1", "naïve"]


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    numbers = np.random.default_rng(0).normal(size=(len(WORDS), 5)).astype(np.float32)
    return WordVectors(pa.array(WORDS), numbers)


@pytest.mark.parametrize("form", ["word2vec-text", "word2vec-binary", "parquet"])
def test_what_was_exported_reads_back_whatever_its_name(vectors: WordVectors, form: str, tmp_path: Path) -> None:
    (path,) = export(vectors, form, tmp_path / "folder" / "vectors.dat", Outputs())
    assert read_file(path).digest == vectors.digest
    packed = tmp_path / "vectors.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_file(packed).digest == vectors.digest


def test_subword_vectors_are_written_for_fasttext_and_kept_with_their_ngrams(
    vectors: WordVectors, home: Path, tmp_path: Path
) -> None:
    settings = SubwordSettings(enabled=True, buckets=50)
    ngrams = NgramVectors(settings, np.arange(50), np.random.default_rng(1).normal(size=(50, 5)).astype(np.float32))
    subwords = SubwordVectors(vectors.tokens, vectors.vectors, ngrams, np.arange(len(WORDS)) + 1)
    (path,) = export(subwords, "fasttext", tmp_path / "vectors.bin", Outputs())
    assert read_file(path).vectors == pytest.approx(vectors.vectors, abs=1e-5)
    kept = formats.read_vectors(formats.write_artifact("vectors", formats.vector_parts(subwords)))
    assert kept.similarity("flod", "flood") == subwords.similarity("flod", "flood")


def test_vectors_without_ngrams_are_not_written_for_fasttext(vectors: WordVectors, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="embed --subwords"):
        export(vectors, "fasttext", tmp_path / "vectors.bin", Outputs())
    assert not (tmp_path / "vectors.bin").exists()


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_gensim_and_we_read_each_other(vectors: WordVectors, binary: bool, tmp_path: Path) -> None:
    from gensim.models import KeyedVectors

    (path,) = export(vectors, "word2vec-binary" if binary else "word2vec-text", tmp_path / "ours", Outputs())
    theirs = KeyedVectors.load_word2vec_format(path, binary=binary)
    assert theirs.index_to_key == WORDS
    assert (theirs.vectors == vectors.vectors).all()
    theirs.save_word2vec_format(tmp_path / "theirs", binary=binary)
    assert read_file(tmp_path / "theirs").digest == vectors.digest


def test_a_keras_file_is_an_embedding_over_the_ids_of_the_vocabulary_beside_it(
    vectors: WordVectors, tmp_path: Path
) -> None:
    import keras

    model, words = export(vectors, "keras", tmp_path / "vectors.keras", Outputs())
    ids = {word: number for number, word in enumerate(words.read_text(encoding="utf-8").splitlines())}
    layer = keras.models.load_model(model).layers[-1]
    assert list(ids)[:2] == ["<pad>", "<unk>"]
    assert layer(np.array([[ids["quake"], 0]])).numpy()[0] == pytest.approx(
        np.stack([vectors.vectors[2], np.zeros(5, np.float32)])
    )
    assert layer.compute_mask(np.array([[ids["quake"], 0]])).numpy().tolist() == [[True, False]]


def test_a_keras_file_of_another_name_is_refused(vectors: WordVectors, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ends with \.keras, got .*vectors\.h5"):
        export(vectors, "keras", tmp_path / "vectors.h5", Outputs())


def test_the_projector_gets_a_folder_of_two_files(vectors: WordVectors, tmp_path: Path) -> None:
    numbers, words = export(vectors, "projector", tmp_path / "projector", Outputs())
    assert words.read_text(encoding="utf-8").splitlines() == WORDS
    assert np.loadtxt(numbers, delimiter="\t", dtype=np.float32) == pytest.approx(vectors.vectors)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"[project]\nname = 1\n", "holds no word vectors"),
        (b"2 3\na 1 2 3\nb 4 5\n", "width 3"),
        (b"PAR1 and no more", "holds no word vectors"),
    ],
    ids=["nothing", "another file", "another width", "broken Parquet"],
)
def test_what_holds_no_vectors_is_refused_with_the_remedy(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as refused:
        read_file(path)
    assert "Give word2vec text or binary" in str(refused.value) or not content


def test_binary_cut_short_says_so(vectors: WordVectors, tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(to_word2vec_binary(vectors)[:-3])
    with pytest.raises(ValueError, match="cut short"):
        read_file(tmp_path / "short")


def trained(parent: tracking.Run, vectors: WordVectors, architecture: str) -> str:
    """A run as the training step leaves it."""
    artifact = formats.write_artifact("vectors", {"vectors.parquet": to_table(vectors)})
    settings = {"settings": {"architecture": architecture}}
    with tracking.tracked_run(f"train {architecture} vectors", "train_vectors", parent, settings) as run:
        run.tag(output=f"vectors/{artifact.name}", step_outcome="run")
    return run.run_id


def test_the_latest_run_answers_unless_another_is_named(vectors: WordVectors, home: Path) -> None:
    with pytest.raises(ValueError, match="no run has trained word vectors yet: `crisisflow embed` does"):
        Source().load()
    other = WordVectors(vectors.tokens, vectors.vectors + 1)
    with tracking.tracked_run("first", "embed") as first:
        cbow, skip_gram = trained(first, other, "cbow"), trained(first, vectors, "skip-gram")
    with tracking.tracked_run("second", "embed") as second:
        trained(second, other, "cbow")
    found, name = Source().load()
    assert (found.digest, name.split(",")[0]) == (other.digest, "train cbow vectors")
    assert Source(run_id=first.run_id).load()[0].digest == vectors.digest
    assert Source(run_id=first.run_id, architecture="cbow").load()[0].digest == other.digest
    assert Source(run_id=skip_gram).load()[0].digest == vectors.digest
    assert Source(run_id=cbow).load()[0].digest == other.digest
    with pytest.raises(ValueError, match=r"trained no word vectors \(skip-gram\)"):
        Source(run_id=second.run_id, architecture="skip-gram").load()


def test_scores_say_what_they_cover(vectors: WordVectors, tmp_path: Path) -> None:
    pairs, questions = tmp_path / "pairs.tsv", tmp_path / "questions.txt"
    pairs.write_text("flood\tquake\t9\nflood\tfire\t7\nflood\tsong\t1\nflood\tunheard\t5\n")
    questions.write_text(": all known\nflood fire quake song\n: none known\none two three four\n")
    scores = Judgements.read(str(pairs), str(questions)).summary(vectors, 30_000)
    assert scores["similarity"].items() >= {"covered": 3, "pairs": 4, "coverage": 0.75}.items()
    assert scores["analogy"]["none known"].items() >= {"accuracy": None, "covered": 0, "coverage": 0.0}.items()
    assert scores["analogy"]["total"].items() >= {"covered": 1, "questions": 2}.items()
