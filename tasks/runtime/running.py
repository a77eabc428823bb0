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
    mark = {"process": os.getpid(), "started": start_of(os.getpid())}
    write_atomically(running_file(), json.dumps({**mark, **addresses}, indent=1))


def read_state() -> dict[str, Any]:
    """What `crisisflow up` announced last, whether it lives or not; nothing when it ended well."""
    try:
        return dict(json.loads(running_file().read_text()))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


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
