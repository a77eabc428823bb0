"""Multi-sense skip-gram: two words merged into one come apart, with a vector and neighbours for each."""

from dataclasses import replace

import numpy as np
import pytest

from models.senses import ABSENT, REACH, Senses, WordSpace, context_rows, learn_senses
from models.senses.learning import ROUNDS, discourse
from models.training.divergence import DivergenceError

TOPICS, TOPIC_WORDS, WIDTH = 3, 20, 6
APPLE = TOPICS * TOPIC_WORDS  # the row of the word that stands in documents of topics 0 and 1


@pytest.fixture(scope="module")
def space() -> WordSpace:
    """Words of a topic point one way, in both space; apple lies between the first two topics."""
    random = np.random.default_rng(0)
    topics = np.repeat(np.eye(TOPICS, WIDTH) * 2, TOPIC_WORDS, axis=0)
    inputs = topics + random.normal(0, 0.2, topics.shape)
    outputs = topics + random.normal(0, 0.2, topics.shape)
    apple = np.eye(TOPICS, WIDTH)[:2].sum(axis=0, keepdims=True)
    counts = np.append(np.full(len(topics), 1000), 300)
    return WordSpace(
        np.vstack([inputs, apple]).astype(np.float32), np.vstack([outputs, apple]).astype(np.float32), counts
    )


@pytest.fixture(scope="module")
def corpus() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, offsets and the topic of each document: of eight words, three foreign to the topic, apple in the middle."""
    random = np.random.default_rng(1)
    topics = (random.random(300) < 0.35).astype(int)
    documents = []
    for topic in topics:
        words = random.integers(0, TOPIC_WORDS, 8) + TOPIC_WORDS * topic
        words[random.choice(8, 3, replace=False)] = random.integers(0, APPLE, 3)
        documents.append(np.insert(words, 4, APPLE))
    return np.concatenate(documents).astype(np.int32), np.arange(0, 9 * 300 + 1, 9), topics


@pytest.fixture(scope="module")
def learned(space: WordSpace, corpus: tuple) -> tuple[Senses, np.ndarray]:
    return learn_senses(*corpus[:2], APPLE, space)


def test_two_words_merged_into_one_come_apart(learned: tuple, corpus: tuple) -> None:
    senses, beliefs = learned
    assert (beliefs.argmax(axis=1) == corpus[2]).mean() > 0.97
    assert beliefs.sum(axis=1) == pytest.approx(np.ones(300))
    assert senses.shares == pytest.approx([(corpus[2] == 0).mean(), (corpus[2] == 1).mean()], abs=0.03)


def test_each_sense_has_the_neighbours_of_its_topic(learned: tuple, space: WordSpace) -> None:
    vectors = learned[0].vectors(space)
    assert vectors.dtype == np.float32
    for sense in range(2):
        nearest = np.argsort(-(space.inputs[:APPLE] @ vectors[sense]))[:5]
        assert set(nearest // TOPIC_WORDS) == {sense}


def test_a_new_context_tells_the_sense_with_a_probability(learned: tuple, space: WordSpace) -> None:
    nothing = np.full(2 * REACH, ABSENT)
    of_first, of_second = nothing.copy(), nothing.copy()
    of_first[REACH - 3 : REACH + 2], of_second[REACH - 3 : REACH + 2] = 3, TOPIC_WORDS + 3
    found = learned[0].probabilities(np.stack([of_first, of_second, nothing]), space)
    assert found[0, 0] > 0.9
    assert found[1, 1] > 0.9
    assert found[2] == pytest.approx(learned[0].shares)


def test_the_same_seed_gives_the_same_bytes_and_nothing_is_written_into(space: WordSpace, corpus: tuple) -> None:
    rows, offsets, _ = corpus
    before = rows.copy()
    one, other = (learn_senses(rows, offsets, APPLE, space, seed=3)[0] for _ in range(2))
    assert one.tilts.tobytes() == other.tilts.tobytes()
    assert (rows == before).all()


def test_contexts_end_at_documents_and_leave_the_word_itself_out() -> None:
    rows, offsets = np.array([5, 7, 9, 7, 6, 8], np.int32), np.array([0, 4, 6])
    context = context_rows(rows, offsets, np.array([1]))[0]
    assert context[REACH - 2 : REACH + 4].tolist() == [ABSENT, 5, 9, ABSENT, ABSENT, ABSENT]


def test_a_document_of_one_sense_speaks_for_its_unclear_occurrences() -> None:
    beliefs = np.array([[0.9, 0.1], [0.9, 0.1], [0.5, 0.5], [0.1, 0.9]])
    prior = discourse(beliefs, np.array([0, 0, 0, 1]))
    assert prior[2, 0] > prior[2, 1]
    assert np.exp(prior[3]) == pytest.approx([0.6, 0.4])  # alone in its document: the shares at large


@pytest.mark.parametrize(("row", "senses"), [(0, 40), (APPLE, 1), (10_000, 2)])
def test_too_few_occurrences_and_one_sense_are_refused(space: WordSpace, corpus: tuple, row: int, senses: int) -> None:
    with pytest.raises(ValueError, match="give more text or choose a more frequent word"):
        learn_senses(*corpus[:2], row, space, senses)


def test_a_word_of_one_context_over_and_over_stays_finite(space: WordSpace) -> None:
    rows = np.tile(np.array([1, APPLE, 2], np.int32), 200)
    senses, beliefs = learn_senses(rows, np.arange(0, 601, 3), APPLE, space)
    assert np.isfinite(senses.tilts).all()
    assert np.isfinite(beliefs).all()


def test_the_loss_of_every_round_is_told_and_falls(space: WordSpace, corpus: tuple) -> None:
    heard: list[float] = []
    learn_senses(*corpus[:2], APPLE, space, on_round=lambda _number, loss: heard.append(loss))
    assert len(heard) == ROUNDS
    assert heard[-1] < heard[0]


def test_senses_of_vectors_that_diverged_are_not_learned(space: WordSpace, corpus: tuple) -> None:
    wild = replace(space, inputs=space.inputs * 4.6e6, outputs=space.outputs * 4.6e6)
    with pytest.raises(DivergenceError, match="the training of senses diverged"):
        learn_senses(*corpus[:2], APPLE, wild)
