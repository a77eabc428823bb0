"""The choice among the models of a retraining, from what each kept of the validation rows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from models.settings import Kind
from tasks import tracking
from tasks.evaluation.choice import choose
from tasks.evaluation.comparison import ModelRow
from tasks.store import formats

ROW = ModelRow(
    name="", kind="lstm", features="scratch", run_id="a" * 32, accuracy=0.8, f1=0.7, roc_auc=0.9, log_loss=0.4,
    train_seconds=1.0, accuracy_interval=(0.7, 0.9), f1_interval=(0.6, 0.8), validation_f1=0.7, model_uri="",
    artifact="", reused=False, data="one", test_rows=1_234,
)  # fmt: skip
LABELS = np.arange(200) % 2


def model(name: str, kind: Kind, right: float, validation_f1: float = 0.7, first: int = 0) -> ModelRow:
    """A model that gives the truth of validation rows this probability, more or less."""
    random = np.random.default_rng([len(name), first])
    truth = np.clip(right + random.normal(0, 0.05, len(LABELS)), 0.01, 0.99)
    ids = [str(number) for number in range(first, first + len(LABELS))]
    columns = {"id": ids, "group": ids, "target": pa.array(LABELS, pa.int8())}
    table = pa.table({**columns, "probability": np.where(LABELS == 1, truth, 1 - truth)})
    made = formats.write_artifact("model", {formats.CROSS_FITTED: table})
    return replace(ROW, name=name, kind=kind, validation_f1=validation_f1, artifact=f"model/{made.name}")


def test_the_lower_log_loss_is_chosen_whatever_f1_says(home: Path) -> None:
    rows = [model("nb-svm/one-hot", "nb-svm", 0.6, 0.9), model("lstm", "lstm", 0.7, 0.8)]
    chosen = choose(rows)
    assert chosen.row is rows[1]
    assert "is surely the lowest: that of the next, nb-svm/one-hot, is higher by" in chosen.words
    summary = chosen.summary()
    assert (summary["lowest"], summary["tied"]) == ("lstm", ["lstm"])
    assert [each["name"] for each in summary["standings"]] == ["nb-svm/one-hot", "lstm"]
    assert summary["standings"][1]["validation_log_loss"] == pytest.approx(-np.log(0.7), abs=0.02)


def test_models_of_one_name_are_told_apart(home: Path) -> None:
    rows = [model("lstm", "lstm", 0.6), replace(model("lstm ", "lstm", 0.7), name="lstm")]
    assert choose(rows).row is rows[1]


def test_without_what_a_model_said_validation_f1_decides_and_that_is_told(home: Path) -> None:
    rows = [model("lstm", "lstm", 0.9, 0.6), replace(ROW, name="old", artifact="model/gone")]
    chosen = choose(rows)
    assert chosen.row.name == "old"
    assert chosen.words == (
        "it has the highest validation F1; not every model kept what it said of the validation rows, so nothing says "
        "how sure that is"
    )
    assert chosen.summary() == {"sentence": chosen.words, "lowest": None, "tied": [], "standings": []}


def test_models_of_other_validation_rows_are_not_compared_row_by_row(home: Path) -> None:
    chosen = choose([model("lstm", "lstm", 0.9, 0.6), model("gru", "gru", 0.6, 0.7, first=1)])
    assert chosen.row.name == "gru"
    assert "these models have different validation rows" in chosen.words


def test_the_choice_stands_on_the_run_in_words_and_as_a_table(home: Path) -> None:
    with tracking.tracked_run("retrain", "retrain") as run:
        chosen = choose([model("lstm", "lstm", 0.7), model("nb-svm", "nb-svm", 0.6)])
        chosen.record(run)
    found = tracking.read_run(run.run_id)
    assert found.data.tags["choice"] == chosen.words
    assert "choice.json" in {each.path for each in tracking.client().list_artifacts(run.run_id)}
