"""Vectors for any word: means of n-grams, the questions that take them, and fastText's file."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from models.classifiers.document_vectors import average_words
from models.settings import SubwordSettings, TextSettings
from models.text import Tokens
from models.vectors import SubwordVectors, UnknownWordError
from models.vectors.evaluation import evaluate_similarities
from models.vectors.fasttext_format import to_fasttext
from models.vectors.formats import to_table
from models.vectors.subword_vectors import NgramVectors, from_ngram_table, to_ngram_table
from models.word2vec.word_rows import WordRows

WORDS = ["earthquake", "earthquakes", "evacuation", "evacuated", "song"]


def vectors_of(buckets: int = 20_000) -> SubwordVectors:
    """Random rows of words and n-grams, put together as training does."""
    settings = SubwordSettings(enabled=True, buckets=buckets)
    words = pa.array(WORDS)
    known = WordRows.of(words, settings)
    table = np.random.default_rng(0).normal(size=(len(known), 20)).astype(np.float32)
    ngrams = NgramVectors(settings, known.buckets, table[len(WORDS) :])
    return SubwordVectors(words, known.vectors(table), ngrams, np.array([9, 8, 7, 6, 5]))


@pytest.fixture(scope="module")
def vectors() -> SubwordVectors:
    return vectors_of()


def test_a_misspelt_word_is_nearest_to_the_word_that_was_meant(vectors: SubwordVectors) -> None:
    assert vectors.neighbours("eartquake", 1)[0][0] == "earthquake"
    assert vectors.neighbours("evacuatoin", 1)[0][0] == "evacuation"
    assert vectors.similarity("earthquuake", "earthquake") > 0.5 > vectors.similarity("earthquuake", "song")


def test_a_misspelt_word_is_asked_in_analogies_and_among_others(vectors: SubwordVectors) -> None:
    answers = [word for word, _ in vectors.analogy("song", "song", "earthquke", 2)]
    assert answers == ["earthquake", "earthquakes"]
    assert vectors.doesnt_match(["earthquakess", "earthquaks", "song"]) == "song"


def test_a_word_without_any_trained_ngram_is_unknown(vectors: SubwordVectors) -> None:
    with pytest.raises(UnknownWordError, match="'日本' has no vector"):
        vectors.similarity("日本", "song")


def test_rows_for_other_words_come_from_their_ngrams(vectors: SubwordVectors) -> None:
    rows, found = vectors.rows_for(pa.array(["song", "songs", "日本"]))
    assert found.tolist() == [True, True, False]
    assert rows[0] == pytest.approx(vectors.vectors[4])
    assert rows[1] == pytest.approx(vectors.ngrams.means(pa.array(["songs"]))[0][0])
    assert not rows[2].any()


def test_padding_and_the_unknown_word_have_no_ngrams(vectors: SubwordVectors) -> None:
    rows, found = vectors.rows_for(pa.array(["<pad>", "<unk>"]))
    assert not found.any()
    assert not rows.any()


def test_a_document_of_misspelt_words_is_the_mean_of_their_ngrams(vectors: SubwordVectors) -> None:
    documents = average_words(Tokens.from_lists([["eartquake", "song"], ["日本"]]), vectors)
    expected = (vectors.ngrams.means(pa.array(["eartquake"]))[0][0] + vectors.vectors[4]) / 2
    assert documents[0] == pytest.approx(expected, abs=1e-6)
    assert not documents[1].any()


def test_a_classifier_of_mean_vectors_carries_the_ngrams_that_it_needs(vectors: SubwordVectors) -> None:
    from models.classifiers.logistic import LogisticModel
    from models.classifiers.pipeline import assemble

    head = LogisticModel(np.ones(20), 0.0, 1.0, np.zeros(20), np.ones(20))
    parts = {
        "classifier.json": {"name": "logistic/skip-gram", "text": TextSettings().model_dump(), "threshold": 0.5},
        "logistic.npz": head.to_arrays(),
        "vectors.parquet": to_table(vectors).append_column("count", pa.array(vectors.counts)),
    }
    tokens = Tokens.from_lists([["evacuatoin"], []])
    said = assemble(parts | {"ngrams.parquet": to_ngram_table(vectors.ngrams)}).predict(tokens)
    assert said == pytest.approx(head.predict_probabilities(average_words(tokens, vectors)))
    assert said[0] != said[1]
    without = assemble(parts).predict(tokens)
    assert without[0] == without[1]


def test_every_pair_of_a_similarity_file_is_covered(vectors: SubwordVectors) -> None:
    pairs = [("Song", "songs", 9.0), ("earthquaky", "evacuation", 1.0), ("evacuate", "evacuated", 8.0)]
    score = evaluate_similarities(vectors, pairs)
    assert (score.covered, score.pairs) == (3, 3)
    assert score.spearman > 0.4


def test_ngrams_come_back_from_their_table(vectors: SubwordVectors) -> None:
    back = from_ngram_table(to_ngram_table(vectors.ngrams))
    assert back.settings == vectors.ngrams.settings
    assert np.array_equal(back.buckets, vectors.ngrams.buckets)
    assert np.array_equal(back.vectors, vectors.ngrams.vectors)


@pytest.mark.parametrize("buckets", [7, 20_000])
def test_gensim_reads_the_file_and_gives_any_word_the_same_vector(buckets: int, tmp_path: Path) -> None:
    fasttext = pytest.importorskip("gensim.models.fasttext")
    vectors, path = vectors_of(buckets), tmp_path / "vectors.bin"
    path.write_bytes(b"".join(to_fasttext(vectors)))
    known = fasttext.load_facebook_vectors(str(path))
    assert known.index_to_key == WORDS
    assert known.get_vecattr("song", "count") == 5
    asked = [*WORDS, "eartquake", "songs", "évacuation"]
    rows, found = vectors.rows_for(pa.array(asked))
    assert found.all()
    for word, row in zip(asked, rows, strict=True):
        assert known[word] == pytest.approx(row, abs=1e-5), word


def test_vectors_that_are_not_finite_or_not_in_order_are_refused(vectors: SubwordVectors) -> None:
    settings, buckets, rows = vectors.ngrams.settings, vectors.ngrams.buckets, vectors.ngrams.vectors
    with pytest.raises(ValueError, match="must be finite"):
        NgramVectors(settings, buckets, np.full_like(rows, np.nan))
    with pytest.raises(ValueError, match="must ascend"):
        NgramVectors(settings, buckets[::-1], rows)
    with pytest.raises(ValueError, match="need as many vectors"):
        NgramVectors(settings, buckets[1:], rows)
