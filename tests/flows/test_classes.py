"""A label of three classes through the whole house, linear models only: retrained, judged, scored, explained."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.cli.explain import Explained, _explained
from flows.drift import DriftRequest, drift
from flows.ingest import TweetSource
from flows.label_audit import AuditRequest, audit
from flows.label_queue import QueueRequest, fill_queue
from flows.own_labels import add_own_labels
from flows.retrain import RetrainRequest, retrain
from flows.score import ScoreRequest, score
from tasks import registry, tracking
from tasks.labels.queue import open_questions
from tasks.labels.snapshot import SCHEMA
from tasks.labels.store import record
from tasks.registry.data_sources import stored_table
from tasks.registry.versions import TABLE, several_classes
from tasks.sources.columns import ColumnMap
from tasks.store import formats

CLASSES = ("0=no disaster", "1=storm", "drill")
TEXTS = ("the song is fire at the {}", "flood water has reached the {}", "this is an exercise at the {}")
PLACES = ("harbour", "mill", "school", "bridge", "market", "valley", "station", "forest", "church", "depot")
RECIPE = """
name = "linear"
vocabulary = { min_count = 1 }
frequency = { min_document_frequency = 1 }
cooccurrence = { min_count = 1, dimensions = 8 }
embeddings = []
classifiers = []
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> TweetSource:
    folder = tmp_path_factory.mktemp("classes")
    values = ("0", "1", "drill")
    lines = [
        f"{n},{TEXTS[n % 3].format(PLACES[n % 10])} {chr(97 + n % 26)} {chr(97 + n // 26)},{values[n % 3]}"
        for n in range(240)
    ]
    (folder / "three.csv").write_text("\n".join(["id,tweet,class", *lines]) + "\n")
    (folder / "linear.toml").write_text(RECIPE)
    return TweetSource(source=str(folder / "three.csv"), columns=ColumnMap(classes=CLASSES))


