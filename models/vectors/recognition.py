"""Word vectors of any file, told by its first bytes: Parquet, fastText's own binary, word2vec and GloVe. No pickles."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.vectors.fasttext_reader import is_fasttext, read_fasttext
from models.vectors.formats import from_table, from_word2vec, of_bytes
from models.vectors.subword_vectors import SubwordVectors
from models.vectors.word_vectors import WordVectors

PICKLES = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))
# What is not a file of word vectors, by its first bytes, and what to do.
REFUSED = {
    b"\x93NUMPY": "a NumPy array holds numbers without their words",
    b"\x89HDF": "an HDF5 file is not a table of words and vectors",
}


def from_any(data: Any, limit: int | None = None) -> WordVectors:
    """Read Parquet, a fastText model, or word2vec text or binary (GloVe too), told by the first bytes.

    `data` is bytes or a mapped file. With a limit, the first so many words. Raises ValueError for anything else; a
    pickle, such as gensim's own files, is refused unread: reading one runs the code in it.
    """
    head = bytes(data[:8])
    if head.startswith(b"PAR1"):
        return from_parquet(data, limit)
    if is_fasttext(data):
        return from_fasttext(data, limit)
    if head.startswith(PICKLES):
        raise ValueError(
            "it is a pickle, as gensim's .kv and .model are, which could run any code: where you trust it, save it "
            'again with KeyedVectors.load(FILE).save_word2vec_format("vectors.bin", binary=True)'
        )
    if (what := next((what for magic, what in REFUSED.items() if head.startswith(magic)), None)) is not None:
        raise ValueError(what)
    return from_word2vec(bytes(data), limit)


def from_fasttext(data: Any, limit: int | None = None) -> WordVectors:
    """Read a fastText model (.bin): what fastText's own `get_word_vector` gives for its first `limit` words.

    Where it has n-grams, the vectors know any word; those of n-grams of its first words are kept (`NGRAM_WORDS`). Odd
    words are passed over as in word2vec binary. Raises ValueError for a model cut short, or quantized.
    """
    model = read_fasttext(data, limit)
    known = of_bytes(model.words, model.vectors)
    if model.ngrams is None:
        return known
    words = pa.array([word.decode("utf-8", "replace") for word in model.words], pa.string())
    counts = model.counts[pc.index_in(known.tokens, words).to_numpy()]
    return SubwordVectors(known.tokens, known.vectors, model.ngrams, counts)


def from_parquet(data: Any, limit: int | None = None) -> WordVectors:
    """Read a Parquet file with columns token and vector, or with one column of strings and one of lists of numbers."""
    with pq.ParquetFile(pa.BufferReader(data)) as file:
        token, vector = _vector_columns(file.schema_arrow)
        table = file.read([token, vector]).select([token, vector]).rename_columns(["token", "vector"])
    return from_table(table if limit is None else table.slice(0, limit))


def _vector_columns(schema: pa.Schema) -> tuple[str, str]:
    """The columns of words and of vectors. Raises ValueError when it is not certain which these are."""
    if {"token", "vector"} <= set(schema.names):
        return "token", "vector"
    words = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    lists = [field.name for field in schema if getattr(field.type, "value_type", None) in (pa.float32(), pa.float64())]
    if len(words) != 1 or len(lists) != 1:
        raise ValueError(f"it is not certain which of the columns {schema.names} are token and vector: name them so")
    return words[0], lists[0]
