"""Locks between all that share a database: PostgreSQL's advisory locks, which end with the connection that holds them.

They need a connection that stays: not one through a pooler such as PgBouncer in its transaction mode.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tasks.database.address import in_force
from tasks.database.connection import connect_patiently, query
from tasks.runtime.state_folder import locked

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

LOOK_EVERY_SECONDS = 0.2


class LostLock(RuntimeError):
    """The database was away while a lock was held, and another process may have had it since."""

    def __init__(self) -> None:
        super().__init__("the team's database was away meanwhile, and somebody else may have changed it: try again")


class Lock:
    """A lock that is held, in the state folder alone or in a database."""

    def __init__(self, connection: "Connection | None") -> None:
        self._connection = connection

    def unbroken(self) -> bool:
        """Whether it is still held: a server that was away has freed it, and another process may hold it now."""
        if self._connection is None:
            return True
        from psycopg2 import Error

        try:
            return query(self._connection, "SELECT 1") == [(1,)]
        except Error:
            return False

    def check(self) -> None:
        """Raise LostLock unless it is still held: call it before what only its holder may write."""
        if not self.unbroken():
            raise LostLock


@contextmanager
def exclusive(name: str) -> Iterator[Lock]:
    """For the block, the only process inside a block of this name: of this state folder, and of the team's database."""
    address = in_force()
    with locked(name):
        if address is None:
            yield Lock(None)
            return
        connection = connect_patiently(address)
        try:
            while not take(connection, name):
                time.sleep(LOOK_EVERY_SECONDS)  # no waiting in the server: Ctrl-C would not be heard
            yield Lock(connection)
        finally:
            connection.close()


@contextmanager
def held(connection: "Connection", name: str) -> Iterator[None]:
    """For the block, hold this lock by a connection that is open already."""
    while not take(connection, name):
        time.sleep(LOOK_EVERY_SECONDS)
    try:
        yield
    finally:
        from psycopg2 import Error

        with suppress(Error):  # a connection that is lost holds nothing
            query(connection, "SELECT pg_advisory_unlock(%s)", (_number(name),))


def take(connection: "Connection", name: str) -> bool:
    """Take the lock for as long as the connection lives, unless another one holds it; whether it was taken."""
    return bool(query(connection, "SELECT pg_try_advisory_lock(%s)", (_number(name),))[0][0])


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"crisisflow {name}".encode()).digest()[:8], "big", signed=True)