@pytest.fixture(scope="module")
def result(
    source: TweetSource, prefect: None, blank_figures: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """A retraining, in a state folder that is this module's own as long as it runs: its model is the champion there."""
    recipe = Path(source.source).with_name("linear.toml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(tmp_path_factory.mktemp("state")))
        yield retrain(RetrainRequest(tweets=source, recipe=str(recipe), labels="none"))


def test_a_retraining_puts_the_best_model_in_use(result: dict[str, Any]) -> None:
    assert result["promoted"]
    assert set(result["test"]) == {"rows", "classes"}
    assert result["models"][0]["classes"] == ["no disaster", "storm", "drill"]
    current = registry.champion()
    assert current is not None
    assert several_classes(current.tags) == ("no disaster", "storm", "drill")


def test_its_champion_scores_and_explains_each_class(result: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("id,tweet\n1,flood water at the mill\n2,the song is fire at the school\n3,\n")
    written = score(ScoreRequest(source=str(tmp_path / "new.csv"), out=str(tmp_path / "new.parquet")))
    rows = pq.read_table(tmp_path / "new.parquet").to_pylist()
    assert [row["label"] for row in rows] == ["storm", "no disaster"]
    assert written["classes"] == {"no disaster": 1, "storm": 1, "drill": 0}
    assert "positives" not in written
    found, page = _explained("flood water at the mill", None, None, Explained())
    assert (found["label"], found["explained"]) == ("storm", "storm")
    other, _ = _explained("flood water at the mill", None, None, Explained(class_name="drill"))
    words = {each["token"]: each["log_odds"] for each in other["tokens"]}
    assert words["flood"] < 0
    assert "the class “storm”" in page()
    with pytest.raises(ValueError, match="there is no class 'x': there are no disaster, storm, drill"):
        _explained("flood", None, None, Explained(class_name="x"))
    with pytest.raises(ValueError, match="it tells none"):
        _explained("flood", None, None, Explained(kind="source"))


def test_a_model_of_two_classes_replaces_it_only_where_that_is_meant(
    result: dict[str, Any], source: TweetSource
) -> None:
    two = source.model_copy(update={"columns": ColumnMap(positive=("1",), negative=("0", "drill"))})
    recipe = str(Path(source.source).with_name("linear.toml"))
    refused = retrain(RetrainRequest(tweets=two, recipe=recipe, labels="none", refit=False))
    assert not refused["promoted"]
    assert (
        "the champion's label is no disaster, storm, drill, the challenger's disaster and no disaster"
        in refused["reason"]
    )


def test_what_a_miss_costs_needs_two_classes(result: dict[str, Any], source: TweetSource) -> None:
    with pytest.raises(ValueError, match="needs a label of two classes"):
        retrain(RetrainRequest(tweets=source, recipe="quick", labels="none", miss_costs=5))


def test_drift_tells_the_share_of_each_class_and_macro_f1_without_labels(
    result: dict[str, Any], tmp_path: Path
) -> None:
    lines = [f"{n},{TEXTS[2 if n % 4 else n % 3].format(PLACES[n % 10])} zz{chr(97 + n % 26)} {chr(97 + n // 26)}"
             for n in range(120)]  # fmt: skip
    (tmp_path / "new.csv").write_text("\n".join(["id,tweet", *lines]) + "\n")
    found = drift(DriftRequest(source=str(tmp_path / "new.csv")))
    assert set(found["classes"]) == {"no disaster", "storm", "drill"}
    assert "positives" not in found
    assert found["classes"]["drill"]["now"] > found["classes"]["drill"]["before"]
    assert {each["name"] for each in found["measures"] if each["verdict"] == "shifted"} >= {"labels"}
    assert set(found["estimate"]) >= {"accuracy", "f1", "f1_interval", "why_not"}
    page = Path(tracking.client().download_artifacts(found["run_id"], "drift.html", str(tmp_path))).read_text()
    assert "shares of the classes, estimated" in page
    (tmp_path / "few.csv").write_text("id,tweet\n1,flood\n")
    assert drift(DriftRequest(source=str(tmp_path / "few.csv")))["classes"]["storm"]["now"] is None


def test_labels_are_asked_for_audited_and_learned_from(
    result: dict[str, Any], source: TweetSource, tmp_path: Path
) -> None:
    names = ("no disaster", "storm", "drill")
    new = [f"{n},flood water is an exercise at the {PLACES[n % 10]} xx{chr(97 + n % 26)}" for n in range(40)]
    (tmp_path / "new.csv").write_text("\n".join(["id,tweet", *new]) + "\n")
    asked = fill_queue(QueueRequest(source=str(tmp_path / "new.csv"), budget="4"))
    assert asked["asked"] == asked["open"] == 4
    score(ScoreRequest(source=str(tmp_path / "new.csv"), out=str(tmp_path / "scored.csv")))
    again = QueueRequest(source=str(tmp_path / "new.csv"), scored=str(tmp_path / "scored.csv"), budget="3")
    assert fill_queue(again)["asked"] == 3
    waiting = open_questions("ada")
    assert {each.classes for each in waiting} == {names}
    record([each.answered("ada", "drill") for each in waiting])
    found = audit(AuditRequest(top=5))
    assert found["rows"] > 100
    current = registry.champion()
    assert current is not None
    tweets = stored_table(current.tags[TABLE])
    assert tweets is not None
    with tracking.tracked_run("labels", "test") as run:
        joined = add_own_labels("own", tweets, run)
    added = [row for row in pq.read_table(joined / "tweets.parquet").to_pylist() if row["source"] == "labels"]
    assert added
    assert {row["target"] for row in added} == {2}


def test_labels_of_two_classes_do_not_join_a_label_of_three(
    result: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    current = registry.champion()
    assert current is not None
    tweets = stored_table(current.tags[TABLE])
    assert tweets is not None
    row = {"number": 1, "id": "1", "text": "flood", "keyword": None, "label": 1, "annotator": "a", "asked": "own"}
    table = formats.write_artifact("labels", {"labels.parquet": _labels(row | {"model": "", "time": ""})})
    with tracking.tracked_run("labels", "test") as run, pytest.raises(ValueError, match="a label of 3 classes"):
        add_own_labels(str(table), tweets, run)
    assert json.loads((tweets / "report.json").read_text())["classes"] == ["no disaster", "storm", "drill"]


def _labels(row: dict[str, Any]) -> Any:
    import pyarrow as pa

    return pa.Table.from_pylist([row], SCHEMA)
