"""Which processes have a file open, so that it is not changed under them."""

import os
from pathlib import Path

import psutil

SHOWN_CHARACTERS = 60


def users_of(path: Path) -> dict[int, str]:
    """The other processes that have this file open, by number, each with its command line.

    Only those that this user may look into; a file that is not there has no users.
    """
    if not path.exists():
        return {}
    found = {}
    for process in psutil.process_iter(["cmdline"]):
        try:
            opened = process.pid != os.getpid() and any(_same(each.path, path) for each in process.open_files())
        except psutil.Error:
            continue
        if opened:
            program, *arguments = process.info["cmdline"] or ["?"]
            found[process.pid] = " ".join([Path(program).name, *arguments])[:SHOWN_CHARACTERS]
    return found


def refuse_while_open(path: Path, why: str) -> None:
    """Raise ValueError naming a process that has this file open, and saying why that is in the way."""
    for process, command in users_of(path).items():
        raise ValueError(f"process {process} ({command}) uses {path}, but {why}: end it and try again")


def _same(opened: str, path: Path) -> bool:
    try:
        return os.path.samefile(opened, path)
    except OSError:  # it was deleted
        return False
