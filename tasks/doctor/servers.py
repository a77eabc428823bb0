"""What runs on the folder: servers, processes that hold locks, and what dead processes left."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from tasks.doctor.finding import Finding
from tasks.runtime import running
from tasks.runtime.atomic_files import DRAFT
from tasks.runtime.open_files import users_of
from tasks.runtime.processes import left_behind
from tasks.runtime.state_folder import state_home
from tasks.scheduling import health
from tasks.tracking.artifacts import database_in

LOCKS = Path("/proc/locks")  # only Linux tells who holds a lock
STOPPED = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)


def up() -> Iterator[Finding]:
    """`crisisflow up`, and who else uses the databases."""
    try:
        running.refuse_moved()
    except ValueError as error:
        yield Finding("servers", False, str(error), "do what it says")
        return
    facts = health.health()
    for line in health.in_words(facts):
        if not line.startswith("Disk"):  # told of above
            yield Finding("servers", facts["healthy"] or not (facts["running"] or facts["stale"]), line)
    for name, database in (("MLflow", database_in(state_home())), ("Prefect", state_home() / "prefect" / "prefect.db")):
        for process, command in users_of(database).items():
            yield Finding("servers", True, f"{name}'s database is used by process {process} ({command})")


def locks() -> Iterator[Finding]:
    """Who holds a lock. A dead process holds none, but one that is stopped holds it until it goes on."""
    held = _lock_holders()
    for path in sorted((state_home() / "locks").glob("*")):
        facts = path.stat()
        for process in held.get((facts.st_dev, facts.st_ino), ()):
            stopped = _is_stopped(process)
            word = "is stopped and holds" if stopped else "holds"
            remedy = (
                f"let it go on with `kill -CONT {process}`, or end it with `kill -KILL {process}`" if stopped else ""
            )
            yield Finding("locks", not stopped, f"process {process} {word} the lock {path.name}", remedy)
    if not LOCKS.exists():
        yield Finding("locks", True, "this system does not say who holds locks; a dead process holds none")


def leftovers() -> Iterator[Finding]:
    """What dead processes left half written, which the next training removes."""
    home = state_home()
    drafts = [path for folder in (home, *home.glob("*/"), *home.glob("*/*/")) for path in folder.glob(f"{DRAFT}*")]
    dead = [path for path in drafts if left_behind(path.name.removeprefix(DRAFT).rpartition("-")[0])]
    if dead:
        yield Finding(
            "leftovers", True, f"{len(dead)} half written files of dead processes; the next training removes them"
        )


def _lock_holders() -> dict[tuple[int, int], list[int]]:
    """The processes that hold a lock, by device and inode of the file."""
    found: dict[tuple[int, int], list[int]] = {}
    if not LOCKS.exists():
        return found
    for line in LOCKS.read_text().splitlines():
        words = line.split()
        if "->" in words:  # it waits
            continue
        process, (major, minor, inode) = int(words[4]), words[5].split(":")
        device = os.makedev(int(major, 16), int(minor, 16))
        found.setdefault((device, int(inode)), []).append(process)
    return found


def _is_stopped(process: int) -> bool:
    try:
        return psutil.Process(process).status() in STOPPED
    except psutil.Error:
        return False
