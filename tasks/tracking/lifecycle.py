"""Opening and closing runs: none is left RUNNING by an exception, a signal or a dead process."""

import logging
import resource
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from tasks import processes, provenance
from tasks.tracking.queries import find_runs
from tasks.tracking.run import Run
from tasks.tracking.server import client, experiment_id

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun

logger = logging.getLogger(__name__)


@contextmanager
def tracked_run(
    name: str, stage: str, parent: Run | None = None, settings: BaseModel | Mapping[str, Any] | None = None
) -> Iterator[Run]:
    """An open run for the block: a child of `parent`, or the root of a new tree.

    Closed as FINISHED, as KILLED on Ctrl-C or SIGTERM, as FAILED (with the error as a tag) on anything else.
    """
    if parent is None:
        reconcile_runs()
    start = time.monotonic()
    run = _open(name, stage, parent)
    try:
        if settings is not None:
            run.log_settings(settings.model_dump() if isinstance(settings, BaseModel) else settings)
        if parent is None:
            provenance_files = provenance.dirty_patch()
            if provenance_files:
                run.log_text(provenance_files, "code/uncommitted.patch")
        yield run
    except Exception as error:
        run.tag(error=f"{type(error).__name__}: {error}"[:500])
        _close(run, "FAILED", start)
        raise
    except BaseException:  # Ctrl-C, SIGTERM, and Prefect's own signal that a run is to end
        _close(run, "KILLED", start)
        raise
    _close(run, "FINISHED", start)


def _open(name: str, stage: str, parent: Run | None) -> Run:
    tags = {
        "mlflow.runName": name if parent else f"{name} {datetime.now():%Y-%m-%d %H:%M:%S}",
        "mlflow.source.name": "crisisflow",
        "stage": stage,
        **provenance.code_tags(),
        **processes.process_tags(),
    }
    if parent is not None:
        tags["mlflow.parentRunId"] = parent.run_id
        tags["root_run_id"] = parent.root_id
    else:
        tags |= provenance.host_tags()
    opened = client().create_run(experiment_id(), tags=tags)
    run_id = opened.info.run_id
    return Run(run_id=run_id, root_id=parent.root_id if parent else run_id)


def _close(run: Run, status: str, start: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    run.log_metrics({"duration_seconds": round(time.monotonic() - start, 3), "peak_memory_mb": round(peak, 1)})
    client().set_terminated(run.run_id, status)


def reconcile_runs() -> int:
    """Close the runs that a dead process of this host left RUNNING, as KILLED; return how many."""
    dead = [run for run in _running() if not _alive(run)]
    for run in dead:
        client().set_tag(run.info.run_id, "error", "its process ended without closing the run")
        client().set_terminated(run.info.run_id, "KILLED")
    if dead:
        logger.warning("closed %d runs whose process is gone", len(dead))
    return len(dead)


def _running() -> "list[MlflowRun]":
    mine = f"tags.host = '{socket.gethostname()}' and tags.process != '' and tags.process_started != ''"
    return find_runs(f"attributes.status = 'RUNNING' and {mine}")


def _alive(run: "MlflowRun") -> bool:
    """Whether the process that opened the run still exists."""
    tags = run.data.tags
    return processes.alive(int(tags["process"]), tags["process_started"])
