"""The one door to MLflow runs.

MLflow's active run belongs to a thread, which loses runs under an orchestrator. Here a run is a value that is handed
along; everything is logged by its id through one client, and the code that opens a run closes it, whatever happens.
"""

from typing import TYPE_CHECKING

from tasks.tracking.connection import (
    client,
    defer_signals,
    experiment_id,
    fluent_mlflow,
    nothing_recorded,
    public_uri,
    tracking_uri,
)
from tasks.tracking.lifecycle import abandon_runs, reconcile_runs, recover, tracked_run
from tasks.tracking.queries import (
    comparison_address,
    descendants,
    download,
    find_runs,
    read_run,
    step_outcomes,
    unfinished_run,
)
from tasks.tracking.run import Run

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun

__all__ = [
    "MlflowRun",
    "Run",
    "abandon_runs",
    "client",
    "comparison_address",
    "defer_signals",
    "descendants",
    "download",
    "experiment_id",
    "find_runs",
    "fluent_mlflow",
    "nothing_recorded",
    "public_uri",
    "read_run",
    "reconcile_runs",
    "recover",
    "step_outcomes",
    "tracked_run",
    "tracking_uri",
    "unfinished_run",
]
