"""Connections to the team's database, and in one sentence why there is none and what to do."""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tasks.database.address import Address
from tasks.runtime import signals
from tasks.runtime.progress import say

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

WAIT_SECONDS = 10
DRIVER_MISSING = "the driver of PostgreSQL is not installed: run `pip install 'crisisflow[team]'`"
NO_DATABASE, NO_RIGHT, NO_ROOM, STARTING = "3D000", "42501", "53300", "57P03"
# A lock of a machine that has lost its power is free again after a minute, not after two hours.
KEEP_ALIVE = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
PASSING = ("", NO_ROOM, STARTING)  # what a server that comes back does not say any more
PATIENCE_SECONDS, LONGEST_PAUSE_SECONDS = 240.0, 8.0
WRONG_USER = ("28P01", "28000")


class UnusableDatabase(ValueError):
    """The team's database cannot be used; `state` is PostgreSQL's code for the reason, or empty."""

    def __init__(self, message: str, state: str = "") -> None:
        super().__init__(message)
        self.state = state


@contextmanager
def connected(address: Address, name: str = "") -> Iterator["Connection"]:
    """A connection, closed after the block; every statement is a transaction. Raises UnusableDatabase."""
    connection = connect(address, name)
    try:
        yield connection
    finally:
        connection.close()


def connect(address: Address, name: str = "") -> "Connection":
    """A connection to the database, or to another one of its server. Raises UnusableDatabase."""
    driver = _driver()
    named: dict[str, Any] = {"host": address.host, "port": address.port, "dbname": name or address.name}
    if address.user:
        named["user"] = address.user
    more = {"connect_timeout": WAIT_SECONDS, "application_name": "crisisflow", "options": KEEP_ALIVE}
    try:
        connection = driver.connect(**named, **more)
    except driver.OperationalError as error:
        words = str(error)
    else:
        connection.autocommit = True
        return connection
    state, said = _reason(named)
    raise in_words(address, state, said or words)  # outside of `except`: this sentence says more than its cause


def connect_patiently(address: Address) -> "Connection":
    """A connection, also where the server is away for some minutes. Raises UnusableDatabase."""
    patience = Patience(str(address))
    while True:
        try:
            return connect(address)
        except UnusableDatabase as error:
            if error.state not in PASSING or not patience.wait():
                raise


class Patience:
    """Waits between attempts to reach a server that is away: 0.5, 1, 2, 4, 8, 8, ... s, for four minutes."""

    def __init__(self, server: str) -> None:
        self._server, self._began, self._attempts = server, time.monotonic(), 0

    def wait(self) -> bool:
        """Wait, and say so; False when that was long enough, or somebody wants the process to end."""
        pause = min(0.5 * 2**self._attempts, LONGEST_PAUSE_SECONDS)
        self._attempts += 1
        if time.monotonic() + pause - self._began > PATIENCE_SECONDS:
            return False
        if self._attempts > 1:  # the first pause is what a restart takes
            say(f"  {self._server} does not answer: trying again in {pause:.0f} s")
        return not signals.pending(pause)


def query(connection: "Connection", statement: Any, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The rows of a statement; none of one that has no rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def _driver() -> Any:
    try:
        import psycopg2
    except ImportError:  # asyncpg, the other one, comes with Prefect
        raise UnusableDatabase(DRIVER_MISSING) from None
    return psycopg2


def _reason(named: dict[str, Any]) -> tuple[str, str]:
    """PostgreSQL's code and words for why no connection is made: psycopg2 keeps the words alone, in any language."""
    found: list[tuple[str, str]] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(_ask(named))))  # this one may run a loop
    thread.start()
    thread.join()
    return found[0] if found else ("", "")


async def _ask(named: dict[str, Any]) -> tuple[str, str]:
    import asyncpg

    given = {"database" if name == "dbname" else name: value for name, value in named.items()}
    try:
        connection = await asyncpg.connect(timeout=WAIT_SECONDS, **given)
    except asyncpg.PostgresError as error:
        return str(error.sqlstate), str(error)
    except (OSError, TimeoutError, asyncpg.InterfaceError, ValueError) as error:
        return "", str(error) or "no answer in time"
    await connection.close()
    return "", "it did not answer at first, and does now: try again"


def in_words(address: Address, state: str, said: str) -> UnusableDatabase:
    """The reason for a person, with what to do."""
    user = address.user or os.environ.get("PGUSER") or "the user of this system"
    said = " ".join(said.split())
    if state in WRONG_USER:
        words = (
            f"{address} refuses {user} ({said}): correct the user in the address, or the password in the file that "
            "PGPASSFILE names (host:port:database:user:password, mode 600)"
        )
    elif state == NO_DATABASE:
        words = (
            f"there is no database {address.name} at {address.host}:{address.port}, and {user} may not make one: let "
            f'an administrator run `CREATE DATABASE "{address.name}" OWNER "{user}"`'
        )
    elif state == NO_RIGHT:
        words = (
            f"{user} lacks rights on {address} ({said}): let an administrator run "
            f'`ALTER DATABASE "{address.name}" OWNER TO "{user}"`'
        )
    elif state == NO_ROOM:
        words = f"{address} takes no more connections ({said}): raise its max_connections, or end other programs"
    elif state == STARTING:
        words = f"{address} is starting or stopping ({said}): try again in a minute"
    else:
        words = f"no PostgreSQL server answers for {address} ({said}): start it, or correct host and port"
    return UnusableDatabase(words, state)
