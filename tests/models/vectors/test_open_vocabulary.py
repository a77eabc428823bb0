"""Words outside a vocabulary get ids and vectors of their own where their n-grams are known."""

import numpy as np
import pyarrow as pa
import pytest

from models.classifiers.pipeline import assemble
from models.recurrent import build_classifier
from models.settings import ClassifierSettings, SubwordSettings, TextSettings, VocabularySettings
from models.text import Tokens
from models.text.vocabulary import PADDING, UNKNOWN_ID, fit_vocabulary
from models.vectors.open_vocabulary import OpenVocabulary
from models.vectors.subword_vectors import NgramVectors
from models.word2vec.word_rows import WordRows

WORDS = ["earthquake", "evacuation", "song"]
VOCABULARY = fit_vocabulary(Tokens.from_lists([WORDS]), VocabularySettings(min_count=1))


@pytest.fixture(scope="module")
def ngrams() -> NgramVectors:
    settings = SubwordSettings(enabled=True, buckets=5000)
    buckets = WordRows.of(pa.array(WORDS), settings).buckets
    vectors = np.random.default_rng(0).normal(size=(len(buckets), 6)).astype(np.float32)
    return NgramVectors(settings, buckets, vectors)


def test_a_word_of_known_ngrams_gets_an_id_beyond_the_vocabulary(ngrams: NgramVectors) -> None:
    texts = Tokens.from_lists([["song", "songs", "earthquaky"], ["songs", "日本", PADDING]])
    ids, offsets, beyond = OpenVocabulary(VOCABULARY, ngrams).encode(texts)
    size = len(VOCABULARY)
    assert ids.tolist() == [VOCABULARY.ids["song"], size, size + 1, size, UNKNOWN_ID, UNKNOWN_ID]
    assert offsets.tolist() == [0, 3, 6]
    assert beyond == pytest.approx(ngrams.means(pa.array(["songs", "earthquaky"]))[0])


def test_words_of_other_documents_bring_no_vectors(ngrams: NgramVectors) -> None:
    texts = Tokens.from_lists([["songs"], ["song"]]).take(np.array([1]))
    assert OpenVocabulary(VOCABULARY, ngrams).encode(texts).beyond.shape == (0, 6)


def test_without_ngrams_words_outside_share_the_unknown_id() -> None:
    ids, _, beyond = OpenVocabulary(VOCABULARY).encode(Tokens.from_lists([["songs", "song"]]))
    assert ids.tolist() == [UNKNOWN_ID, VOCABULARY.ids["song"]]
    assert beyond is None


@pytest.mark.parametrize("known", [True, False])
def test_it_comes_back_from_its_tables(ngrams: NgramVectors, known: bool) -> None:
    vocabulary = OpenVocabulary(VOCABULARY, ngrams if known else None).scaled(np.float32(2))
    back, texts = OpenVocabulary.from_tables(vocabulary.to_tables()), Tokens.from_lists([["songs"]])
    for one, other in zip(back.encode(texts), vocabulary.encode(texts), strict=True):
        assert np.array_equal(one, other)


def test_ngrams_in_half_the_room_make_nearly_the_same_vectors(ngrams: NgramVectors) -> None:
    words, half = pa.array(["songs", "earthquaky"]), ngrams.halved()
    assert half.vectors.nbytes * 2 == ngrams.vectors.nbytes
    assert half.means(words)[0] == pytest.approx(ngrams.means(words)[0], abs=1e-3)
    assert half.means(words)[0].dtype == np.float32


def test_a_network_tells_unknown_words_apart_by_their_ngrams(ngrams: NgramVectors) -> None:
    settings = ClassifierSettings(kind="gru", units=4)
    start = np.random.default_rng(1).normal(size=(len(VOCABULARY), 6)).astype(np.float32)
    network = build_classifier(settings, len(VOCABULARY), start, 1)
    parts = {
        "classifier.json": {"name": "gru/skip-gram", "text": TextSettings().model_dump(), "threshold": 0.5},
        "network.keras": network,
    }
    vocabulary = OpenVocabulary(VOCABULARY, ngrams)
    known, closed = assemble(parts | vocabulary.to_tables()), assemble(parts | OpenVocabulary(VOCABULARY).to_tables())
    texts = pa.array(["songs", "earthquaky", "a song"])
    said = known.probabilities(texts)
    assert len(set(said.round(6))) == 3
    assert len(set(closed.probabilities(texts)[:2])) == 1
    one_by_one = [known.probabilities(texts.slice(row, 1))[0] for row in range(3)]
    assert said == pytest.approx(one_by_one, abs=1e-6)
    assert known.known_words is None
