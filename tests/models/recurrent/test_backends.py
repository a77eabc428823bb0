"""The same networks on JAX and on PyTorch: same weights in, same probabilities out; same training, same course.

A backend is chosen before Keras is imported, so each runs in a process of its own: this file, as a script.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.settings import ClassifierSettings, PretrainingSettings
from models.training.checkpoints import TrainingHooks

VOCABULARY = 40
NETWORKS: list[dict[str, Any]] = [
    {"kind": "rnn", "bidirectional": False, "pooling": "last"},
    {"kind": "gru", "pooling": "mean"},
    {"kind": "lstm", "pooling": "max-mean"},
]


def settings(**changes: Any) -> ClassifierSettings:
    """A small network without dropout, whose noise is each backend's own."""
    small = {"units": 5, "dimensions": 4, "max_length": 10, "batch_size": 16, "epochs": 2, "dropout": 0.0}
    return ClassifierSettings(**{**small, **changes})


def documents(seed: int, count: int = 44) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Documents of 0 to 13 words, longer than what is read and empty ones among them, and their labels."""
    random = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(random.integers(0, 14, count))])
    ids = random.integers(1, VOCABULARY, offsets[-1]).astype(np.int32)
    # Rarely positive: in a balanced batch the output's bias has no gradient but rounding, and Adam makes steps of it.
    return ids, offsets, (random.random(count) < 0.25).astype(np.int8)


def answers() -> dict[str, np.ndarray]:
    """What this process's backend says before and after training, and how the loss fell."""
    from models.recurrent import build_classifier, predict_probabilities, train_classifier

    found = {}
    for number, changes in enumerate(NETWORKS):
        model = build_classifier(settings(**changes), VOCABULARY, None, 1)
        found[f"{number}/untrained"] = predict_probabilities(model, *documents(2)[:2])
        found[f"{number}/beyond"] = predict_probabilities(model, *beyond_the_vocabulary())
        history = train_classifier(model, documents(0), documents(1), settings(**changes), 1)
        found[f"{number}/trained"] = predict_probabilities(model, *documents(2)[:2])
        found[f"{number}/loss"] = np.array([epoch["train/loss"] for epoch in history])
    return {**found, **pretrained()}


def beyond_the_vocabulary() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Documents with five words that the networks do not know, and the vectors of these."""
    ids, offsets, _ = documents(2)
    return (
        np.where(ids < 6, ids + VOCABULARY - 1, ids),
        offsets,
        np.random.default_rng(3).normal(size=(5, 4)).astype("f4"),
    )


def pretrained() -> dict[str, np.ndarray]:
    """How two tasks are learned together, of which every third document lacks one."""
    from models.classifiers.text_kinds import NO_LABEL
    from models.recurrent.network import reader_weights
    from models.recurrent.pretraining import MultiTaskTexts, build_multi_task, pretrain

    run = PretrainingSettings(epochs=2, batch_size=16)
    ids, offsets, labels = documents(3)
    of_tasks = np.stack([labels, np.where(np.arange(len(labels)) % 3, np.diff(offsets) % 3, NO_LABEL)], axis=1)
    model = build_multi_task(settings(), (2, 3), VOCABULARY, None, 1)
    history = pretrain(model, MultiTaskTexts(ids, offsets, of_tasks.astype(np.int32), (2, 3)), settings(), run, 1)
    weights = np.concatenate([weights.ravel() for weights in reader_weights(model).values()])
    return {"tasks/loss": np.array([epoch["train/loss"] for epoch in history]), "tasks/weights": weights}


def resumed() -> dict[str, np.ndarray]:
    """The weights of a training with dropout, and of the same taken up again from its first checkpoint."""
    from models.recurrent import build_classifier, train_classifier

    run, checkpoints, weights = settings(dropout=0.3), [], []
    for start in (None, 0):
        model = build_classifier(run, VOCABULARY, None, 1)
        begin = None if start is None else checkpoints[start]
        train_classifier(
            model, documents(0), documents(1), run, 1, TrainingHooks(start=begin, on_checkpoint=checkpoints.append)
        )
        weights.append(np.concatenate([part.ravel() for part in model.get_weights()]))
    return {"whole": weights[0], "resumed": weights[1]}


def on_other_backend(backend: str, out: Path) -> dict[str, np.ndarray]:
    """The same from a process that runs on this backend."""
    path = os.pathsep.join([str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": path}
    command = [sys.executable, __file__, str(out)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(out) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def here() -> dict[str, np.ndarray]:
    """The answers of TensorFlow."""
    return answers()


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_answer_learn_and_resume_as_tensorflow_does(backend, request, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: its backend was not tried")
    here = request.getfixturevalue("here")  # not before it is known to be needed
    there = on_other_backend(backend, tmp_path / "answers.npz")
    np.testing.assert_array_equal(there.pop("whole"), there.pop("resumed"))
    assert there.keys() == here.keys()
    for name, expected in here.items():
        tolerance = 1e-5 if name.endswith("/untrained") else 1e-4  # Adam divides rounding by small gradients
        np.testing.assert_allclose(there[name], expected, atol=tolerance, err_msg=f"{backend}: {name}")
        if name.endswith("/trained"):
            assert np.abs(expected - here[name.replace("trained", "untrained")]).max() > 1e-3


def test_a_backend_without_steps_is_refused(monkeypatch):
    import keras

    from models.recurrent.backends import current_backend

    monkeypatch.setattr(keras.backend, "backend", lambda: "openvino")
    with pytest.raises(ValueError, match="must be tensorflow, jax or torch, got 'openvino'"):
        current_backend()


if __name__ == "__main__":
    np.savez(sys.argv[1], **answers(), **resumed())
