"""What is inside each kind of artifact: one reader and one writer for each, so that file names stand here alone."""

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.text import Tokens, concat
from models.text.vocabulary import Vocabulary
from tasks.store.artifact_store import new_artifact

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from models.vectors import WordVectors

ADAPTED = "adapted.parquet"  # what models said of an event after labels of it, see tasks.training.adaptation
CROSS_FITTED = "cross_fitted.parquet"  # in a model: columns id, group, target, probability of the validation rows


def write_part(path: Path, value: Any) -> None:
    """Write one value in the format that its file name asks for: .parquet, .npz, .json or .keras; a folder of parts.

    Raises ValueError for another suffix.
    """
    if isinstance(value, Mapping) and not path.suffix:
        path.mkdir()
        for name, part in value.items():
            write_part(path / name, part)
        return
    match path.suffix:
        case ".parquet":
            pq.write_table(value, path, compression="zstd")
        case ".npz":
            np.savez(path, allow_pickle=False, **value)
        case ".json":
            path.write_text(json.dumps(value, indent=1, sort_keys=True))
        case ".keras":
            value.save(path)
        case other:
            raise ValueError(f"no writer for {other!r}: use .parquet, .npz, .json or .keras")


def write_sparse(path: Path, matrix: "csr_matrix", level: int = 1) -> None:
    """Write a matrix as `scipy.sparse.save_npz` does, packed five times as fast and a fifth less tight.

    Level 0 packs nothing.
    """
    arrays = {"indices": matrix.indices, "indptr": matrix.indptr, "data": matrix.data}
    arrays |= {"format": np.array(b"csr"), "shape": np.array(matrix.shape)}
    with zipfile.ZipFile(
        path, "w", zipfile.ZIP_DEFLATED if level else zipfile.ZIP_STORED, compresslevel=level or None
    ) as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(values), allow_pickle=False)


def read_sparse(path: Path) -> "csr_matrix":
    """What `write_sparse` wrote."""
    from scipy.sparse import load_npz

    return load_npz(path)


def read_parts(folder: Path) -> dict[str, Any]:
    """All parts of a classifier, by file name; a folder inside is parts of its own."""
    return {path.name: _read_part(path) for path in sorted(folder.iterdir())}


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz file, by name."""
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _read_part(path: Path) -> Any:
    if path.is_dir():
        return read_parts(path)
    if path.suffix == ".parquet":
        return pq.read_table(path)
    if path.suffix == ".npz":
        return read_arrays(path)
    if path.suffix == ".keras":
        import keras

        import models.recurrent.layers  # noqa: F401 - registers the layers that the file names

        return keras.saving.load_model(path, compile=False)
    return json.loads(path.read_text(encoding="utf-8"))


def write_artifact(kind: str, parts: Mapping[str, Any]) -> Path:
    """Seal these parts, by file name, as one artifact of this kind."""
    with new_artifact(kind) as draft:
        for name, value in parts.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            write_part(draft / name, value)
    return draft.final


def read_tweets(artifact: Path) -> pa.Table:
    """The kept tweets: id, text, keyword, location, target, source_row, group, split."""
    return pq.read_table(artifact / "tweets.parquet")


def rows_in(tweets: pa.Table, split: str) -> np.ndarray:
    """Row numbers of a split, int64."""
    return np.flatnonzero(tweets["split"].to_numpy(zero_copy_only=False) == split)


def shards(artifact: Path) -> list[Path]:
    """The Parquet shards of an artifact, in order."""
    return sorted(artifact.glob("shard-*.parquet"))


def write_tokens(parts: Iterable[tuple[pa.Array, Tokens]]) -> Path:
    """Seal tokenized documents, one shard for each (ids, tokens)."""
    with new_artifact("tokens") as draft:
        for number, (ids, tokens) in enumerate(parts):
            write_token_shard(draft / f"shard-{number:05}.parquet", ids, tokens)
    return draft.final


def write_token_shard(path: Path, ids: pa.Array, tokens: Tokens) -> None:
    """Write one shard of tokenized documents."""
    pq.write_table(pa.table({"id": ids, "tokens": tokens.to_arrow()}), path, compression="zstd")


def read_tokens(artifact: Path) -> Tokens:
    """All tokenized documents of an artifact."""
    return concat([read_token_shard(path) for path in shards(artifact)])


def read_token_shard(path: Path) -> Tokens:
    """The tokenized documents of one shard."""
    return Tokens.from_arrow(pq.read_table(path, columns=["tokens"])["tokens"])


def read_cross_fitted(model: Path) -> pa.Table | None:
    """What a model said of the validation rows, each calibrated without itself; None where it was not kept."""
    path = model / CROSS_FITTED
    return pq.read_table(path) if path.is_file() else None


def read_vocabulary(artifact: Path) -> Vocabulary:
    """A fitted vocabulary."""
    return Vocabulary.from_table(pq.read_table(artifact / "vocabulary.parquet"))


def read_vectors(artifact: Path) -> "WordVectors":
    """The word vectors of an artifact of any kind that holds some; they know any word where it holds n-grams too."""
    from models.vectors.subword_vectors import from_tables

    return from_tables(vector_tables(artifact))


def vector_tables(artifact: Path) -> dict[str, pa.Table]:
    """The tables of which word vectors are made, by file name: words and, with subwords, n-grams."""
    return {path.name: pq.read_table(path) for path in (artifact / "vectors.parquet", artifact / "ngrams.parquet")
            if path.exists()}  # fmt: skip


def vector_parts(vectors: "WordVectors") -> dict[str, pa.Table]:
    """What `read_vectors` reads: words with their vectors and, with subwords, how often they occur and the n-grams."""
    from models.vectors import SubwordVectors
    from models.vectors.formats import to_table
    from models.vectors.subword_vectors import to_ngram_table

    table = to_table(vectors)
    if not isinstance(vectors, SubwordVectors):
        return {"vectors.parquet": table}
    counted = table.append_column("count", pa.array(vectors.counts))
    return {"vectors.parquet": counted, "ngrams.parquet": to_ngram_table(vectors.ngrams)}


def read_document_vectors(artifact: Path, representation: str, tokens: Tokens) -> Any:
    """Document vectors (tweets, features): the stored matrix of a bag of words, or the mean of word vectors."""
    from scipy import sparse

    from models.classifiers.document_vectors import average_words

    stored = artifact / f"{representation}.npz"
    if stored.exists():
        return sparse.load_npz(stored)
    vectors = read_vectors(artifact)
    return average_words(tokens, vectors)
