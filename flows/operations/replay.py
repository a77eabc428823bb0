"""Replay: run a recorded run again from its record and the raw snapshots alone, and compare every artifact."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import tracking
from tasks.replay import checkout, lock, requests, rerunning, trees
from tasks.replay.verdicts import verdict
from tasks.runtime.progress import say
from tasks.store.outputs import Outputs
from tasks.tracking import requests as tracking_requests

if TYPE_CHECKING:
    from tasks.tracking import MlflowRun


def replay(run_id: str, keep: Path | None = None, any_libraries: bool = False) -> dict[str, Any]:
    """Run a retraining or a stage again and compare; return what `--json` prints.

    Everything is written into a temporary folder, or into `keep`, with a state folder and an MLflow of its own; the
    original store is only read. Raises ValueError when record, code, libraries or data are not to be had any more.
    """
    run = recorded_run(run_id)
    recorded = trees.steps_of(run.info.run_id)
    with _workshop(keep) as folder, checkout.checked_out(run, folder) as root:
        check_libraries(root / "requirements.lock", any_libraries)
        request = _read_request(run, folder)
        snapshots = trees.leaves(run.info.run_id)
        state = folder / "state"
        rerunning.link_inputs((name for names in snapshots.values() for name in names), state, _sources(run))
        paths = {key: [str(state / "store" / name) for name in names] for key, names in snapshots.items()}
        again = requests.pinned(request, paths, folder, run.data.tags.get("refitted"))
        made = rerunning.run_again(again, root, state, folder)
        replayed = [trees.from_record(step) for step in made["steps"]]
        return verdict(run, recorded, made, replayed, folder)


def recorded_run(run_id: str) -> "MlflowRun":
    """The finished root run of this id. Raises ValueError for another one."""
    run = tracking.read_run(run_id)
    if root := run.data.tags.get("root_run_id"):
        raise ValueError(f"run {run_id} is a part of run {root}: replay that one")
    if run.info.status != "FINISHED":
        raise ValueError(f"run {run_id} is {run.info.status}: only what was finished can be compared")
    return run


@contextmanager
def _workshop(keep: Path | None) -> Iterator[Path]:
    """A folder to work in, removed at the end unless it is one to keep. Raises ValueError when that is in use."""
    if keep is not None:
        yield Outputs().make_folder(keep)
        return
    folder = Path(tempfile.mkdtemp(prefix="crisisflow-replay-")).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_libraries(lock_file: Path, any_libraries: bool) -> None:
    """Raise ValueError when other libraries are installed than the run's lock pins, unless any will do."""
    wrong = lock.mismatches(lock_file)
    if wrong and not any_libraries:
        raise ValueError(
            f"{len(wrong)} libraries are not those of the run's lock: {', '.join(wrong[:10])}. Install the lock of its "
            "commit, or compare all the same with --any-libraries"
        )
    for each in wrong:
        say(f"  other library: {each}")


def _read_request(run: "MlflowRun", folder: Path) -> tracking_requests.Request:
    try:
        file = tracking.download(run.info.run_id, tracking_requests.FILE, folder)
    except FileNotFoundError as error:
        raise ValueError(
            f"run {run.info.run_id} cannot be replayed: it has no recorded request ({tracking_requests.FILE})"
        ) from error
    return tracking_requests.Request.read(file)


def _sources(run: "MlflowRun") -> str:
    """The sources that a run names, in words."""
    runs = [run, *tracking.descendants(run.info.run_id)]
    named = {each.data.tags["source"] for each in runs if "source" in each.data.tags}
    return ", ".join(sorted(named)) or "sources that its record does not name"
