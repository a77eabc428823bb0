"""Who owns a run or a file: a process by machine, number and start. Files of processes that are gone are not in use.

A number alone is given again to other processes, and a time of day moves when the clock is set; the start is therefore
counted by the kernel, in ticks since a boot that has an id of its own.
"""

import ctypes
import getpass
import hashlib
import os
import signal
import socket
import sys
from functools import cache
from pathlib import Path

import psutil

MARK_PARTS = 3


def process_tags() -> dict[str, str]:
    """This process as tags of a run."""
    started = start_of(os.getpid()) or ""
    return {"host": socket.gethostname(), "machine": machine(), "process": str(os.getpid()), "process_started": started}


@cache
def machine() -> str:
    """A digest of this machine's id and name: in a team, two may be called localhost."""
    files = [Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id")]
    numbers = [each.read_text().strip() for each in files if each.is_file()]
    return hashlib.sha256(" ".join([socket.gethostname(), *numbers[:1]]).encode()).hexdigest()[:8]


def user() -> str:
    """Who runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        return f"uid {os.getuid()}"


def user_and_machine() -> str:
    """Who runs this process, and where."""
    return f"{user()}@{socket.gethostname()}"


def process_mark() -> str:
    """This process as part of a file name: machine, number, start.

    By the machine and not its name alone: several that share a state folder may be called localhost.
    """
    return f"{machine()}.{os.getpid()}.{start_of(os.getpid())}"


def left_behind(mark: str) -> bool:
    """Whether the process of this mark was one of this machine and is gone. Other text names no process."""
    parts = mark.split(".")
    return _is_mark(parts) and parts[0] == machine() and not alive(int(parts[1]), parts[2])


def of_another_machine(mark: str) -> bool:
    """Whether this is the mark of a process of another machine, of which nobody here can say whether it lives."""
    parts = mark.split(".")
    return _is_mark(parts) and parts[0] != machine()


def _is_mark(parts: list[str]) -> bool:
    return len(parts) == MARK_PARTS and parts[1].isdecimal()


def alive(process: int, started: str) -> bool:
    """Whether the process of this number is still the one that started then; a zombie is not."""
    return bool(started) and start_of(process) == started


def start_of(process: int) -> str | None:
    """When a living process started, in a form that no other process of that number shares; None when there is none."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        state, ticks = fields[0], fields[19]  # fields 3 and 22 of proc(5): the name in brackets may hold anything
        return None if state in "ZX" else f"{_boot()}-{ticks}"
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self/stat").exists() else _start_elsewhere(process)


def _start_elsewhere(process: int) -> str | None:
    """The same on systems without /proc, by the clock."""
    try:
        return f"{psutil.Process(process).create_time():.0f}"
    except psutil.NoSuchProcess:
        return None


@cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]


PR_SET_PDEATHSIG = 1


def end_with_parent(sign: signal.Signals = signal.SIGTERM) -> None:
    """In a child: have the kernel send this signal when the parent dies. Linux only, elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, sign)
