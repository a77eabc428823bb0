"""The team's PostgreSQL: whether it can be reached and used from here, and where its artifacts lie."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from tasks.database import VARIABLE, Address, artifact_folder, in_force, joining, versions
from tasks.database.connection import UnusableDatabase, connected, query
from tasks.database.up import FACT
from tasks.doctor.finding import Finding
from tasks.runtime.state_folder import state_home
from tasks.tracking.artifacts import database_in

NAME = "team's database"
FULL_SHARE = 0.8  # of the connections that the server allows


def address() -> Address | None:
    """The database in force; None for SQLite, and for an address that is none, which `database` tells of."""
    try:
        return in_force()
    except ValueError:
        return None


def database() -> Iterator[Finding]:
    """The database: reached, of our versions, with room for connections; the folder of artifacts, seen from here."""
    try:
        found = in_force()
    except ValueError as error:
        yield Finding(NAME, False, str(error), f"correct {VARIABLE}, or unset it")
        return
    if found is None:
        return
    if os.environ.get(joining.TRACKING):
        words = f"{joining.TRACKING} is set, and the state folder uses {found}: runs would go to two places"
        yield Finding(NAME, False, words, f"unset {joining.TRACKING}")
    try:
        yield from _examined(found)
    except UnusableDatabase as error:
        yield Finding(NAME, False, str(error), "do what it says, then ask again")
    if database_in(state_home()).exists():
        words = f"{database_in(state_home())} holds earlier runs of this folder, which the team does not see"
        yield Finding(NAME, True, words)


def read_rows(schema: str, statement: str) -> list[tuple[object, ...]]:
    """The rows of a query; none where the database cannot be asked, or has no such table."""
    found = address()
    if found is None or find_spec("psycopg2") is None:
        return []
    import psycopg2

    try:
        with connected(found) as connection:
            query(connection, f"SET search_path TO {schema}")
            return query(connection, statement)
    except (UnusableDatabase, psycopg2.Error):  # `database` above says what is wrong with it
        return []


def artifact_root() -> Path | None:
    """The folder of artifacts of the team's database; None for SQLite, and where it is not seen from here."""
    found = address()
    try:
        return joining.artifacts_at(found) if found else None
    except UnusableDatabase:
        return None


def _examined(found: Address) -> Iterator[Finding]:
    """Raises UnusableDatabase."""
    with connected(found) as connection:
        facts = joining.read_facts(connection)
        if not facts:
            yield Finding(
                NAME, True, f"{found} answers, and is empty: the first command that needs it makes its tables"
            )
            return
        joining.check_versions(connection, found, upgrade=False)
        held = [
            f"{name} {', '.join(joining.held_versions(connection, library)) or 'none yet'}"
            for library, name in versions.NAMES.items()
        ]
        size, used, most = query(
            connection,
            "SELECT pg_database_size(current_database()), (SELECT count(*) FROM pg_stat_activity), "
            "current_setting('max_connections')::int",
        )[0]
    yield Finding(NAME, True, f"{found} answers, {size / 1e6:,.1f} MB, schemas: {'; '.join(held)}")
    if FACT in facts:
        yield Finding(NAME, True, f"its schedules were last run by {facts[FACT]}")
    crowded = used > most * FULL_SHARE
    remedy = "raise max_connections of the server, or end programs" if crowded else ""
    yield Finding(NAME, not crowded, f"{used} of {most} connections are in use", remedy)
    yield Finding(NAME, True, f"artifacts lie in {artifact_folder.find(facts, found)}")
