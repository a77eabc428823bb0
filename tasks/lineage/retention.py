"""Freeing the store of artifacts that nothing needs any more.

Needed is what a registered model was made of; what a run tagged `keep` or a run younger than the limit has made or
read; what was used since then; what runs of another tracking store or experiment have made; and what all those were
made of in turn. Raw snapshots, which cannot be computed again, are needed by every run that MLflow still has: delete
the run there to let go of them.
"""

import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import registry, tracking
from tasks.caching.inventory import inputs_of, name_of, size, stored_artifacts
from tasks.caching.records import Record, kept_code, records
from tasks.database import in_force
from tasks.registry.versions import REFIT
from tasks.runtime import atomic_files
from tasks.tracking.queries import deleted_run

if TYPE_CHECKING:
    from tasks.tracking import MlflowRun

KEEP = "keep"  # a tag that people set in MLflow's pages


@dataclass(frozen=True)
class Pruned:
    """An artifact that was deleted, or would be."""

    artifact: str
    bytes: int
    used: float


def prune(age_seconds: float, dry_run: bool = False) -> dict[str, Any]:
    """Delete every artifact that is not needed and was not used for so long; return what was freed.

    Raises RuntimeError while a run goes on, for it may be about to read what has not been used for long.
    """
    limit = time.time() - age_seconds
    everything = list(records())
    needed = needed_artifacts(everything, limit)
    last_used = _last_used(everything)
    doomed = [path for path in stored_artifacts() if name_of(path) not in needed and last_used(path) < limit]
    freed = [Pruned(name_of(path), size(path), last_used(path)) for path in doomed]
    if not dry_run:
        _refuse_while_running()
        _delete(doomed, everything)
    return {
        "dry_run": dry_run,
        "freed_bytes": sum(each.bytes for each in freed),
        "freed": [vars(each) for each in freed],
        "kept": len(needed),
    }


def _last_used(everything: Iterable[Record]) -> Callable[[Path], float]:
    """When an artifact was last made, reused or received."""
    used: dict[str, float] = {}
    for record in everything:
        used[record.action.output] = max(record.used, used.get(record.action.output, 0.0))

    def last_used(path: Path) -> float:
        traces = [path, *path.parent.glob(f"{path.name}.provenance.jsonl")]
        return max(used.get(name_of(path), 0.0), *(trace.stat().st_mtime for trace in traces))

    return last_used


def needed_artifacts(everything: Iterable[Record], limit: float) -> set[str]:
    """The names of all artifacts that must stay, with all that they were made of."""
    everything = list(everything)
    runs = tracking.find_runs("")
    trees = _needed_trees(runs, limit)
    active = {run.info.run_id for run in runs}
    wanted = {
        record.action.output
        for record in everything
        if record.used >= limit or not (record.action.run_id in active or deleted_run(record.action.run_id))
    }
    made = ("artifact", REFIT)  # the judged model, and what is served of it
    wanted |= {version.tags[name] for version in registry.versions() for name in made if name in version.tags}
    wanted |= {name for run in runs if _root(run) in trees for name in _touched(run)}
    wanted |= {name for run in runs for name in _touched(run) if name.startswith("raw/")}
    return _with_ancestors(wanted, everything)


def _needed_trees(runs: Iterable["MlflowRun"], limit: float) -> set[str]:
    """Root runs of registered models, of runs tagged `keep`, and of runs younger than the limit."""
    registered = {version.run_id for version in registry.versions()}
    return {
        _root(run)
        for run in runs
        if run.info.run_id in registered
        or run.data.tags.get(KEEP, "false").lower() not in ("", "false", "no", "0")
        or run.info.start_time / 1000 >= limit
    }


def _root(run: "MlflowRun") -> str:
    return str(run.data.tags.get("root_run_id", run.info.run_id))


def _touched(run: "MlflowRun") -> set[str]:
    """The artifacts that a run has read or made."""
    datasets = [each.dataset for each in run.inputs.dataset_inputs] if run.inputs else []
    read = {f"{dataset.name}/{dataset.digest}" for dataset in datasets}
    return read | ({run.data.tags["output"]} if "output" in run.data.tags else set())


def _with_ancestors(wanted: set[str], everything: Iterable[Record]) -> set[str]:
    sources: dict[str, set[str]] = {}
    for record in everything:
        sources.setdefault(record.action.output, set()).update(inputs_of(record))
    waiting = list(wanted)
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += sources.get(name, ())
    return found


def _refuse_while_running() -> None:
    """Raise RuntimeError while a run goes on, in a team one of this machine: others keep stores of their own."""
    tracking.recover()
    here = f" and tags.host = '{socket.gethostname()}'" if in_force() else ""
    if running := tracking.find_runs(f"attributes.status = 'RUNNING'{here}", limit=1):
        raise RuntimeError(f"run {running[0].info.run_id} ({running[0].info.run_name}) goes on: prune when it is done")


def _delete(doomed: Iterable[Path], everything: Iterable[Record]) -> None:
    """Records first: what is cut short leaves artifacts without a record, never a record without its artifact."""
    names = {name_of(path) for path in doomed}
    left = [record for record in everything if record.action.output not in names]
    for record in everything:
        if record.action.output in names:
            record.file.unlink(missing_ok=True)
    for path in doomed:
        discarded = Path(tempfile.mkdtemp(prefix=atomic_files.draft_prefix(), dir=path.parent))
        path.rename(discarded / path.name)
        shutil.rmtree(discarded)
        path.with_name(f"{path.name}.provenance.jsonl").unlink(missing_ok=True)
    shown = {digest for record in left for digest in record.parts.get("code", {}).values()}
    for file in kept_code("*").parent.glob("*.py"):
        if file.stem not in shown:
            file.unlink(missing_ok=True)
