"""The fast trainer: the step against plain NumPy, what it learns, that it repeats itself, and that nothing blows up."""

import os
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from models.settings import EmbeddingSettings
from models.training.checkpoints import Checkpoint
from models.word2vec import TrainingHooks, train_on_shards, train_vectors
from models.word2vec.sampling import (
    CHUNK,
    SHARED,
    draw_blocks,
    keep_probabilities,
    noise_probabilities,
    read_stream,
    window_code,
)
from models.word2vec.state import Matrices

ARCHITECTURES = ["skip-gram", "cbow"]
RESERVED = ["<pad>", "<unk>"]


def settings(**changes: object) -> EmbeddingSettings:
    """Small and quick, every word kept."""
    plain = {"dimensions": 16, "window": 2, "min_count": 1, "subsample": 0, "epochs": 2, "step_tokens": 256}
    return EmbeddingSettings(**(plain | changes))


def encode(documents: list[list[str]]) -> tuple[np.ndarray, np.ndarray, pa.StringArray]:
    """Ids, offsets and words of a small corpus, words numbered as they come."""
    words = RESERVED + list(dict.fromkeys(word for document in documents for word in document))
    numbers = {word: i for i, word in enumerate(words)}
    ids = np.array([numbers[word] for document in documents for word in document], np.int32)
    return ids, np.cumsum([0, *map(len, documents)]), pa.array(words)


def two_topics(documents: int = 1500) -> list[list[str]]:
    """Sentences that mix words of one of two topics, never of both."""
    random = np.random.default_rng(0)
    topics = [[f"{name}{i}" for i in range(8)] for name in ("fire", "song")]
    return [list(random.choice(topics[i % 2], 8)) for i in range(documents)]


def many_words(documents: int = 1000) -> list[list[str]]:
    """Documents of Zipf-distributed words, enough of them that CBOW too takes large steps."""
    random = np.random.default_rng(1)
    chances = 1 / np.arange(10, 2010)
    words = random.choice(2000, (documents, 12), p=chances / chances.sum())
    return [[f"w{word}" for word in document] for document in words]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_words_of_one_topic_end_up_together(architecture: str) -> None:
    vectors, history = train_vectors(*encode(two_topics()), settings(architecture=architecture, epochs=8), seed=1)
    for word in ("fire0", "song3"):
        assert {near[:4] for near, _ in vectors.neighbours(word, 7)} == {word[:4]}
    assert len(history) == 8
    assert all(record["words_per_second"] > 0 for record in history)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("source", ["output", "mean"])
def test_either_matrix_and_the_mean_know_the_topics(architecture: str, source: str) -> None:
    asked = settings(architecture=architecture, epochs=8, vectors_from=source)
    vectors, _ = train_vectors(*encode(two_topics()), asked, seed=1)
    assert {near[:4] for near, _ in vectors.neighbours("fire0", 7)} == {"fire"}


