"""The folder itself: its layout, who can read it, parts that lie elsewhere, room on the disk."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil

from tasks.doctor.finding import Finding
from tasks.runtime.state_folder import LEAST_FREE_BYTES, state_home
from tasks.scheduling.health import LEAST_DISK_BYTES
from tasks.store import layout

# On these, locks between processes, which SQLite relies on, may not hold.
NETWORK_FILE_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs")


def layout_found() -> Iterator[Finding]:
    """Which layout the folder has, and whether this version can use it."""
    home = state_home()
    try:
        number = layout.layout_of(home)
    except ValueError as error:
        yield Finding("layout", False, str(error), "do what it says")
        return
    older = "" if number == layout.LAYOUT else f", which the next command brings to {layout.LAYOUT}"
    yield Finding("layout", True, f"{home} has layout {number}{older}")


def access() -> Iterator[Finding]:
    """Whether the folder is its owner's alone, as tweets and models are to be."""
    home = state_home()
    mode = stat.S_IMODE(home.stat().st_mode)
    if mode & 0o077:
        yield Finding("access", False, f"{home} is open to others (mode {mode:o})", f"run `chmod 700 '{home}'`")
    if home.stat().st_uid != os.geteuid():
        owner = home.stat().st_uid
        yield Finding("access", False, f"{home} belongs to user {owner}", "work as that user, or `chown` the folder")


def links() -> Iterator[Finding]:
    """Parts that lie elsewhere, and databases with a second name: a copy would share them with the original."""
    home = state_home()
    for path in [*home.iterdir(), *home.glob("mlflow/*"), *home.glob("prefect/*")]:
        if path.is_symlink() and not path.resolve().is_relative_to(home):
            yield Finding(
                "links",
                False,
                f"{path} is a link to {path.resolve()}: a copy of the folder shares it",
                "copy the folder with `crisisflow backup` and `restore`, which follow links, or mount a disk there",
            )
        elif path.suffix == ".db" and path.stat().st_nlink > 1:
            yield Finding(
                "links",
                False,
                f"{path} has another name elsewhere (a hard link): two folders write to one database, which tears it",
                f"end what uses it, then `cp '{path}' copy.db` and `mv copy.db '{path}'`",
            )


def disk() -> Iterator[Finding]:
    """Room on the disk, and what kind of disk it is."""
    home = state_home()
    free = shutil.disk_usage(home).free
    enough = free >= LEAST_DISK_BYTES
    soon = "" if enough else f"; commands that compute stop below {LEAST_FREE_BYTES >> 20} MiB"
    remedy = "" if enough else "make room with `crisisflow cache prune --older-than 30d`, or move the folder"
    yield Finding("disk", enough, f"{free / (1 << 30):,.1f} GiB free{soon}", remedy)
    kind = _file_system(home)
    if kind in NETWORK_FILE_SYSTEMS:
        yield Finding(
            "disk",
            False,
            f"{home} lies on a network file system ({kind}), where locks may not hold: use it from one machine only",
            "move the folder to a local disk; for a team run one tracking server (docs/how-to/mlflow.md)",
        )


def _file_system(home: Path) -> str:
    """The kind of the file system that holds the folder; empty where that is not known."""
    mounts = [each for each in psutil.disk_partitions(all=True) if home.is_relative_to(each.mountpoint)]
    return max(mounts, key=lambda each: len(each.mountpoint)).fstype if mounts else ""
