"""Files of word vectors told by their first bytes: fastText's own numbers, Parquet of others, and no pickles."""

import io
import pickle
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.vectors import SubwordVectors, WordVectors
from models.vectors.fasttext_reader import Hashing, ngram_rows
from models.vectors.formats import to_word2vec_binary, to_word2vec_text
from models.vectors.recognition import from_any

WORDS = ["fire", "</s>", "é", "日本語", "a"]
NUMBERS = np.arange(10, dtype=np.float32).reshape(5, 2) / 3


def known() -> WordVectors:
    return WordVectors(pa.array(WORDS), NUMBERS)


def fasttext_hash(gram: str) -> int:
    """FNV-1a over signed bytes, a byte at a time, as dictionary.cc has it."""
    value = 2166136261
    for byte in gram.encode():
        value = (value ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * 16777619 % 2**32
    return value


def ngrams_by_hand(word: str, shortest: int, longest: int) -> list[str]:
    edged = f"<{word}>"
    found = [edged[i : i + n] for n in range(shortest, longest + 1) for i in range(len(edged) - n + 1)]
    return [] if word == "</s>" else [gram for gram in found if gram not in ("<", ">")]


def fasttext_model(buckets: int = 7, longest: int = 3, quantized: bool = False) -> tuple[bytes, np.ndarray]:
    """A model of WORDS with a label, as fastText writes it, and its input matrix."""
    rows = np.random.default_rng(1).normal(size=(len(WORDS) + buckets, 2)).astype("<f4")
    entries = [(word, 0) for word in WORDS] + [("__label__x", 1)]
    parts = [struct.pack("<2i", 793712314, 12), struct.pack("<12id", 2, *[5] * 7, buckets, 1, longest, 100, 1e-4)]
    parts += [struct.pack("<3i2q", len(entries), len(WORDS), 1, 99, -1)]
    parts += [word.encode() + b"\0" + struct.pack("<qb", 3, kind) for word, kind in entries]
    parts += [struct.pack("<?2q", quantized, *rows.shape), rows.tobytes()]
    return b"".join(parts), rows


@pytest.mark.parametrize(("shortest", "longest"), [(1, 3), (3, 6), (2, 2)])
def test_ngrams_fall_into_the_buckets_of_fasttext(shortest: int, longest: int) -> None:
    found = ngram_rows([word.encode() for word in WORDS], Hashing(shortest, longest, 11)).toarray()
    for row, word in zip(found, WORDS, strict=True):
        expected = [fasttext_hash(gram) % 11 for gram in ngrams_by_hand(word, shortest, longest)]
        assert row.tolist() == np.bincount(expected, minlength=11).tolist(), word


def test_a_word_of_a_fasttext_model_is_the_mean_of_its_row_and_its_ngrams() -> None:
    data, rows = fasttext_model()
    read = from_any(data)
    assert read.tokens.to_pylist() == WORDS
    for row, word in enumerate(WORDS):
        shared = [rows[len(WORDS) + fasttext_hash(gram) % 7] for gram in ngrams_by_hand(word, 1, 3)]
        assert read.vectors[row] == pytest.approx(np.mean([rows[row], *shared], axis=0), abs=1e-6), word


def test_a_fasttext_model_without_ngrams_is_its_rows() -> None:
    data, rows = fasttext_model(buckets=0, longest=0)
    assert (from_any(data).vectors == rows).all()


def test_fasttext_reads_as_gensim_has_it(tmp_path: Path) -> None:
    from gensim.models import FastText
    from gensim.models.fasttext import load_facebook_vectors, save_facebook_model

    texts = [["flood", "héllo", "fire", "日本語の", "a"]] * 20
    model = FastText(texts, vector_size=4, min_count=1, bucket=50, min_n=2, max_n=4, epochs=1, workers=1)
    save_facebook_model(model, str(tmp_path / "model.bin"))
    theirs, ours = load_facebook_vectors(str(tmp_path / "model.bin")), from_any((tmp_path / "model.bin").read_bytes())
    assert ours.tokens.to_pylist() == theirs.index_to_key
    assert ours.vectors == pytest.approx(theirs.vectors, abs=1e-6)
    unseen, known = ours.unseen_vectors(pa.array(["flooood", "fires"]))
    assert known.all()
    assert isinstance(ours, SubwordVectors)
    assert ours.counts.tolist() == [20] * 5
    # Of n-grams that none of its words has, gensim keeps the random start, and we nothing.
    trained = np.zeros((50, 1), np.float32)
    trained[ours.ngrams.buckets] = 1
    theirs.vectors_ngrams *= trained
    assert unseen == pytest.approx(np.stack([theirs["flooood"], theirs["fires"]]), abs=1e-6)


@pytest.mark.parametrize("cut", [6, 40, 100, -1])
def test_a_fasttext_model_cut_short_says_so(cut: int) -> None:
    with pytest.raises(ValueError, match=r"cut short|must be"):
        from_any(fasttext_model()[0][:cut])


def test_a_quantized_model_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"quantized fastText model .* save its vectors as text \(\.vec\)"):
        from_any(fasttext_model(quantized=True)[0])


class Planted:
    """Unpickled, it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.write_text, (self.path, "run"))


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_pickle_is_refused_unread_with_the_remedy(tmp_path: Path, protocol: int) -> None:
    with pytest.raises(ValueError, match=r"pickle.*save_word2vec_format"):
        from_any(pickle.dumps(Planted(tmp_path / "trap"), protocol))
    assert not (tmp_path / "trap").exists()


def test_numbers_without_words_are_refused() -> None:
    stream = io.BytesIO()
    np.save(stream, NUMBERS)
    with pytest.raises(ValueError, match="numbers without their words"):
        from_any(stream.getvalue())


def parquet(**columns: object) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def test_parquet_is_read_whatever_its_one_column_of_words_and_its_one_of_lists_are_called() -> None:
    rows = NUMBERS.astype(float).tolist()
    data = parquet(rank=[1, 2, 3, 4, 5], embedding=rows, word=WORDS)
    assert from_any(data).digest == known().digest
    with pytest.raises(ValueError, match=r"which of the columns .* are token and vector"):
        from_any(parquet(word=WORDS, lemma=WORDS, embedding=rows))


@pytest.mark.parametrize("form", ["text", "GloVe", "binary", "parquet", "fastText"])
def test_with_a_limit_the_first_words_are_read(form: str) -> None:
    data = {
        "text": to_word2vec_text(known()),
        "GloVe": to_word2vec_text(known()).partition(b"\n")[2],
        "binary": to_word2vec_binary(known()),
        "parquet": parquet(token=WORDS, vector=NUMBERS.tolist()),
        "fastText": fasttext_model()[0],
    }[form]
    assert from_any(data, 2).tokens.to_pylist() == WORDS[:2]
    assert from_any(data, 99).tokens.to_pylist() == WORDS