def test_rows_are_in_order_of_falling_count_and_rare_and_reserved_words_have_none() -> None:
    documents = [["b", "a", "b", "c", "b", "a"]] * 3 + [["<unk>", "rare", "a"]]
    vectors, _ = train_vectors(*encode(documents), settings(min_count=3), seed=1)
    assert vectors.tokens.to_pylist() == ["a", "b", "c"] or vectors.tokens.to_pylist() == ["b", "a", "c"]
    assert vectors.tokens.to_pylist()[0] == "b"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_one_step_is_the_step_worked_out_token_by_token(architecture: str) -> None:
    import tensorflow as tf

    from models.word2vec.step import cbow_step, skip_gram_step
    from models.word2vec.tables import Tables, window_tables

    random = np.random.default_rng(5)
    words, width, window, rate, shared = 30, 6, 2, 0.03, SHARED[architecture]  # a rate within all bounds
    inputs, outputs = (random.normal(0, 0.5, (words, width)).astype(np.float32) for _ in range(2))
    input_scale, output_scale = (random.uniform(0.2, 1, words).astype(np.float32) for _ in range(2))
    context = random.integers(0, words, (4, CHUNK + 2 * window)).astype(np.int32)
    noise = random.integers(0, words, (2, shared)).astype(np.int32)  # each for two of the four chunks
    left, right = random.integers(0, window + 1, (2, 4, CHUNK))
    codes = window_code(left, right, window).astype(np.int32)

    scales = tf.constant(input_scale), tf.constant(output_scale)
    tables = Tables(tf.Variable(inputs), tf.Variable(outputs), *scales, noise_weight=5 / shared, noise_scale=0.5)
    step = skip_gram_step if architecture == "skip-gram" else cbow_step
    step(tables, window_tables(window), tf.constant(context), tf.constant(noise), tf.constant(codes), tf.constant(rate))

    change_in, change_out = np.zeros_like(inputs), np.zeros_like(outputs)
    for chunk in range(4):
        for i in range(CHUNK):
            place = i + window
            word = context[chunk, place]
            near = [context[chunk, j] for j in range(place - left[chunk, i], place + right[chunk, i] + 1) if j != place]
            for sources, target, label, weight in examples(architecture, word, near, noise[chunk // 2], 5 / shared):
                hidden = inputs[sources].mean(axis=0)
                error = rate * weight * (label - 1 / (1 + np.exp(-hidden @ outputs[target])))
                change_out[target] += error * hidden * (1 if label else 0.5)
                for source in sources:
                    change_in[source] += error * outputs[target]
    assert tables.inputs.numpy() == pytest.approx(inputs + change_in * input_scale[:, None], abs=5e-5)
    assert tables.outputs.numpy() == pytest.approx(outputs + change_out * output_scale[:, None], abs=5e-5)


def examples(architecture: str, word: int, near: list[int], noise: np.ndarray, share: float) -> list[tuple]:
    """(input words, output word, label, weight) of one token: what word2vec.c would do, the negatives shared."""
    if architecture == "cbow":
        return [(near, word, 1, 1), *((near, other, 0, share) for other in noise)] if near else []
    return [([word], other, 1, 1) for other in near] + [([word], other, 0, share * len(near)) for other in noise]


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processors to tell one thread from two")
def test_one_seed_gives_one_digest_on_one_thread_and_on_more(digests_in_new_process: Callable[..., str]) -> None:
    one = digests_in_new_process(__file__, 1, (128, 700, 4096))
    assert len(set(one.split())) == 6
    assert one == digests_in_new_process(__file__, 4, (128, 700, 4096))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_working_a_step_out_in_parts_changes_no_bit(architecture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = set()
    for parts in (1, 2, 4):
        monkeypatch.setattr("models.word2vec.step.PARTS", parts)
        asked = settings(architecture=architecture, dimensions=100, epochs=1, step_tokens=4096)
        digests.add(train_vectors(*encode(many_words(300)), asked, seed=1)[0].digest)
    assert len(digests) == 1


def test_another_seed_gives_other_vectors() -> None:
    arguments = encode(two_topics(50))
    assert (
        train_vectors(*arguments, settings(), seed=1)[0].digest
        != train_vectors(*arguments, settings(), seed=2)[0].digest
    )


CORPORA = {
    "one sentence repeated": [["the", "river", "rose", "over", "the", "bridge"]] * 1000,
    "three words": [["a", "b", "c"]] * 500,
    "three words once": [["a", "b", "c"]],
    "one word nearly always": [["a"] * 30 + ["b"]] * 300,
    "one long line": [list("abcdefghij") * 500],
}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", CORPORA)
@pytest.mark.parametrize(("step_tokens", "learning_rate"), [(128, None), (512, 0.1), (65536, None), (4096, 1000.0)])
def test_vectors_stay_finite_and_small_at_any_step_size(
    architecture: str, name: str, step_tokens: int, learning_rate: float | None
) -> None:
    asked = settings(architecture=architecture, epochs=10, step_tokens=step_tokens, learning_rate=learning_rate)
    vectors, _ = train_vectors(*encode(CORPORA[name]), asked, seed=1)  # WordVectors itself refuses NaN
    assert np.abs(vectors.vectors).max() < 50


@pytest.mark.parametrize("changes", [{"step_tokens": 65537}, {"step_tokens": 127}, {"window": 51}, {"window": 0}])
def test_settings_that_would_fill_the_memory_or_do_nothing_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"(greater|less) than or equal to"):
        settings(**changes)


def test_shards_are_read_one_at_a_time_and_all_of_them() -> None:
    ids, offsets, words = encode(two_topics())
    half = len(offsets) // 2
    shards = [(ids[: offsets[half]], offsets[: half + 1]), (ids[offsets[half] :], offsets[half:] - offsets[half])]
    heard: list[float] = []
    vectors, _ = train_on_shards(shards, words, settings(epochs=8), 1, TrainingHooks(on_progress=heard.append))
    assert {near[:4] for near, _ in vectors.neighbours("fire0", 7)} == {"fire"}
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(8 * len(ids))


def test_windows_stop_at_the_borders_of_documents() -> None:
    rows, offsets = np.arange(6, dtype=np.int32), np.array([0, 3, 6])
    stream = read_stream(rows, offsets, np.ones(6), 1, np.random.default_rng(0))
    assert stream.codes.tolist() == [window_code(0, 1, 1), window_code(1, 1, 1), window_code(1, 0, 1)] * 2


def test_every_token_is_a_center_once_an_epoch() -> None:
    rows = np.arange(1000, dtype=np.int32)
    stream = read_stream(rows, np.array([0, 1000]), np.ones(1000), 3, np.random.default_rng(0))
    blocks = list(draw_blocks(stream, np.full(1000, 0.001), 3, 8, 32, np.random.default_rng(1)))
    centers = np.concatenate([block.context[..., 3:-3][block.codes > 0] for block in blocks])
    assert sorted(centers.tolist()) == rows.tolist()


def test_negatives_follow_counts_to_the_power_three_quarters() -> None:
    noise = noise_probabilities(np.array([16, 1]))
    assert noise.tolist() == pytest.approx([8 / 9, 1 / 9])


def test_frequent_words_are_thinned_as_word2vec_c_does() -> None:
    keep = keep_probabilities(np.array([900, 99, 1]), threshold=0.01)
    assert keep.tolist() == pytest.approx([np.sqrt(0.01 / 0.9) + 0.01 / 0.9, np.sqrt(0.01 / 0.099) + 0.01 / 0.099, 1])


@pytest.mark.parametrize(
    ("documents", "changes", "message"),
    [
        ([[]], {}, "at least 2 words .* got 0"),
        ([["a"] * 9], {}, "at least 2 words .* got 1"),
        ([["a", "b"]] * 3, {"min_count": 5}, "lower min_count"),
        ([["a", "b"]] * 3, {"window": 3}, "window 3 is longer than every document"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(documents: list[list[str]], changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train_vectors(*encode(documents), settings(**changes), seed=1)


def test_an_id_without_a_word_is_refused() -> None:
    with pytest.raises(ValueError, match="ids must be 0 to 3"):
        train_vectors(
            np.array([2, 3, 4]), np.array([0, 3]), pa.array([*RESERVED, "a", "b"]), settings(window=1), seed=1
        )


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_training_goes_on_from_any_checkpoint_to_the_same_bytes(
    architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.word2vec.sampling.BLOCK_TOKENS", 512)
    monkeypatch.setattr("models.word2vec.trainer.CHECKPOINT_BLOCKS", 1)
    ids, offsets, words = encode(two_topics())
    half = len(offsets) // 2
    shards = [(ids[: offsets[half]], offsets[: half + 1]), (ids[offsets[half] :], offsets[half:] - offsets[half])]
    asked = settings(architecture=architecture, epochs=2, step_tokens=128)
    checkpoints: list[Checkpoint] = []
    whole, history = train_on_shards(shards, words, asked, 1, TrainingHooks(on_checkpoint=checkpoints.append))
    assert len(checkpoints) > 8
    for start in checkpoints[:: len(checkpoints) // 5]:
        resumed, resumed_history = train_on_shards(shards, words, asked, 1, TrainingHooks(start=start))
        assert resumed.digest == whole.digest
        assert len(resumed_history) == len(history)


def test_all_three_sources_of_vectors_are_there_after_every_epoch() -> None:
    heard: list[Matrices] = []
    asked = settings(epochs=3, vectors_from="output")
    vectors, _ = train_vectors(
        *encode(two_topics(50)), asked, 1, TrainingHooks(on_epoch=lambda _epoch, _record, each: heard.append(each))
    )
    assert len(heard) == 3
    assert heard[-1].vectors("output").digest == vectors.digest
    mean = (heard[-1].vectors("input").vectors + vectors.vectors) / 2
    assert heard[-1].vectors("mean").vectors == pytest.approx(mean)
    assert heard[0].vectors("input").digest != heard[-1].vectors("input").digest
