"""A retry as a flow: what it returns, what it leaves in MLflow, and that its table can be trained on."""

import os
from pathlib import Path
from typing import Any

import pytest

from flows.ingest import TweetSource, ingest_and_report, ingest_tweets
from flows.quarantine import retry
from models.settings import Recipe, RetrySettings
from tasks import tracking
from tasks.ingestion import quarantine

SOUND = [f"{number},Mill {chr(97 + number)} burns,{number % 2}" for number in range(26)]


@pytest.fixture(scope="module")
def done(prefect: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """An ingest and the retry of its two quarantined rows, one of them mended."""
    folder = tmp_path_factory.mktemp("retry")
    (folder / "set.csv").write_text("\n".join(["id,text,target", *SOUND, "x,Storm,maybe", "y,,1"]))
    (folder / "mended.csv").write_text("source_row,id,text,target\n27,x,Storm,1\n")
    ingested = ingest_and_report(TweetSource(source=str(folder / "set.csv")))
    table = quarantine.find_table(ingested["run_id"])
    return ingested, retry(table, str(folder / "mended.csv"), RetrySettings())


def test_counts_add_up_before_and_after(done: tuple[dict[str, Any], dict[str, Any]]) -> None:
    before, after = done
    assert [before["data"][name] for name in ("read", "kept", "quarantined")] == [28, 26, 2]
    assert [after["data"][name] for name in ("read", "kept", "quarantined")] == [28, 27, 1]
    assert after["retry"]["returned_by_rule"] == {"unknown-label": 1}


def test_the_run_says_what_came_back_and_from_where(done: tuple[dict[str, Any], dict[str, Any]]) -> None:
    before, after = done
    root = tracking.read_run(after["run_id"])
    (step,) = tracking.descendants(after["run_id"])
    assert "1 of 2 quarantined rows" in root.data.tags["mlflow.note.content"]
    assert step.data.metrics["returned"] == 1
    inputs = {entry.dataset.name: entry.dataset.digest for entry in step.inputs.dataset_inputs}
    assert inputs == {"tweets": Path(before["table"]).name, "raw": after["retry"]["corrected"]}


def test_the_new_table_is_trained_on_as_it_is(done: tuple[dict[str, Any], dict[str, Any]]) -> None:
    table = Path(done[1]["table"])
    for name in (table, os.path.relpath(table)):
        assert ingest_tweets(TweetSource(source=str(name)), Recipe()) == table
