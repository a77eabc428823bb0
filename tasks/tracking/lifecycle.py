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

from models.wording import counted
from tasks.runtime import errors, processes, signals
from tasks.runtime.atomic_files import remove_leftovers
from tasks.store import checkpoints
from tasks.store.digests import combine
from tasks.tracking import prefect_link, provenance
from tasks.tracking.connection import client, defer_signals, experiment_id
from tasks.tracking.queries import descendants, find_runs, unfinished_run
from tasks.tracking.run import Run

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun

logger = logging.getLogger(__name__)


@contextmanager
def tracked_run(
    name: str, stage: str, parent: Run | None = None, settings: BaseModel | Mapping[str, Any] | None = None
) -> Iterator[Run]:
    """An open run for the block: a child of `parent`, or the root of a new tree.

    Closed as FINISHED, as KILLED on Ctrl-C or SIGTERM, as FAILED on anything else, with the error as a tag. A root
    names the run that it `resumes`: the same request before it, if that was cut short. One whose input was refused
    before any step was done is called so.
    """
    signals.raise_if_interrupted()
    if parent is None:
        recover()
    settings = settings.model_dump() if isinstance(settings, BaseModel) else settings or {}
    start, run = time.monotonic(), None
    try:
        links = prefect_link.prefect_tags()
        tags = _tags(name, stage, parent, settings) | links
        with defer_signals():  # else a signal could leave a run that no code closes
            run = _open(tags, parent)
        if links and "prefect.task_run_id" not in links:
            prefect_link.link_flow_run(run)
        run.log_settings(settings)
        if parent is None:
            provenance.log_patch(run)
        yield run
    except BaseException as error:
        if run is not None:
            _close_after(error, run, start)
        raise
    _close(run, "FINISHED", start)


def _tags(name: str, stage: str, parent: Run | None, settings: Mapping[str, Any]) -> dict[str, str]:
    return {
        "mlflow.runName": name if parent else f"{name} {datetime.now():%m-%d %H:%M}",
        "mlflow.source.name": "crisisflow",
        "stage": stage,
        **provenance.code_tags(),
        **processes.process_tags(),
        **(_child_tags(parent) if parent else _root_tags(stage, settings)),
    }


def _open(tags: Mapping[str, str], parent: Run | None) -> Run:
    run_id = client().create_run(experiment_id(), tags=dict(tags)).info.run_id
    if parent is not None:
        return parent.child(run_id)
    return Run(run_id=run_id, root_id=run_id, root_name=tags["mlflow.runName"])


def _child_tags(parent: Run) -> dict[str, str]:
    fold = {"fold": parent.fold} if parent.fold else {}
    return {"mlflow.parentRunId": parent.run_id, "root_run_id": parent.root_id, **fold}


def _root_tags(stage: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Facts about the machine; what was asked for, as a digest; the run that was cut short at the same request."""
    request = combine({"stage": stage, "settings": settings, "parameters": prefect_link.flow_parameters()})
    resumed = unfinished_run(request=request)
    return {**provenance.host_tags(), "request": request, **({"resumes": resumed} if resumed else {})}


def _close(run: Run, status: str, start: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    run.log_metrics({"duration_seconds": round(time.monotonic() - start, 3), "peak_memory_mb": round(peak, 1)})
    client().set_terminated(run.run_id, status)


def _close_after(error: BaseException, run: Run, start: float) -> None:
    """Close a run that an error or a signal has ended. Where that fails too, `recover` closes it later."""
    message = f"{type(error).__name__}: {error}".removesuffix(": ")[:500]
    try:
        if errors.tracking_lost(error):  # waited for long enough
            raise ConnectionError("its server does not answer")
        run.tag(error=message)
        if isinstance(error, errors.BAD_INPUT) and run.run_id == run.root_id and not _anything_computed(run):
            _mark_refused(run, str(error))
        _close(run, "FAILED" if isinstance(error, Exception) else "KILLED", start)
    except Exception as failure:
        reason = str(failure).partition("\n")[0]
        logger.warning("run %s could not be closed (%s): the next command will mark it as killed", run.run_id, reason)


def _anything_computed(root: Run) -> bool:
    """Whether a step below this root was run or reused, or a model is being scored with."""
    return any("step_outcome" in each.data.tags for each in descendants(root.run_id))


def _mark_refused(root: Run, reason: str) -> None:
    """Name a run that ended before any work for what it is; the views of the experiment leave it out."""
    root.rename(f"refused: {root.root_name}")
    root.describe(f"Refused before any work: {reason}")
    root.tag(refused="true")


def recover() -> None:
    """Put in order what dead processes left: runs that seem to run, unfinished files, checkpoints of long ago."""
    reconcile_runs()
    remove_leftovers()
    checkpoints.remove_stale()


def reconcile_runs() -> int:
    """Close the runs that a dead process of this host left RUNNING, as KILLED; return how many.

    Their flow runs end as CRASHED, where this process has a Prefect server.
    """
    dead = [run for run in _running() if not _alive(run)]
    for run in dead:
        client().set_tag(run.info.run_id, "error", "its process ended without closing the run")
        client().set_terminated(run.info.run_id, "KILLED")
    if dead:
        prefect_link.crash_flow_runs({run.data.tags.get("prefect.flow_run_id", "") for run in dead} - {""})
        logger.warning("closed %s whose process is gone", counted(len(dead), "run"))
    return len(dead)


def abandon_runs() -> int:
    """Close as KILLED every run that this process has open, for it is about to be ended; return how many."""
    own = processes.process_tags()
    mine = [run for run in _running() if {name: run.data.tags.get(name) for name in own} == own]
    for run in mine:
        client().set_tag(run.info.run_id, "error", "its process was ended before it could close the run")
        client().set_terminated(run.info.run_id, "KILLED")
    return len(mine)


def _running() -> "list[MlflowRun]":
    mine = f"tags.host = '{socket.gethostname()}' and tags.process != '' and tags.process_started != ''"
    found = find_runs(f"attributes.status = 'RUNNING' and {mine}")
    here = processes.machine()  # earlier versions did not write it down
    return [run for run in found if run.data.tags.get("machine", here) == here]


def _alive(run: "MlflowRun") -> bool:
    """Whether the process that opened the run still exists."""
    tags = run.data.tags
    return processes.alive(int(tags["process"]), tags["process_started"])
