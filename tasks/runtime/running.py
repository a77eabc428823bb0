"""What a running `crisisflow up` says of itself to other commands, and to a second one that would start."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tasks.runtime.atomic_files import write_atomically
from tasks.runtime.processes import alive, start_of
from tasks.runtime.servers import answers
from tasks.runtime.state_folder import state_home


def running_file() -> Path:
    """Where `crisisflow up` writes what it runs."""
    return state_home() / "running.json"


def announce(addresses: Mapping[str, str]) -> None:
    """Let later commands find the servers of this process."""
    home = state_home()
    mark = {"process": os.getpid(), "started": start_of(os.getpid()), "home": str(home), "folder": _identity(home)}
    write_atomically(running_file(), json.dumps({**mark, **addresses}, indent=1))


def read_state() -> dict[str, Any]:
    """What `crisisflow up` announced last, whether it lives or not; nothing when it ended well.

    Nothing either in a copy of the folder: those servers are the original's.
    """
    try:
        announced = dict(json.loads(running_file().read_text()))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return announced if announced.get("folder", _identity(state_home())) == _identity(state_home()) else {}


def refuse_moved() -> None:
    """Raise ValueError when the folder was moved while `crisisflow up` runs: its servers write to the old place."""
    announced = read_state()
    before = announced.get("home", str(state_home()))
    if before != str(state_home()) and up_lives(announced):
        raise ValueError(
            f"the state folder was moved from {before} to {state_home()} while `crisisflow up` runs as process "
            f"{announced['process']}: end it with `kill {announced['process']}`, and start it again"
        )


def _identity(folder: Path) -> list[int]:
    """What a folder keeps when it is moved on its disk, and a copy does not share."""
    found = folder.stat()
    return [found.st_dev, found.st_ino]


def up_lives(announcement: Mapping[str, Any]) -> bool:
    """Whether the process that announced this is still there."""
    return alive(int(announcement["process"]), str(announcement.get("started") or ""))


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """For the block, the only process in a block of this name. Raises ValueError, at once, when there is another."""
    path = state_home() / "locks" / name
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = read_state().get("process")
            other = f"as process {who}" if who else "and is just starting"
            raise ValueError(f"it is running already, {other}: see `crisisflow status`") from None
        yield


def announced() -> dict[str, str]:
    """The addresses that `crisisflow up` announced, when its servers still answer; else nothing."""
    addresses = read_state()
    return addresses if "prefect" in addresses and answers(f"{addresses['prefect']}/api/health") else {}
