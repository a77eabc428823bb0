"""One run, one tree: whatever threads, retries and nested flows do, and linked to Prefect both ways."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tasks import tracking
from tasks.steps import step
from tasks.store import artifact_store

FAILURES: list[int] = []


@step("count to {n}")
def count(run: tracking.Run, n: int) -> Path:
    """Write a number."""
    run.log_metrics({"accuracy": n / 10})
    with artifact_store.new_artifact("number") as draft:
        (draft / "number.json").write_text(json.dumps(n))
    return draft.final


@step("stumble over {n}")
def stumble(run: tracking.Run, n: int) -> Path:
    """Fail the first time, as a network does."""
    FAILURES.append(n)
    if len(FAILURES) == 1:
        raise ConnectionError("try again")
    with artifact_store.new_artifact("number") as draft:
        (draft / "number.json").write_text(json.dumps(n))
    return draft.final


@pytest.fixture(scope="module")
def tree(prefect: None) -> dict[str, Any]:
    """A flow with a nested flow, three steps in threads, and a step that is retried."""
    from prefect import flow

    @flow
    def inner(parent: tracking.Run) -> None:
        with tracking.tracked_run("inner", "embed", parent) as run:
            for future in [count.submit(run, n) for n in (101, 102, 103)]:
                future.result()

    @flow
    def outer(cut_short: bool) -> str:
        with tracking.tracked_run("outer", "retrain") as run:
            inner(run)
            stumble.with_options(retries=1)(run, 104)
            if cut_short:
                raise RuntimeError("out of luck")
            return run.run_id

    FAILURES.clear()
    whole = outer(cut_short=False)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="out of luck"):
            outer(cut_short=True)
    cut_short = tracking.find_runs("tags.stage = 'retrain' and tags.error != ''", limit=2)
    return {"whole": whole, "cut short": [run.info.run_id for run in reversed(cut_short)]}


def test_threads_and_retries_are_children_of_their_stage_and_all_are_closed(tree: dict[str, Any]) -> None:
    runs = {run.info.run_id: run for run in tracking.descendants(tree["whole"])}
    stage = next(run_id for run_id, run in runs.items() if run.info.run_name == "inner")
    parents = {run.info.run_name: run.data.tags["mlflow.parentRunId"] for run in runs.values()}
    assert parents == {
        "inner": tree["whole"],
        **{f"count to {n}": stage for n in (101, 102, 103)},
        "stumble over 104": tree["whole"],
    }
    stumbled = [run for run in runs.values() if run.info.run_name == "stumble over 104"]
    assert sorted(run.info.status for run in stumbled) == ["FAILED", "FINISHED"]
    again = next(run for run in stumbled if run.info.status == "FINISHED")
    assert runs[again.data.tags["resumes"]].info.status == "FAILED"
    assert not [run for run in runs.values() if run.info.status == "RUNNING"]


def test_flow_and_run_link_to_each_other(tree: dict[str, Any]) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterKey

    for run_id in (tree["whole"], tracking.descendants(tree["whole"])[0].info.run_id):
        tags = tracking.read_run(run_id).data.tags
        flow_run_id = tags["prefect.flow_run_id"]
        assert tags["prefect.flow_run_url"].endswith(f"/flow-runs/flow-run/{flow_run_id}")
        with get_client(sync_client=True) as api:
            links = api.read_artifacts(
                artifact_filter=ArtifactFilter(
                    flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]), key=ArtifactFilterKey(any_=["mlflow-run"])
                )
            )
        assert len(links) == 1
        assert run_id in links[0].data


def test_a_flow_whose_process_is_gone_is_killed_in_mlflow_and_crashed_in_prefect(prefect: None) -> None:
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL

    script = (
        "import time\n"
        "from prefect import flow\n"
        "from tasks import tracking\n"
        "@flow\n"
        "def doomed():\n"
        "    with tracking.tracked_run('doomed', 'test') as run, tracking.tracked_run('child', 'test', run):\n"
        "        print(run.run_id, flush=True)\n"
        "        time.sleep(60)\n"
        "doomed()\n"
    )
    server = str(PREFECT_API_URL.value())
    environment = {**os.environ, "PREFECT_API_URL": server, "MLFLOW_TRACKING_URI": tracking.tracking_uri()}
    with subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        doomed = process.stdout.readline().strip()
        process.kill()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_API_URL", server)
        assert tracking.reconcile_runs() == 2
    run = tracking.read_run(doomed)
    assert run.info.status == "KILLED"
    with get_client(sync_client=True) as api:
        state = api.read_flow_run(run.data.tags["prefect.flow_run_id"]).state
    assert state is not None
    assert state.type.value == "CRASHED"


def test_every_step_knows_its_task_run(tree: dict[str, Any]) -> None:
    steps = [run for run in tracking.descendants(tree["whole"]) if "action_key" in run.data.tags]
    assert len({run.data.tags["prefect.task_run_id"] for run in steps}) == 4


def test_a_request_that_failed_is_resumed_by_the_next_like_it_and_by_no_other(tree: dict[str, Any]) -> None:
    first, second = (tracking.read_run(run_id) for run_id in tree["cut short"])
    assert first.info.status == second.info.status == "FAILED"
    assert "resumes" not in first.data.tags
    assert second.data.tags["resumes"] == first.info.run_id
