"""An evaluation of a label of three classes, by folds and by events: what is scored, compared, adapted and told."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import accuracy_score, f1_score

from tasks import tracking
from tasks.evaluation.learning_curve import curve_points
from tasks.runtime import state_folder

NAMES = ("no disaster", "storm", "drill")
CLASSES = ("0=no disaster", "1=storm", "drill")
TEXTS = ("the song is fire at the {}", "flood water has reached the {}", "this is an exercise at the {}")
PLACES = ("harbour", "mill", "school", "bridge", "market", "valley", "station", "forest", "church", "depot")
LINEAR = ("logistic/tf-idf", "nb-svm/one-hot")
MODELS = (*LINEAR, "feed-forward/scratch")
EACH = [f"probability_{number}" for number in range(3)]
RECIPE = """
name = "classes"
vocabulary = { min_count = 1 }
frequency = { min_document_frequency = 1 }
embeddings = []
classifiers = [{ kind = "feed-forward", features = "scratch", dimensions = 8, units = 4, epochs = 2 }]
"""


def tweet(number: int) -> str:
    """A tweet, whose words tell its class eight times in ten, its class and its event."""
    label, told = number % 3, number % 3 if number % 5 else (number + 1) % 3
    words = f"{TEXTS[told].format(PLACES[number % 10])} {chr(97 + number % 26)} {chr(97 + number // 26)}"
    return f"{number},{words},{('0', '1', 'drill')[label]},{('north', 'south', 'west')[number // 80]}"


@pytest.fixture(scope="module")
def request_of(prefect: None, blank_figures: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """What is asked of folds, in a state folder that is this module's own as long as it runs."""
    from flows.evaluate import EvaluateRequest
    from flows.ingest import TweetSource
    from tasks.sources import ColumnMap

    folder = tmp_path_factory.mktemp("evaluate-classes")
    (folder / "three.csv").write_text("\n".join(["id,text,class,region", *map(tweet, range(240))]) + "\n")
    (folder / "classes.toml").write_text(RECIPE)
    source = TweetSource(source=str(folder / "three.csv"), columns=ColumnMap(classes=CLASSES))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(tmp_path_factory.mktemp("state")))
        yield EvaluateRequest(tweets=source, recipe=str(folder / "classes.toml"), models=LINEAR, folds=2)


@pytest.fixture(scope="module")
def evaluated(request_of: Any) -> dict[str, Any]:
    from flows.evaluate import evaluate

    return json.loads(json.dumps(evaluate(request_of)))


@pytest.fixture(scope="module")
def by_events(request_of: Any) -> dict[str, Any]:
    from flows.evaluate import evaluate

    update = {"events": "region", "hold_out": ("north",), "folds": None, "adapt": (6,), "models": MODELS}
    return json.loads(json.dumps(evaluate(request_of.model_copy(update=update))))


def rows_of(summary: dict[str, Any], model: str) -> pd.DataFrame:
    predictions = pq.read_table(summary["predictions"]).to_pandas()
    return predictions[predictions["model"] == model]


def test_rows_of_each_class_are_counted_and_every_row_is_scored_once(evaluated: dict[str, Any]) -> None:
    assert evaluated["classes"] == dict.fromkeys(NAMES, 80)
    assert "positives" not in evaluated
    for model in LINEAR:
        rows = rows_of(evaluated, model)
        assert sorted(rows["id"].astype(int)) == list(range(240))
        assert (rows["label"] == rows[EACH].to_numpy().argmax(axis=1)).all()
        assert rows["threshold"].isna().all()
        np.testing.assert_allclose(rows[EACH].sum(axis=1), 1)


def test_accuracy_and_macro_f1_are_those_of_the_pooled_predictions(evaluated: dict[str, Any]) -> None:
    for model in evaluated["models"]:
        rows = rows_of(evaluated, model["name"])
        assert model["accuracy"] == pytest.approx(accuracy_score(rows["target"], rows["label"]))
        assert model["f1"] == pytest.approx(f1_score(rows["target"], rows["label"], average="macro"))
        low, high = model["intervals"]["f1"]
        assert low <= model["f1"] <= high
        assert model["folds"]["f1"]["deviation"] >= 0
    (compared,) = evaluated["comparisons"]
    assert (compared["model"], compared["baseline"]) == LINEAR[::-1]
    assert {"accuracy", "f1"} <= set(compared["differences"])
    (first, _) = curve_points([pq.read_table(evaluated["predictions"])], 1.0, 100)
    assert first.f1 == evaluated["models"][0]["f1"]


def test_page_and_description_say_macro_f1_and_name_the_classes(evaluated: dict[str, Any], tmp_path: Path) -> None:
    run = evaluated["run_id"]
    page = Path(tracking.client().download_artifacts(run, "evaluation.html", str(tmp_path))).read_text()
    for words in ("macro F1", "80 no disaster, 80 storm, 80 drill"):
        assert words in page
        assert words in tracking.read_run(run).data.tags["mlflow.note.content"]
    assert " positive, " not in page


def test_events_have_the_rows_of_each_class_and_macro_f1(by_events: dict[str, Any]) -> None:
    assert [each["event"] for each in by_events["events"]] == ["north"]
    for each in by_events["events"]:
        assert sum(each["classes"].values()) == each["rows"] == 80
        rows = rows_of(by_events, MODELS[0])
        rows = rows[rows["event"] == each["event"]]
        expected = f1_score(rows["target"], rows["label"], average="macro")
        assert each["scores"][MODELS[0]]["macro_f1"] == pytest.approx(expected)
        assert set(each["scores"][MODELS[0]]) == {"macro_f1", "accuracy"}
    assert {each["model"] for each in by_events["event_means"]} == set(MODELS)


def test_every_model_learns_an_event_from_labels_of_several_classes(by_events: dict[str, Any]) -> None:
    assert {(each["model"], each["labels"]) for each in by_events["adaptation"]} == {
        (model, labels) for model in MODELS for labels in (0, 6)
    }
    store = state_folder.state_home() / "store"
    made = [
        run.data.tags["output"]
        for run in tracking.descendants(by_events["run_id"])
        if run.data.tags.get("stage") in ("adapt_linear", "adapt_network")
    ]
    tables = [pq.read_table(store / each / "adapted.parquet").to_pandas() for each in made]
    assert len(tables) == len(MODELS)
    for table in tables:
        before = table[table["labels"] == 0].set_index("id")
        known = rows_of(by_events, table["model"].iloc[0]).set_index("id")
        np.testing.assert_allclose(before[EACH], known.loc[before.index, EACH], atol=1e-6)
        after = table[table["draw"].eq(1) & table["labels"].eq(6)].set_index("id")
        assert not np.allclose(after[EACH], before.loc[after.index, EACH])
