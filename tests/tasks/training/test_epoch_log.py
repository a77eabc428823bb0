"""What every training leaves on its run while it goes on, and what it says of the vectors that it starts from."""

import logging

import numpy as np
import pytest

from tasks.training.epoch_log import EpochLog, ordinary_factor


class Notes:
    """Takes down what a run is told."""

    def __init__(self) -> None:
        self.history: list[tuple[int, dict[str, float]]] = []
        self.metrics: dict[str, float] = {}
        self.tags: dict[str, str] = {}

    def log_history(self, history: list[tuple[int, dict[str, float]]]) -> None:
        self.history += history

    def log_metrics(self, metrics: dict[str, float]) -> None:
        self.metrics |= metrics

    def tag(self, **tags: str) -> None:
        self.tags |= tags


def test_epochs_of_an_earlier_process_are_logged_too_and_none_twice() -> None:
    run = Notes()
    log = EpochLog(run, lambda scores: {f"train/{name}": value for name, value in scores.items()})
    log.record(1, {"loss": 0.5})
    assert run.history == [(1, {"train/loss": 0.5})]
    log.rest([{"loss": 0.6}, {"loss": 0.5}])
    assert run.history == [(1, {"train/loss": 0.5}), (0, {"train/loss": 0.6})]


@pytest.mark.parametrize("scale", [4.6e6, 1e-4])
def test_a_network_that_starts_from_vectors_of_a_wild_scale_is_told_and_gets_them_scaled(
    scale: float, caplog: pytest.LogCaptureFixture
) -> None:
    run, vectors = Notes(), np.array([[0, 0], [3, 4], [6, 8], [0, 5]], np.float32)
    with caplog.at_level(logging.INFO):
        factor = ordinary_factor(run, vectors * np.float32(scale))
    assert vectors * np.float32(scale) * factor == pytest.approx(vectors / 5)
    assert factor.dtype == np.float32
    assert run.metrics["start_vectors/median_norm"] == pytest.approx(5 * scale)
    assert run.metrics["start_vectors/largest_norm"] == pytest.approx(10 * scale)
    assert "scaled to 1" in run.tags["start_vectors"]
    assert "WARNING: the network starts from word vectors of median norm" in caplog.text


def test_vectors_of_an_ordinary_scale_are_left_as_they_are() -> None:
    run, vectors = Notes(), np.array([[0, 0], [3, 4]], np.float32)
    assert ordinary_factor(run, vectors) == 1
    assert not run.tags


def test_vectors_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="1 word vectors hold NaN or infinity"):
        ordinary_factor(Notes(), np.array([[1, 2], [np.nan, 1]], np.float32))
