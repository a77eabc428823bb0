"""A run that takes notes: nothing reaches MLflow before the command records them, and then all of it."""

import inspect
from pathlib import Path

from tasks import tracking
from tasks.tracking.noted import RECORDING, NotedRun, record_notes
from tasks.tracking.run import Run


def test_every_method_of_a_run_that_records_is_noted() -> None:
    own = {name for name, _ in inspect.getmembers(Run, inspect.isfunction) if name in vars(Run) and name[0] != "_"}
    assert own - {"child", "log_figure"} == set(RECORDING)  # a child records nothing; a figure is drawn at once


def test_notes_are_recorded_as_the_run_would_have_recorded_them(home: Path, tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    (tmp_path / "part.txt").write_text("part")
    (tmp_path / "down").mkdir()
    with tracking.tracked_run("noted", "test") as run:
        noted = NotedRun.of(run)
        noted.log_metrics({"f1": 0.5}, step=2)
        noted.tag(model="by hand")
        noted.log_figure(Figure(), "empty")
        noted.log_file(tmp_path / "part.txt", "parts")
        noted.later(describe, "word")
        assert "f1" not in tracking.read_run(run.run_id).data.metrics
        record_notes(run, noted.notes)
    data = tracking.read_run(run.run_id).data
    assert (data.metrics["f1"], data.tags["model"], data.tags["mlflow.note.content"]) == (0.5, "by hand", "word")
    assert tracking.download(run.run_id, "figures/empty.png", tmp_path).stat().st_size > 0
    assert tracking.download(run.run_id, "parts/part.txt", tmp_path / "down").read_text() == "part"


def describe(run: Run, word: str) -> None:
    run.describe(word)
