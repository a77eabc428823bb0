"""What people see in MLflow's pages: names with what differs first, models in words, saved views."""

import json
import re
from pathlib import Path

import pyarrow as pa

from tasks import tracking
from tasks.steps import step
from tasks.store import formats
from tasks.tracking import views
from tasks.tracking.steps import step_of_run

SCORES = {"test/accuracy": 0.8125, "test/f1": 0.75, "test/log_loss": 0.4, "tweets/test": 603.0, "threshold": 0.47}


@step("train {name}")
def train(run: tracking.Run, name: str) -> Path:
    run.log_metrics(SCORES)
    run.tag(model=name, threshold_for="f1")
    return formats.write_artifact("model", {"table.parquet": pa.table({"name": [name]})})


def test_a_root_is_named_with_what_differs_first_and_without_the_year(home: Path) -> None:
    with tracking.tracked_run("standard", "retrain") as run:
        pass
    assert re.fullmatch(r"standard \d\d-\d\d \d\d:\d\d", tracking.read_run(run.run_id).info.run_name)
    assert run.root_name == tracking.read_run(run.run_id).info.run_name


def test_the_run_of_a_model_carries_its_retraining_and_says_what_it_is_also_when_reused(home: Path) -> None:
    with tracking.tracked_run("standard", "retrain") as root:
        for _ in range(2):
            train.fn(root, "lstm/skip-gram")
    first, second = tracking.descendants(root.run_id)
    assert first.info.run_name == f"lstm/skip-gram {root.root_name}"
    assert second.info.run_name == f"lstm/skip-gram {root.root_name} (reused)"
    for run in (first, second):
        assert run.data.tags["retraining"] == root.root_name
        said = run.data.tags["mlflow.note.content"]
        assert "accuracy 0.812, F1 0.750, log loss 0.400 on 603 test tweets" in said
        assert "from a probability of 0.470 on" in said
        assert "validation rows for f1" in said


def test_a_step_keeps_its_title_whatever_its_run_is_called(home: Path) -> None:
    with tracking.tracked_run("standard", "retrain") as root:
        train.fn(root, "lstm/skip-gram")
    (run,) = tracking.descendants(root.run_id)
    assert step_of_run(run).title == "train lstm/skip-gram"


def test_an_experiment_made_before_gets_the_views_and_keeps_what_users_wrote(home: Path) -> None:
    from tasks.tracking import connection

    client = tracking.client()
    made = client.create_experiment(connection.EXPERIMENT, tags={"mlflow.note.content": "ours"})
    connection._experiment_at.cache_clear()
    assert tracking.experiment_id() == made
    tags = client.get_experiment(made).tags
    assert tags["mlflow.note.content"] == "ours"
    view = json.loads(tags[f"{views.PREFIX}{views.RETRAININGS}"])
    assert json.loads(view["state"])["selectedColumns"][:2] == ["metrics.`test/accuracy`", "metrics.`test/f1`"]
