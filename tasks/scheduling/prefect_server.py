"""Prefect's server: the one in force, the one of `crisisflow up`, or a temporary one that ends with the process.

A flow talks to the server named by PREFECT_API_URL, else to the one that `crisisflow up` runs on this state folder,
else to a temporary one.
"""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import metadata

from tasks.runtime.running import announced
from tasks.runtime.servers import LOOPBACK, Server, answers, start_process
from tasks.runtime.state_folder import locked, state_home
from tasks.scheduling import drain


def start_prefect(port: int) -> Server:
    """A Prefect server on loopback, with scheduler, pages, and our start page among them."""
    url = f"http://{LOOPBACK}:{port}"
    environment = {
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_UI_API_URL": f"{url}/api",
        "PREFECT_API_URL": f"{url}/api",
        "PREFECT__SERVER_FINAL": "1",
    }
    command = [sys.executable, "-m", "uvicorn", "--factory", "tasks.scheduling.prefect_pages:create_app"]
    command += ["--log-level", "warning", "--host", LOOPBACK, "--port", str(port)]
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


def is_at_hand() -> bool:
    """Whether a server is named by PREFECT_API_URL, or runs for this state folder."""
    return bool(os.environ.get("PREFECT_API_URL") or announced())


@contextmanager
def prefect_server() -> Iterator[None]:
    """A Prefect server for the block, through PREFECT_API_URL; enter it before Prefect is imported.

    Raises RuntimeError if PREFECT_API_URL is set and no server answers there.
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
            drain.drain()


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
