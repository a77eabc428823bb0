"""The gradient-flow doctor on a training's run: figures of each epoch, a picture, the table behind it, advice."""

from typing import Any

import numpy as np
import pytest

from models.gradients import Verdict
from models.settings import ClassifierSettings
from tasks.training.gradient_monitor import GradientRecord

SETTINGS = ClassifierSettings(features="scratch", dimensions=6, units=5, label_smoothing=0.2)
OFFSETS = np.array([0, 3, 12, 19])
IDS = np.random.default_rng(0).integers(2, 20, OFFSETS[-1]).astype(np.int32)


class Notes:
    """Takes down what a run is told."""

    def __init__(self) -> None:
        self.history: list[tuple[int, dict[str, float]]] = []
        self.figures: dict[str, Any] = {}
        self.tables: dict[str, dict[str, list[Any]]] = {}
        self.tags: dict[str, str] = {}

    def log_history(self, history: list[tuple[int, dict[str, float]]]) -> None:
        self.history = history

    def log_figure(self, figure: Any, name: str) -> None:
        self.figures[name] = figure

    def log_table(self, table: dict[str, list[Any]], name: str) -> None:
        self.tables[name] = table

    def tag(self, **tags: str) -> None:
        self.tags |= tags


def record(settings: ClassifierSettings = SETTINGS) -> tuple[GradientRecord, Any]:
    from models.recurrent import build_classifier

    network = build_classifier(settings, 20, None, 1)
    return GradientRecord(network, IDS, OFFSETS, np.array([0, 1, 1]), settings), network


def told(record: GradientRecord) -> Notes:
    notes = Notes()
    record.log(notes)  # type: ignore[arg-type]
    return notes


def test_every_epoch_has_its_figures_and_the_table_holds_the_curves_behind_the_picture() -> None:
    watched, network = record()
    network.get_layer("bidirectional_lstm").forward_layer.cell.recurrent_kernel.assign(np.zeros((5, 20)))
    watched.examine(1)
    notes = told(watched)
    assert [epoch for epoch, _ in notes.history] == [0]  # of epoch 1 in MLflow's counting from 0; none before training
    assert notes.history[0][1] == watched.history[1][1].metrics()
    table = notes.tables["gradients"]
    assert set(table["layer"]) == {layer.name for layer in watched.history[0][1].layers}
    assert sorted(set(table["epochs"])) == [0, 1]
    first = watched.history[0][1].layers[0]
    assert table["share"][: first.distance + 1] == first.shares.tolist()
    assert "gradient-flow" in notes.figures


def test_verdict_and_advice_are_those_of_the_weights_that_were_kept() -> None:
    watched, network = record()
    cells = [
        layer.cell for layer in network.get_layer("bidirectional_lstm")._flatten_layers() if hasattr(layer, "cell")
    ]
    for cell in cells:  # a forget gate that is shut: nothing is remembered
        cell.bias.assign(np.repeat([0.0, -12.0, 0.0, 0.0], 5))
        cell.recurrent_kernel.assign(np.zeros((5, 20)))
    notes = told(watched)
    assert watched.history[0][1].verdict is not Verdict.vanishing
    assert notes.tags["gradients"] == "vanishing"
    assert "forget" in notes.tags["gradients_advice"]


def test_the_gradient_is_that_of_the_smoothed_labels() -> None:
    watched, _ = record()
    assert watched._targets == pytest.approx([0.9, 0.9, 0.1])  # longest document first


def test_a_network_that_reads_nothing_in_order_is_told_nothing() -> None:
    watched, _ = record(SETTINGS.model_copy(update={"kind": "feed-forward"}))
    watched.examine(1)
    assert vars(told(watched)) == vars(Notes())
