"""A retraining is called for by what has happened since the last one, and never begins too soon after it."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from flows import on_need
from flows.ingest import TweetSource
from flows.retrain import RetrainRequest
from tasks import registry, sources, tracking
from tasks.labels.store import Answer, record
from tasks.monitoring import need
from tasks.store import formats


@pytest.fixture
def champion(home: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A version 3 in use, of a table that was read from nothing known."""
    version = SimpleNamespace(version="3", tags={"validation_rows": "digest"})
    monkeypatch.setattr(registry, "champion", lambda: version)
    monkeypatch.setattr(need, "raw_of_table", lambda *digests: ())
    return version


TEXTS = ["", "fire at the mill", "flood in the harbour", "storm over the hills"]


def finished(stage: str, **tags: str) -> "tracking.MlflowRun":
    with tracking.tracked_run(stage, stage) as run:
        run.tag(**tags)
    return tracking.read_run(run.run_id)


def drift(verdict: str = "shifted", version: str = "3") -> "tracking.MlflowRun":
    return finished("drift", verdict=verdict, version=version, window="monday.csv")


def test_drift_of_the_present_champion_since_the_last_retraining_calls_for_one(champion: SimpleNamespace) -> None:
    drift(verdict="same")
    drift(version="2")
    assert need.find_reasons(["drift"], "", None) == []
    shifted = drift()
    assert need.find_reasons(["drift"], "", None) == [f"tweets have shifted (run {shifted.info.run_id}, monday.csv)"]
    last = finished("retrain")
    assert need.find_reasons(["drift"], "", need.last_retraining()) == []
    assert need.last_retraining().info.run_id == last.info.run_id  # type: ignore[union-attr]
    drift()
    assert need.find_reasons(["drift"], "", last)


def learned(raw: Path, succeeds: bool = True) -> None:
    """A retraining that read a table which was checked from this snapshot."""
    table = formats.write_artifact("tweets", {"tweets.parquet": pa.table({"text": [raw.name]})})
    with suppress(RuntimeError), tracking.tracked_run("standard", "retrain") as run:
        with tracking.tracked_run("check tweets", "check_tweets", run) as step:
            step.log_dataset(raw, "snapshot")
            step.tag(output=f"tweets/{table.name}")
        run.log_dataset(table, "tweets", "in.csv")
        if not succeeds:
            raise RuntimeError


def test_files_call_for_one_until_a_retraining_has_learned_from_them(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tweets"
    folder.mkdir()
    assert need.find_reasons(["files"], str(folder), None) == []
    (folder / "monday.csv").write_text("id,text\n1,Fire\n")
    (reason,) = need.find_reasons(["files"], str(folder), None)
    assert reason.startswith("its tweets have changed (")
    raw = sources.fetch(str(folder))
    learned(raw, succeeds=False)
    assert need.find_reasons(["files"], str(folder), None) == [reason]
    learned(raw)
    assert need.find_reasons(["files"], str(folder), None) == []
    (folder / "tuesday.csv").write_text("id,text\n2,Flood\n")
    assert need.find_reasons(["files"], str(folder), None)


def test_so_many_labels_since_the_last_retraining_call_for_one(home: Path) -> None:
    def label(number: int) -> None:
        record([Answer("ann", str(number), TEXTS[number], 1)])

    label(1)
    last = finished("retrain")
    label(2)
    record([Answer("bob", "2", TEXTS[2], 0)])  # one tweet, however many label it
    assert need.find_reasons(["labels:2"], "", last) == []
    label(3)
    assert need.find_reasons(["labels:2"], "", last) == ["2 tweets labelled since"]
    assert need.find_reasons(["labels"], "", last) == []
    assert need.find_reasons(["labels:3"], "", None) == ["3 tweets labelled since"]


def test_what_the_champion_learned_from_is_not_new(
    champion: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text("id,text\n1,Fire\n")
    raw = sources.fetch(str(tmp_path / "a.csv"))
    monkeypatch.setattr(need, "raw_of_table", lambda *digests: (f"raw/{raw.name}",) if "digest" in digests else ())
    assert need.find_reasons(["files"], str(tmp_path / "a.csv"), None) == []


def test_no_retraining_begins_beside_another_or_too_soon(home: Path) -> None:
    assert need.why_not_now(None, 24) is None
    with tracking.tracked_run("standard", "retrain"):
        under_way = need.last_retraining()
        assert "is under way" in str(need.why_not_now(under_way, 0))
    ended = need.last_retraining()
    assert "less than 24 h ago" in str(need.why_not_now(ended, 24))
    assert need.why_not_now(ended, 24, datetime.now(UTC) + timedelta(hours=25)) is None
    assert need.why_not_now(ended, 0) is None


@pytest.mark.parametrize(
    ("reasons", "hindrance", "name"),
    [([], None, on_need.NO_NEED), (["tweets have shifted"], "one runs", on_need.NOT_YET)],
)
def test_a_look_that_finds_nothing_or_comes_too_soon_ends_in_order(
    monkeypatch: pytest.MonkeyPatch, reasons: list[str], hindrance: str | None, name: str
) -> None:
    state: Any = looked(monkeypatch, reasons, hindrance)
    assert (state.name, state.type.value) == (name, "COMPLETED")
    assert all(reason in state.message for reason in reasons)


def test_a_retraining_carries_what_called_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_need, "retrain", lambda request: {"run_id": "r", "trigger": request.trigger})
    assert looked(monkeypatch, ["one", "two"], None) == {"run_id": "r", "trigger": "one; two"}


def looked(monkeypatch: pytest.MonkeyPatch, reasons: list[str], hindrance: str | None) -> Any:
    monkeypatch.setattr(need, "last_retraining", lambda: None)
    monkeypatch.setattr(need, "find_reasons", lambda triggers, source, last: reasons)
    monkeypatch.setattr(need, "why_not_now", lambda last, hours: hindrance)
    tweets = TweetSource(source="in.csv")
    return on_need.retrain_on_need.fn(on_need.NeedRequest(when=("drift",), retraining=RetrainRequest(tweets=tweets)))
