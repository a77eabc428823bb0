"""The loss of word vectors on a fixed sample of the text, and the guard that stops a training by it."""

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from models.settings import EmbeddingSettings
from models.training.divergence import DivergenceError
from models.word2vec import TrainingHooks, train_on_shards
from models.word2vec.loss import SAMPLED, SampleLoss, TextSample

SETTINGS = EmbeddingSettings(dimensions=4, window=2, negatives=3, min_count=1, subsample=0, epochs=2, step_tokens=128)


def test_the_sample_is_drawn_from_every_shard_by_its_share_of_the_text() -> None:
    sample = TextSample(2, np.random.default_rng(0))
    for word, tokens in ((5, 100), (6, 600), (7, 300)):
        sample.read(np.full(tokens, word, np.int32), np.array([0, tokens]))
    shares = np.bincount(sample.ids[:, 2], minlength=8)[5:] / SAMPLED
    assert shares == pytest.approx([0.1, 0.6, 0.3], abs=0.03)


def test_contexts_of_the_sample_stop_at_the_borders_of_documents() -> None:
    sample = TextSample(2, np.random.default_rng(0))
    sample.read(np.array([10, 11, 12, 20, 21], np.int32), np.array([0, 3, 5]))
    seen = {tuple(row) for row in sample.ids.tolist()}
    assert seen == {
        (-1, -1, 10, 11, 12), (-1, 10, 11, 12, -1), (10, 11, 12, -1, -1), (-1, -1, 20, 21, -1), (-1, 20, 21, -1, -1),
    }  # fmt: skip


@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
def test_the_loss_is_that_of_the_pairs_weighed_by_their_chances(architecture: str) -> None:
    random = np.random.default_rng(1)
    inputs, outputs = (random.normal(0, 0.7, (6, 4)).astype(np.float32) for _ in range(2))
    keep, noise = random.uniform(0.3, 1, 6), np.array([1, 5, 2], np.int32)
    rows = np.array([[0, 1, 2, 3, 4], [-1, -1, 5, 1, -1], [2, 2, -1, 3, 0]], np.int32)
    asked = SETTINGS.model_copy(update={"architecture": architecture})
    found = SampleLoss(rows, keep, noise, asked).measure(lambda words: inputs[words], tf.Variable(outputs))

    def cost(hidden: np.ndarray, target: int) -> float:
        pushed = np.mean([np.log1p(np.exp(hidden @ outputs[other])) for other in noise])
        return float(np.log1p(np.exp(-hidden @ outputs[target])) + 3 * pushed)

    losses, weights = [], []
    for row in rows[:2]:  # the third one has no word in the middle
        near = [(place, row[place]) for place in (0, 1, 3, 4) if row[place] >= 0]
        chances = [keep[row[2]] * keep[word] * (0.5 if place in (0, 4) else 1) for place, word in near]
        if architecture == "cbow":
            losses.append(cost(np.average([inputs[word] for _, word in near], axis=0, weights=chances), row[2]))
            weights.append(sum(chances))
        else:
            losses += [cost(inputs[row[2]], word) for _, word in near]
            weights += chances
    assert found == pytest.approx(np.average(losses, weights=weights), rel=1e-5)


@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
def test_the_loss_is_told_each_epoch_and_falls(architecture: str) -> None:
    shards, words = text()
    asked = SETTINGS.model_copy(update={"architecture": architecture, "dimensions": 16, "epochs": 4})
    heard: list[tuple[int, dict[str, float]]] = []
    hooks = TrainingHooks(on_check=lambda read, seen: heard.append((read, seen)))
    _, history = train_on_shards(shards, words, asked, 1, hooks)
    assert [read for read, _ in heard] == [4000, 8000, 12000, 16000]
    assert [seen["loss"] for _, seen in heard] == [record["loss"] for record in history]
    assert history[-1]["loss"] < history[0]["loss"] < 1.5 * 4 * np.log(2)


@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
def test_a_training_without_bounds_is_stopped_within_its_first_epoch(
    architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MOST_MOVED", "MOST_SHARED", "MOST_PUSHED"):
        monkeypatch.setattr(f"models.word2vec.stability.{name}", 1e9)
        monkeypatch.setattr(f"models.word2vec.limits.{name}", 1e9)
    monkeypatch.setattr("models.word2vec.fused.MOST_SCORE", 1e9)
    monkeypatch.setattr("models.word2vec.trainer.CHECK_WORDS", 1000)
    shards, words = text()
    asked = SETTINGS.model_copy(update={"architecture": architecture, "learning_rate": 1.0, "step_tokens": 1024})
    with pytest.raises(DivergenceError, match=rf"{architecture} vectors diverged: .* words, in epoch 1; all was well"):
        train_on_shards(shards, words, asked, 1)


def text() -> tuple[list, pa.StringArray]:
    """Two pieces of sentences, four words in each and two in both."""
    random = np.random.default_rng(0)
    pieces = [random.choice([2, 3, *range(4 * place, 4 * place + 4)], 2000).astype(np.int32) for place in (1, 2)]
    return [(piece, np.arange(0, 2001, 10)) for piece in pieces], pa.array(["<pad>", "<unk>", *"abcdefghij"])
