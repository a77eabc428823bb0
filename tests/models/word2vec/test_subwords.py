"""Subword vectors: the step against plain NumPy, the rows of words, what is learned, and that nothing blows up."""

import os
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from models.settings import EmbeddingSettings, SubwordSettings
from models.vectors import WordVectors
from models.word2vec import TrainingHooks, train_on_shards, train_vectors
from models.word2vec.sampling import CHUNK, SHARED, window_code
from models.word2vec.word_rows import WordRows, step_rows

ARCHITECTURES = ["skip-gram", "cbow"]
RESERVED = ["<pad>", "<unk>"]
STEMS = ["river", "flood", "storm"]
SUBWORDS = SubwordSettings(enabled=True, buckets=500)


def settings(**changes: object) -> EmbeddingSettings:
    """Small and quick, every word kept."""
    plain = {"dimensions": 16, "window": 2, "min_count": 1, "subsample": 0, "epochs": 2, "step_tokens": 256}
    return EmbeddingSettings(**(plain | {"subwords": SUBWORDS} | changes))


def encode(documents: list[list[str]]) -> tuple[np.ndarray, np.ndarray, pa.StringArray]:
    """Ids, offsets and words of a small corpus, words numbered as they come."""
    words = RESERVED + list(dict.fromkeys(word for document in documents for word in document))
    numbers = {word: i for i, word in enumerate(words)}
    ids = np.array([numbers[word] for document in documents for word in document], np.int32)
    return ids, np.cumsum([0, *map(len, documents)]), pa.array(words)


def test_a_word_is_the_mean_of_its_own_row_and_those_of_its_ngrams() -> None:
    known = WordRows.of(pa.array(["where", "here", "a"]), SubwordSettings(enabled=True, shortest=3, longest=3))
    table = np.random.default_rng(0).normal(size=(len(known), 4)).astype(np.float32)
    assert len(known) == 3 + 6 + 1  # <wh whe her ere re>, <he, <a>
    assert known.sizes.tolist() == [6, 5, 2]
    for word in range(3):
        rows = known.rows[known.offsets[word] : known.offsets[word + 1]]
        assert rows[0] == word
        assert known.vectors(table)[word] == pytest.approx(table[rows].mean(axis=0), abs=1e-6)
    assert set(known.rows[1:6]) & set(known.rows[7:11]) == set(known.rows[3:6])  # her, ere, re>


