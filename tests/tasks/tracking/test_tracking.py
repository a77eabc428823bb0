"""Runs: one tree, no orphans, nothing left RUNNING."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.settings import TextSettings
from tasks import tracking
from tasks.runtime import processes


def status(run: tracking.Run) -> str:
    return tracking.client().get_run(run.run_id).info.status


def test_a_child_names_its_parent_and_its_root(home: Path) -> None:
    with tracking.tracked_run("root", "retrain") as root, tracking.tracked_run("child", "embed", root) as child:  # noqa: SIM117
        with tracking.tracked_run("grandchild", "train_vectors", child) as grandchild:
            pass
    found = {run.info.run_id: run.data.tags["mlflow.parentRunId"] for run in tracking.descendants(root.run_id)}
    assert found == {child.run_id: root.run_id, grandchild.run_id: child.run_id}
    assert status(root) == status(child) == status(grandchild) == "FINISHED"


def test_an_unknown_run_is_answered_with_the_latest(home: Path) -> None:
    with tracking.tracked_run("root", "retrain") as root, tracking.tracked_run("child", "embed", root) as child:
        pass
    with pytest.raises(ValueError, match=f"no run 'x' in .*; the latest runs: root .* {root.run_id}") as refused:
        tracking.read_run("x")
    assert child.run_id not in str(refused.value)


def test_a_process_that_is_about_to_be_ended_closes_what_it_has_open_and_nothing_else(home: Path) -> None:
    with tracking.tracked_run("closed", "retrain") as closed:
        pass
    with tracking.tracked_run("root", "retrain") as root, tracking.tracked_run("child", "embed", root) as child:
        assert tracking.abandon_runs() == 2
        assert status(root) == status(child) == "KILLED"
    assert status(closed) == "FINISHED"


def test_an_error_fails_the_run_and_is_kept_on_it(home: Path) -> None:
    with pytest.raises(ValueError, match="no text"), tracking.tracked_run("root", "ingest") as run:
        raise ValueError("no text")
    assert status(run) == "FAILED"
    assert tracking.client().get_run(run.run_id).data.tags["error"] == "ValueError: no text"


@pytest.mark.parametrize(
    ("error", "called"), [(ValueError("no column"), "refused: "), (RuntimeError("a bug"), "root ")]
)
def test_only_input_that_was_refused_before_any_step_is_called_refused(
    home: Path, error: Exception, called: str
) -> None:
    with pytest.raises(type(error)), tracking.tracked_run("root", "ingest") as run:
        raise error
    with pytest.raises(type(error)), tracking.tracked_run("later", "ingest") as later:
        with tracking.tracked_run("step", "count", later) as step:
            step.tag(step_outcome="run")
        raise error
    first, second = (tracking.client().get_run(each.run_id).data.tags for each in (run, later))
    assert first["mlflow.runName"].startswith(called)
    assert ("no column" in first.get("mlflow.note.content", "")) == (called == "refused: ")
    assert second["mlflow.runName"].startswith("later ")
    assert "refused" not in second


def test_an_interrupt_kills_the_run(home: Path) -> None:
    with pytest.raises(KeyboardInterrupt), tracking.tracked_run("root", "ingest") as run:
        raise KeyboardInterrupt
    assert status(run) == "KILLED"


def test_settings_become_flat_parameters(home: Path) -> None:
    with tracking.tracked_run("root", "ingest", settings=TextSettings()) as run:
        pass
    assert tracking.client().get_run(run.run_id).data.params["lowercase"] == "True"


def test_every_run_says_how_long_it_took_and_what_code_made_it(home: Path) -> None:
    with tracking.tracked_run("root", "ingest") as run:
        pass
    data = tracking.client().get_run(run.run_id).data
    assert data.metrics["peak_memory_mb"] > 0
    assert data.metrics["duration_seconds"] >= 0
    assert len(data.tags["code_digest"]) == 32
    assert data.tags["threads"]


def test_a_run_whose_process_was_killed_is_closed_by_the_next_one(home: Path) -> None:
    script = (
        "import time\n"
        "from tasks.tracking import tracked_run\n"
        "with tracked_run('doomed', 'retrain') as run:\n"
        "    print(run.run_id, flush=True)\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    doomed = process.stdout.readline().strip()
    process.kill()
    process.wait()
    process.stdout.close()
    with tracking.tracked_run("next", "retrain") as run:
        assert tracking.client().get_run(doomed).info.status == "KILLED"
        assert status(run) == "RUNNING"


def test_a_running_process_is_left_alone(home: Path) -> None:
    with tracking.tracked_run("mine", "retrain") as run:
        assert tracking.reconcile_runs() == 0
        assert status(run) == "RUNNING"


def test_figures_that_are_not_numbers_are_left_out(home: Path) -> None:
    with tracking.tracked_run("root", "ingest") as run:
        run.log_metrics({"f1": 0.5, "roc_auc": float("nan")})
    metrics = tracking.client().get_run(run.run_id).data.metrics
    assert metrics["f1"] == 0.5
    assert "roc_auc" not in metrics


def test_a_history_becomes_a_curve(home: Path) -> None:
    with tracking.tracked_run("root", "ingest") as run:
        run.log_history([(0, {"loss": 2.0}), (1, {"loss": 1.0})])
    curve = tracking.client().get_metric_history(run.run_id, "loss")
    assert [(point.step, point.value) for point in curve] == [(0, 2.0), (1, 1.0)]


def test_what_holds_in_the_end_stands_after_its_curve_or_else_alone(home: Path) -> None:
    with tracking.tracked_run("root", "classify") as run:
        run.log_history([(0, {"validation/f1": 0.9}), (1, {"validation/f1": 0.8})])
        run.log_final({"validation/f1": 0.85, "test/f1": 0.7})
    assert {"validation/f1": 0.85, "test/f1": 0.7}.items() <= tracking.client().get_run(run.run_id).data.metrics.items()
    steps = {
        name: [point.step for point in tracking.client().get_metric_history(run.run_id, name)]
        for name in ("validation/f1", "test/f1")
    }
    assert steps == {"validation/f1": [0, 1, 2], "test/f1": [0]}


def test_runs_of_another_host_are_left_alone(home: Path) -> None:
    with tracking.tracked_run("root", "ingest") as run:
        tracking.client().set_tag(run.run_id, "host", "elsewhere")
        tracking.client().set_tag(run.run_id, "process", "1")
        assert tracking.reconcile_runs() == 0


def test_runs_of_another_machine_of_the_same_name_are_left_alone(home: Path) -> None:
    with tracking.tracked_run("root", "ingest") as run:
        tracking.client().set_tag(run.run_id, "machine", "another")
        tracking.client().set_tag(run.run_id, "process_started", "gone")
        assert tracking.reconcile_runs() == 0
        tracking.client().set_tag(run.run_id, "machine", processes.machine())
        assert tracking.reconcile_runs() == 1


def test_each_state_folder_has_its_own_runs_in_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roots = {}
    for name in ("one", "two", "one"):
        monkeypatch.setenv("CRISISFLOW_HOME", str(tmp_path / name))
        with tracking.tracked_run(name, "retrain") as run:
            roots.setdefault(name, []).append(run.run_id)
        assert tracking.fluent_mlflow().get_tracking_uri() == tracking.tracking_uri()
        assert {each.info.run_id for each in tracking.find_runs("tags.stage = 'retrain'")} == set(roots[name])
    assert "MLFLOW_TRACKING_URI" not in os.environ
