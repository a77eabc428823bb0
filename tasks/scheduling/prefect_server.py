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

from tasks import database
from tasks.database import joining
from tasks.runtime.running import announced
from tasks.runtime.servers import LOOPBACK, Server, answers, start_process
from tasks.runtime.state_folder import locked, state_home
from tasks.scheduling import drain, team_server

CONNECTIONS, FEW_CONNECTIONS = 10, 4  # to the team's database: of the server of `up`, of that of one command


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
    return start_process("prefect", command, url, "/api/health", environment | database_settings())


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
        factory = "tasks.scheduling.team_server" if database.in_force() else "prefect.server.api.server"
        command = [sys.executable, "-m", "uvicorn", "--factory", f"{factory}:create_app"]
        command += ["--log-level", "error", "--fd", str(bound.fileno())]
        more = database_settings(FEW_CONNECTIONS)
        return start_process("prefect", command, url, "/api/health", environment | more, [bound.fileno()])


def database_settings(connections: int = CONNECTIONS) -> dict[str, str]:
    """What tells a Prefect server to use the team's database, with so many connections; nothing where there is none."""
    team = database.in_force()
    if team is None:
        return {}
    each = str(connections // 2)
    return {
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": team.prefect_url(),
        # `public` too, where an administrator may have installed the extension that Prefect needs.
        "PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_SEARCH_PATH": "prefect,public",
        "PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_APPLICATION_NAME": "crisisflow-prefect",
        "PREFECT_SERVER_DATABASE_SQLALCHEMY_POOL_SIZE": each,
        "PREFECT_SERVER_DATABASE_SQLALCHEMY_MAX_OVERFLOW": each,
        **team_server.SETTINGS,
    }


def client_settings() -> dict[str, str]:
    """Has Prefect's clients ask again, for minutes, where their server has lost the team's database.

    The server answers 500 while nothing listens at the database's port, and 503 while it starts.
    """
    if database.in_force() is None:
        return {}
    return {"PREFECT_CLIENT_RETRY_EXTRA_CODES": "500", "PREFECT_CLIENT_MAX_RETRIES": "7"}


def is_at_hand() -> bool:
    """Whether a server is named by PREFECT_API_URL, or runs for this state folder."""
    return bool(os.environ.get("PREFECT_API_URL") or announced())


@contextmanager
def prefect_server() -> Iterator[None]:
    """A Prefect server for the block, through PREFECT_API_URL; enter it before Prefect is imported.

    Raises RuntimeError if PREFECT_API_URL is set and no server answers there.
    """
    os.environ.update({name: value for name, value in client_settings().items() if name not in os.environ})
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
    team = database.in_force()
    if team is not None:
        with joining.while_tables_are_made(team, "prefect"):
            yield
        return
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
