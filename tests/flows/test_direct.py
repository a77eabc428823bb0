"""Commands of one task, without and with a Prefect server at hand."""

from pathlib import Path
from typing import Any

import pytest
from prefect import flow, task

from flows.cli import runner
from flows.direct import within_flow
from tasks.scheduling import prefect_server
from tasks.sources.errors import SourceError


@task
def name_the_run(word: str) -> dict[str, Any]:
    """The word, and whether Prefect runs this task."""
    from prefect.context import TaskRunContext

    return {"word": word, "orchestrated": TaskRunContext.get() is not None}


@flow
def one_task(request: str) -> dict[str, Any]:
    """A flow of one task."""
    return within_flow(name_the_run)(request)


def test_without_a_server_at_hand_none_is_started(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr(prefect_server, "start_temporary_prefect", lambda: pytest.fail("a server was started"))
    with runner.orchestration_if_running() as run:
        assert run(one_task, "fire") == {"word": "fire", "orchestrated": False}


def test_where_a_server_runs_it_has_the_record(prefect: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefect_server, "is_at_hand", lambda: True)
    monkeypatch.setattr(prefect_server, "start_temporary_prefect", lambda: pytest.fail("a second server was started"))
    monkeypatch.setattr(prefect_server, "answers", lambda url: True)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")  # settings of the test harness stand above it
    with runner.orchestration_if_running() as run:
        assert run(one_task, "fire") == {"word": "fire", "orchestrated": True}


def test_a_named_server_that_does_not_answer_is_an_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with pytest.raises(RuntimeError, match="no Prefect server answers"), runner.orchestration_if_running():
        pytest.fail("the block was entered")


def test_a_source_that_is_not_there_is_told_first(home: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(SourceError, match="nothing to read"),
        runner.orchestration_if_running(str(tmp_path / "none.csv")),
    ):
        pytest.fail("the block was entered")
