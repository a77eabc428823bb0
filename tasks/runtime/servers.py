"""Starting and stopping servers as processes, on loopback only."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tasks.runtime.processes import end_with_parent
from tasks.runtime.state_folder import state_home

LOOPBACK = "127.0.0.1"
START_TIMEOUT_SECONDS = 180.0
STOP_TIMEOUT_SECONDS = 10.0


@dataclass
class Server:
    """A process that this one started: how it is called, where it answers, where it logs."""

    name: str
    process: subprocess.Popen[bytes]
    url: str
    health_path: str
    log: Path
    stop_seconds: float = STOP_TIMEOUT_SECONDS

    def wait_until_healthy(self, timeout_seconds: float = START_TIMEOUT_SECONDS) -> None:
        """Return once the server answers; raise RuntimeError naming its log when it ends or takes too long."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the {self.name} server ended while starting; its log: {self.log}")
            if answers(self.url + self.health_path):
                return
            time.sleep(0.1)
        raise RuntimeError(f"the {self.name} server did not answer within {timeout_seconds:.0f} s; its log: {self.log}")

    def stop(self) -> None:
        """End the server and everything it started, also when it has died before its children; kill what lingers."""
        below = _descendants(self.process.pid)
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if self._group_lives():
                os.killpg(self.process.pid, sign)
            deadline = time.monotonic() + self.stop_seconds
            while time.monotonic() < deadline and self._anything_lives(below):
                time.sleep(0.05)
        for process in below:  # in its own process group; ignores SIGTERM
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def _anything_lives(self, below: Sequence[psutil.Process]) -> bool:
        return self._group_lives() or any(map(_lives, below))

    def _group_lives(self) -> bool:
        """Whether any process of the server's group is left; reaps the server itself."""
        self.process.poll()
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True


def _lives(process: psutil.Process) -> bool:
    """True if running; zombies count as dead."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _descendants(process: int) -> list[psutil.Process]:
    try:
        children: list[psutil.Process] = psutil.Process(process).children(recursive=True)
        return children
    except psutil.NoSuchProcess:
        return []


def answers(url: str) -> bool:
    """Whether something answers this address with success, within two seconds."""
    try:
        return httpx.get(url, timeout=2.0, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def port_taken(port: int) -> bool:
    """Whether a process listens on this port of the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0


def refuse_taken_port(name: str, port: int, option: str) -> None:
    """Raise ValueError if the port that a server needs is taken."""
    if port_taken(port):
        raise ValueError(f"port {port} for {name} is taken: choose another with {option}, or end what listens there")


def start_process(
    name: str,
    command: Sequence[str],
    url: str,
    health_path: str,
    environment: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    folder: Path | None = None,
    stdin: str | None = None,
    lasting: bool = False,
) -> Server:
    """Start a server in a process group of its own, logging to `logs/<name>.log`; it ends when this process does.

    It reads the text `stdin`, where there is one; one that is `lasting` outlives this process.
    """
    log = state_home() / "logs" / f"{name}.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as stream:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=stream,
            stderr=stream,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            pass_fds=pass_fds,
            cwd=folder,
            preexec_fn=None if lasting else _in_child,  # noqa: PLW1509  (two system calls; no lock is taken in the child)
        )
    if process.stdin is not None:
        with process.stdin:
            process.stdin.write((stdin or "").encode())
    return Server(name, process, url, health_path, log)


def _in_child() -> None:
    """Before the server's own code: let Ctrl-C through, which a shell may have turned off, and end with us."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end_with_parent()
