"""The link between a run in MLflow and the flow run in Prefect that made it, both ways."""

import os
import sys
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from tasks.tracking.connection import experiment_id, tracking_uri
from tasks.tracking.run import Run

PAGES = "http://127.0.0.1:{}"  # where `crisisflow ui` shows the state folder's runs
LINK = "mlflow-run"
own_flow_runs: set[str] = set()  # those in which this process has opened runs


def prefect_tags() -> dict[str, str]:
    """The flow run, and the task run if there is one, that this code runs in; nothing outside of Prefect."""
    if "prefect" not in sys.modules:  # it takes two seconds to import, and who runs in a flow has done so
        return {}
    from prefect.runtime import flow_run, task_run

    if flow_run.id is None:
        return {}
    own_flow_runs.add(str(flow_run.id))
    tags = {"prefect.flow_run_id": flow_run.id, "prefect.flow_run_url": flow_run.ui_url}
    return tags if task_run.id is None else {**tags, "prefect.task_run_id": task_run.id}


def flow_parameters() -> dict[str, Any]:
    """What the flow that this code runs in was called with; nothing outside of Prefect."""
    if "prefect" not in sys.modules:
        return {}
    from prefect.runtime import flow_run

    return dict(flow_run.parameters or {})


def link_flow_run(run: Run) -> None:
    """Leave an address of the MLflow run among the artifacts of the flow run that it belongs to."""
    from prefect.artifacts import create_link_artifact

    text = f"MLflow run {run.run_id}"
    create_link_artifact(run_address(run.run_id), link_text=text, key=LINK, description=text)


def crash_flow_runs(flow_run_ids: Iterable[str]) -> None:
    """Tell the Prefect server in force that the process of these flow runs is gone: it has no other way to know."""
    if not os.environ.get("PREFECT_API_URL"):
        return
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
    from prefect.states import Crashed

    with get_client(sync_client=True) as api:
        ids = FlowRunFilterId(any_=[UUID(each) for each in flow_run_ids])
        for flow_run in api.read_flow_runs(flow_run_filter=FlowRunFilter(id=ids)):  # another server's are not here
            if flow_run.state is not None and not flow_run.state.is_final():
                api.set_flow_run_state(flow_run.id, Crashed(message="Its process is gone."), force=True)


def run_address(run_id: str) -> str:
    """The page of a run: on the tracking server, or where `crisisflow up` or `crisisflow ui` show it."""
    from tasks.runtime import running

    server = tracking_uri()
    if not server.startswith("http"):
        server = running.announced().get("mlflow") or PAGES.format(os.environ.get("CRISISFLOW_MLFLOW_PORT", "5000"))
    return f"{server.rstrip('/')}/#/experiments/{experiment_id()}/runs/{run_id}"