def case(architecture: str) -> tuple[WordRows, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows of 30 words, and a step of 4 chunks: context, negatives, left, right and the words of the input matrix."""
    random = np.random.default_rng(5)
    known = WordRows.of(pa.array([f"word{i}" * (1 + i % 3) for i in range(30)]), SUBWORDS)
    context = random.integers(0, 30, (4, CHUNK + 4)).astype(np.int32)
    noise = random.integers(0, 30, (2, SHARED[architecture])).astype(np.int32)  # each for two of the four chunks
    left, right = random.integers(0, 3, (2, 4, CHUNK))
    return known, context, noise, left, right, context[:, 2:-2] if architecture == "skip-gram" else context


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_one_step_is_the_step_worked_out_token_by_token(architecture: str) -> None:
    import tensorflow as tf

    from models.word2vec.subword_step import cbow_subword_step, skip_gram_subword_step
    from models.word2vec.tables import Tables, window_tables

    known, context, noise, left, right, words = case(architecture)
    random, rate, weight = np.random.default_rng(6), 2e-4, 5 / SHARED[architecture]  # a rate within all bounds
    inputs = random.normal(0, 0.5, (len(known), 6)).astype(np.float32)
    outputs = random.normal(0, 0.5, (30, 6)).astype(np.float32)
    scales = [random.uniform(0.2, 1, size).astype(np.float32) for size in (len(known), 30)]
    tables = Tables(tf.Variable(inputs), tf.Variable(outputs), *map(tf.constant, scales), weight, 0.5)
    rows = step_rows(known, words[None]).step(0)
    rows = rows._make(map(tf.constant, rows))
    step = skip_gram_subword_step if architecture == "skip-gram" else cbow_subword_step
    codes = tf.constant(window_code(left, right, 2).astype(np.int32))
    step(tables, window_tables(2), tf.constant(context), tf.constant(noise), codes, tf.constant(rate), rows)

    members = [known.rows[a:b] for a, b in zip(known.offsets[:-1], known.offsets[1:], strict=True)]
    vectors = np.stack([inputs[rows].mean(axis=0) for rows in members])
    change_in, change_out = np.zeros_like(inputs), np.zeros_like(outputs)
    for chunk in range(4):
        for i in range(CHUNK):
            place = i + 2
            word = context[chunk, place]
            near = [context[chunk, j] for j in range(place - left[chunk, i], place + right[chunk, i] + 1) if j != place]
            for sources, target, label, share in pairs(architecture, word, near, noise[chunk // 2], weight):
                hidden = vectors[sources].mean(axis=0)
                error = rate * share * (label - 1 / (1 + np.exp(-hidden @ outputs[target])))
                change_out[target] += error * hidden * (1 if label else 0.5)
                for source in sources:
                    np.add.at(change_in, members[source], error * outputs[target])
    assert np.abs(change_in).max() > 1e-3
    assert tables.inputs.numpy() - inputs == pytest.approx(change_in * scales[0][:, None], abs=1e-6)
    assert tables.outputs.numpy() - outputs == pytest.approx(change_out * scales[1][:, None], abs=1e-6)


def pairs(architecture: str, word: int, near: list[int], noise: np.ndarray, share: float) -> list[tuple]:
    """(input words, output word, label, weight) of one token, the negatives shared."""
    if architecture == "cbow":
        return [(near, word, 1, 1), *((near, other, 0, share) for other in noise)] if near else []
    return [([word], other, 1, 1) for other in near] + [([word], other, 0, share * len(near)) for other in noise]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_no_word_passes_its_bound_however_much_words_share(architecture: str) -> None:
    import tensorflow as tf

    from models.word2vec.stability import MOST_WORDS, WORD_SLACK
    from models.word2vec.subword_step import move_rows
    from models.word2vec.tables import Tables

    known, *_, words = case(architecture)
    rows = step_rows(known, words[None]).step(0)
    rows = rows._make(map(tf.constant, rows))
    table, ones = tf.Variable(tf.zeros((len(known), 1))), tf.ones(len(known))
    tables = Tables(table, tf.Variable(tf.zeros((30, 1))), ones, tf.ones(30), 1.0, 1.0)
    change = np.zeros((rows.sizes.shape[0], 2), np.float32)
    change[: len(np.unique(words))] = 1000.0  # pairs of each word, all pulling one way with an error of 1
    move_rows(tables, rows, tf.constant(change), tf.constant(0.5), architecture)
    moved, most = known.vectors(table.numpy()), MOST_WORDS * WORD_SLACK
    assert 0.3 * most < moved.max() <= most * (1 + 1e-5)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_words_of_one_topic_end_up_together(architecture: str) -> None:
    random = np.random.default_rng(0)
    topics = [[f"{name}{ending}" for ending in "abcdefgh"] for name in ("burn", "sing")]
    documents = [list(random.choice(topics[i % 2], 8)) for i in range(1500)]
    vectors, _ = train_vectors(*encode(documents), settings(architecture=architecture, epochs=8), seed=1)
    for word in ("burna", "singd"):
        assert {near[:4] for near, _ in vectors.neighbours(word, 7)} == {word[:4]}


def many_words(documents: int = 300) -> list[list[str]]:
    """Documents of Zipf-distributed words that share n-grams."""
    random = np.random.default_rng(1)
    chances = 1 / np.arange(10, 2010)
    numbers = random.choice(2000, (documents, 12), p=chances / chances.sum())
    return [[f"{STEMS[number % 3]}{number // 40}" for number in row] for row in numbers]


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processors to tell one thread from two")
def test_one_seed_gives_one_digest_on_one_thread_and_on_more(digests_in_new_process: Callable[..., str]) -> None:
    one = digests_in_new_process(__file__, 1, (128, 4096))
    assert len(set(one.split())) >= 3  # the larger step may be cut down to the smaller one
    assert one == digests_in_new_process(__file__, 4, (128, 4096))


def test_training_goes_on_from_any_checkpoint_to_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.word2vec.sampling.BLOCK_TOKENS", 512)
    monkeypatch.setattr("models.word2vec.trainer.CHECKPOINT_BLOCKS", 1)
    ids, offsets, words = encode(many_words())
    checkpoints: list = []
    asked, shards = settings(step_tokens=128), [(ids, offsets)]
    whole, _ = train_on_shards(shards, words, asked, 1, TrainingHooks(on_checkpoint=checkpoints.append))
    for start in checkpoints[:: len(checkpoints) // 3]:
        assert train_on_shards(shards, words, asked, 1, TrainingHooks(start=start))[0].digest == whole.digest


SPELLINGS = {
    "own letters": lambda number: "abcdefghijklmnopqrstuvwxyz"[number % 26] * (1 + number // 26 % 9),
    "one stem": lambda number: f"flooding{number % 50}",
    "one letter": lambda number: "a" * (1 + number % 40),
}


@given(
    spelling=st.sampled_from(list(SPELLINGS)),
    pieces=st.sampled_from([1, 5]),
    architecture=st.sampled_from(ARCHITECTURES),
    dimensions=st.sampled_from([2, 16]),
    window=st.sampled_from([1, 5]),
    learning_rate=st.sampled_from([None, 0.1, 1.0]),
    step_tokens=st.sampled_from([128, 4096, 65536]),
    buckets=st.sampled_from([1, 50, 2_000_000]),
)
@examples(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_nothing_blows_up_however_much_words_share(spelling: str, pieces: int, buckets: int, **changes: object) -> None:
    random = np.random.default_rng(0)
    words = pa.array(RESERVED + list(dict.fromkeys(map(SPELLINGS[spelling], range(400)))))
    shards = []
    for piece in range(pieces):
        ids = (2 + (random.zipf(1.3, 1000) * (piece + 1)) % (len(words) - 2)).astype(np.int32)
        shards.append((ids, np.arange(0, 1001, 20)))
    seen: list[dict[str, float]] = []
    asked = settings(epochs=3, subwords=SubwordSettings(enabled=True, buckets=buckets), **changes)
    train_on_shards(shards, words, asked, 1, TrainingHooks(on_check=lambda _, each: seen.append(each)))
    assert max(each["norm"] for each in seen) < 200


def test_subwords_of_the_output_matrix_are_refused() -> None:
    with pytest.raises(ValueError, match='give vectors_from = "input", got "mean"'):
        settings(vectors_from="mean")


def test_components_are_not_removed_from_words_alone() -> None:
    with pytest.raises(ValueError, match="give 0 with subwords, got 1"):
        settings(remove_components=1)


def test_subwords_do_not_start_from_vectors_without_ngrams() -> None:
    with pytest.raises(ValueError, match=r"say nothing of the n-grams .* train without subwords"):
        EmbeddingSettings(subwords=SubwordSettings(enabled=True), start="external")


def test_a_start_from_other_vectors_is_refused() -> None:
    ids, offsets, words = encode(many_words())
    initial = WordVectors(words.slice(2), np.zeros((len(words) - 2, 16), np.float32))
    with pytest.raises(ValueError, match="cannot start from other vectors"):
        train_on_shards([(ids, offsets)], words, settings(), 1, TrainingHooks(initial=initial))


def test_ngrams_longer_than_the_longest_are_refused() -> None:
    with pytest.raises(ValueError, match="shortest must not exceed longest, got 4 and 3"):
        SubwordSettings(shortest=4, longest=3)
