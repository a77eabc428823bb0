"""One `crisisflow up` for each database: its worker takes all scheduled runs, whose paths are those of its machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tasks.database.address import Address, in_force
from tasks.database.connection import UnusableDatabase, connect
from tasks.database.joining import read_facts, write_fact
from tasks.database.locks import Lock, take
from tasks.runtime.processes import user_and_machine
from tasks.runtime.progress import say

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

LOCK = FACT = "up"


class Claim:
    """The right to run the schedules of the database; without a database, of the state folder, which has a lock."""

    def __init__(self, address: Address | None, who: str) -> None:
        self._address, self._who = address, who
        self._connection: Connection | None = None

    def take(self) -> None:
        """Take the right. Raises ValueError while another process has it, and UnusableDatabase."""
        if self._address is None:
            return
        self._connection = connect(self._address)
        if not take(self._connection, LOCK):
            holder = read_facts(self._connection).get(FACT, "another process")
            self.give_up()
            raise ValueError(
                f"`crisisflow up` runs on {self._address} already, by {holder}: one runs the schedules of a database; "
                "train, score and look (`crisisflow ui`) without it, or end that one first"
            )
        write_fact(self._connection, FACT, self._who)

    def renew(self) -> None:
        """Take it again where the database was away meanwhile. Raises ValueError when another process has taken it."""
        if self._address is None or (self._connection is not None and Lock(self._connection).unbroken()):
            return
        import psycopg2

        self.give_up()
        with suppress(UnusableDatabase, psycopg2.Error):  # still away, or away again: next time
            self.take()
            say(f"{self._address} answers again")

    def give_up(self) -> None:
        """Let others take it."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None


@contextmanager
def only_one(port: int) -> Iterator[Claim]:
    """For the block, the only `crisisflow up` on the team's database. Raises ValueError, at once, when there is one."""
    who = f"{user_and_machine()} as process {os.getpid()} at port {port}"
    claim = Claim(in_force(), who)
    claim.take()
    try:
        yield claim
    finally:
        claim.give_up()
