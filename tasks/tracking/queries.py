"""Looking runs up."""

import socket
from pathlib import Path
from typing import TYPE_CHECKING

from tasks import database
from tasks.runtime import errors
from tasks.runtime.redaction import mask_secrets
from tasks.tracking import views
from tasks.tracking.connection import client, experiment_id, tracking_uri

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun

RUNS_PER_CALL = 1_000
LATEST = 3


def read_run(run_id: str) -> "MlflowRun":
    """The run of this id. Raises ValueError when the tracking store has none."""
    from mlflow.exceptions import MlflowException

    try:
        return client().get_run(run_id)
    except MlflowException as error:
        if errors.tracking_lost(error):
            raise
        raise ValueError(f"no run {run_id!r} in {mask_secrets(tracking_uri())}; {_latest_runs()}") from error


def download(run_id: str, name: str, folder: Path) -> Path:
    """One artifact of a run, brought into this folder. Raises FileNotFoundError when the run has none of this name."""
    from mlflow.exceptions import MlflowException

    try:
        return Path(client().download_artifacts(run_id, name, str(folder)))
    except (MlflowException, OSError) as error:
        raise FileNotFoundError(f"run {run_id} has no artifact {name}") from error


def _latest_runs() -> str:
    """The newest root runs, for a message."""
    roots = [run for run in find_runs("", limit=RUNS_PER_CALL) if "mlflow.parentRunId" not in run.data.tags]
    named = ", ".join(f"{run.info.run_name} {run.info.run_id}" for run in roots[:LATEST])
    return f"the latest runs: {named}" if named else "it has no runs yet"


def has_run(run_id: str) -> bool:
    """Whether the tracking store has this run, not deleted."""
    return _lifecycle(run_id) == "active"


def deleted_run(run_id: str) -> bool:
    """Whether somebody deleted this run; not so when the tracking store never had it, for another one may."""
    return _lifecycle(run_id) == "deleted"


def _lifecycle(run_id: str) -> str | None:
    """`active` or `deleted`; None when the tracking store has no such run."""
    from mlflow.exceptions import MlflowException

    try:
        return str(client().get_run(run_id).info.lifecycle_stage)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def comparison_address(server: str) -> str:
    """The page of a tracking server that charts all models side by side, the best test F1 first."""
    return views.address_of_view(server, experiment_id(), views.MODELS)


def descendants(root_id: str) -> "list[MlflowRun]":
    """All runs below a root run, oldest first."""
    return find_runs(f"tags.root_run_id = '{root_id}'", "attributes.start_time ASC")


def unfinished_run(**tags: str) -> str | None:
    """The id of the latest run with these tags, when it was killed or failed; None when there is nothing to resume.

    In a team one of this machine: the checkpoints of others are theirs.
    """
    if database.in_force() is not None:
        tags["host"] = socket.gethostname()
    wanted = " and ".join(f"tags.{name} = '{value}'" for name, value in tags.items())
    found = find_runs(f"{wanted} and attributes.status != 'RUNNING'", limit=1)
    return str(found[0].info.run_id) if found and found[0].info.status != "FINISHED" else None


def step_outcomes(root_id: str) -> dict[str, int]:
    """How many steps below this root were computed and how many reused."""
    outcomes = [run.data.tags.get("step_outcome") for run in descendants(root_id)]
    return {name: outcomes.count(name) for name in ("run", "cached")}


def find_runs(filter_string: str, order: str = "attributes.start_time DESC", limit: int = 0) -> "list[MlflowRun]":
    """The runs of the experiment that match, newest first unless another order is asked for; all, or so many."""
    found: list[MlflowRun] = []
    token = None
    while True:
        page = client().search_runs(
            [experiment_id()], filter_string, order_by=[order], max_results=limit or RUNS_PER_CALL, page_token=token
        )
        found += page
        token = page.token
        if not token or 0 < limit <= len(found):
            return found
