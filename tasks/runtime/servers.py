"""Starting, finding and stopping the Prefect and MLflow servers, on loopback only.

A flow talks to the Prefect server named by PREFECT_API_URL, else to the one that `crisisflow up` runs on this state
folder, else to a temporary one of its own that ends with the process.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import httpx
import psutil

from tasks.runtime import running
from tasks.runtime.parents import end_with_parent
from tasks.scheduling import drain
from tasks.store.artifact_store import locked, state_home

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
        for process in below:  # in a group of its own, and deaf
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
    """Whether it still does anything: the dead whom nobody has counted yet do not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _descendants(process: int) -> list[psutil.Process]:
    try:
        return psutil.Process(process).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def answers(url: str) -> bool:
    """Whether something answers this address with success, within two seconds."""
    try:
        return httpx.get(url, timeout=2.0, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def free_port() -> int:
    """A port of the loopback interface that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def port_taken(port: int) -> bool:
    """Whether somebody listens on this port of the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0


def refuse_taken_port(name: str, port: int, option: str) -> None:
    """Raise ValueError when somebody listens on the port that a server wants."""
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
) -> Server:
    """Start a server in a process group of its own, logging to `logs/<name>.log`; it ends when this process does."""
    log = state_home() / "logs" / f"{name}.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as stream:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            pass_fds=pass_fds,
            cwd=folder,
            preexec_fn=_in_child,  # noqa: PLW1509  (two system calls; no lock is taken in the child)
        )
    return Server(name, process, url, health_path, log)


def _in_child() -> None:
    """Before the server's own code: let Ctrl-C through, which a shell may have turned off, and end with us."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end_with_parent()


def start_prefect(port: int) -> Server:
    """A Prefect server on loopback, with pages and scheduler."""
    url = f"http://{LOOPBACK}:{port}"
    environment = {
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_UI_API_URL": f"{url}/api",
        "PREFECT_API_URL": f"{url}/api",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", LOOPBACK, "--port", str(port)]
    return start_process("prefect", command, url, "/api/health", environment)


def start_temporary_prefect() -> Server:
    """A Prefect server without pages and scheduler: it starts faster.

    The port is bound here and handed over, so that no other process can take it before the server listens.
    """
    environment = {
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_UI_ENABLED": "0",
        "PREFECT__SERVER_EPHEMERAL": "1",
        "PREFECT__SERVER_FINAL": "1",
    }
    with socket.create_server((LOOPBACK, 0)) as bound:
        url = f"http://{LOOPBACK}:{bound.getsockname()[1]}"
        command = [sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"]
        command += ["--log-level", "error", "--fd", str(bound.fileno())]
        return start_process("prefect", command, url, "/api/health", environment, [bound.fileno()])


def start_mlflow(port: int) -> Server:
    """MLflow's pages and tracking API on loopback, over the state folder's database."""
    from tasks.tracking.connection import make_database

    command = [sys.executable, "-m", "mlflow", "server", "--host", LOOPBACK, "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", make_database()]
    command += ["--default-artifact-root", (state_home() / "mlflow" / "artifacts").as_uri()]
    environment = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONWARNINGS": "ignore"}
    return start_process("mlflow", command, f"http://{LOOPBACK}:{port}", "/health", environment)


def announced() -> dict[str, str]:
    """The addresses that `crisisflow up` announced, when its servers still answer; else nothing."""
    addresses = running.told()
    return addresses if "prefect" in addresses and answers(f"{addresses['prefect']}/api/health") else {}


@contextmanager
def prefect_server() -> Iterator[None]:
    """A Prefect server for the block, through PREFECT_API_URL; enter it before Prefect is imported.

    Raises RuntimeError when PREFECT_API_URL is set and nobody answers there.
    """
    chosen = os.environ.get("PREFECT_API_URL")
    if chosen:
        if not answers(f"{chosen}/health"):
            raise RuntimeError(
                f"no Prefect server answers at {chosen}: start it, or unset PREFECT_API_URL to use a temporary one"
            )
        yield
        return
    if addresses := announced():
        os.environ["PREFECT_API_URL"] = f"{addresses['prefect']}/api"
        yield
        return
    with ExitStack() as stack:
        with tables_made_once():
            server = start_temporary_prefect()
            stack.callback(server.stop)
            stack.callback(os.environ.pop, "PREFECT_API_URL", None)
            os.environ["PREFECT_API_URL"] = f"{server.url}/api"
            _import_meanwhile()
            server.wait_until_healthy()
        try:
            yield
        finally:
            drain.settle()


@contextmanager
def tables_made_once() -> Iterator[None]:
    """For the block, which ends when a Prefect server is healthy, hold others back if it is the first of its version.

    A new server makes or changes the tables of Prefect's database, and two that do so at once fail.
    """
    made = state_home() / "prefect" / f"tables-{metadata.version('prefect')}"
    with ExitStack() as stack:
        if not made.exists():
            stack.enter_context(locked("prefect"))
        if made.exists():  # while this process waited
            stack.close()
        yield
        made.parent.mkdir(exist_ok=True)
        made.touch()


def _import_meanwhile() -> None:
    """Load what every flow needs while the server starts on the other core."""
    import prefect  # noqa: F401  (imported for its effect)

    from tasks.tracking import experiment_id

    experiment_id()
