"""Joining a team's database: it is made where it is new, and checked in every command before anything starts."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.database import address as addresses
from tasks.database import artifact_folder, locks, versions
from tasks.database.address import Address
from tasks.database.connection import NO_DATABASE, NO_RIGHT, UnusableDatabase, connect, connected, in_words, query
from tasks.runtime.progress import say
from tasks.runtime.state_folder import locked, state_home
from tasks.store import layout

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

LAYOUT = 1  # of the schema `crisisflow`
SCHEMAS = ("crisisflow", "mlflow", "prefect")
OLDEST_SERVER = 13  # where a database's owner may install the extension that Prefect needs
MAINTENANCE = "postgres"  # a database that every server has
TRACKING = "MLFLOW_TRACKING_URI"


def join(upgrade: bool = False) -> Address | None:
    """Check, and make where needed, the database in force; the state folder keeps its address. None for SQLite.

    Tables of an older version are an error unless they are to be upgraded. Raises UnusableDatabase.
    """
    layout.bring_up_to_date()
    address = addresses.in_force()
    if address is not None and os.environ.get(TRACKING):
        raise ValueError(
            f"the runs are to go into {address}, and {TRACKING} names another place: unset it, or leave the database "
            f"with {addresses.VARIABLE}={addresses.OWN_FILES}"
        )
    if address is not None:
        prepare(address, upgrade)
    _remember(address.written() if address else "")
    return address


def prepare(address: Address, upgrade: bool) -> None:
    """Make what is missing: database, schemas, facts, folder of artifacts; check what is there."""
    connection = _connect(address)
    try:
        _check_server(connection, address)
        with locks.held(connection, "making"):
            if not read_facts(connection):
                _make(connection, address)
            check_versions(connection, address, upgrade)
            artifact_folder.find(read_facts(connection), address)
    finally:
        connection.close()


def read_facts(connection: "Connection") -> dict[str, str]:
    """What the schema `crisisflow` says; empty where there is none."""
    if query(connection, "SELECT to_regclass('crisisflow.facts')") == [(None,)]:
        return {}
    return dict(query(connection, "SELECT name, value FROM crisisflow.facts"))


def write_fact(connection: "Connection", name: str, value: str) -> None:
    """Write one fact, over what it was."""
    statement = "INSERT INTO crisisflow.facts VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value"
    query(connection, statement, (name, value))


def check_versions(connection: "Connection", address: Address, upgrade: bool) -> None:
    """Raise UnusableDatabase for tables that this version cannot use."""
    found = int(read_facts(connection).get("layout", 0))
    if found > LAYOUT:
        raise UnusableDatabase(
            f"{address} has layout {found}, which a newer crisisflow wrote; this one knows {LAYOUT}: update it with "
            "`git pull` and `make setup`"
        )
    for library, name in versions.NAMES.items():
        version = versions.judge(library, "postgresql", held_versions(connection, library))
        if version.verdict == "newer":
            raise UnusableDatabase(
                f"the tables of {name} in {address} are of a newer version ({version.held}) than the {name} installed "
                f"here knows ({version.newest}): install what the rest of the team has (`git pull`, `make setup`)"
            )
        if version.verdict == "older" and not upgrade:
            raise UnusableDatabase(
                f"the tables of {name} in {address} are of an older version ({version.held}; installed is "
                f"{version.newest}): save the database with `pg_dump`, and let `crisisflow up` bring it up to date; "
                "all who share it need this version then"
            )


@contextmanager
def while_tables_are_made(address: Address, library: str) -> Iterator[None]:
    """For the block, in which a server makes a library's tables, hold others back; at once where they are there."""
    with connected(address) as connection, ExitStack() as stack:
        if not _up_to_date(connection, library):
            stack.enter_context(locks.held(connection, f"making {library}"))
            if _up_to_date(connection, library):  # while this process waited
                stack.close()
        yield


def _up_to_date(connection: "Connection", library: str) -> bool:
    return versions.judge(library, "postgresql", held_versions(connection, library)).verdict == "same"


def held_versions(connection: "Connection", schema: str) -> set[str]:
    """The versions of a library's tables; empty where it has none."""
    if query(connection, "SELECT to_regclass(%s)", (f"{schema}.alembic_version",)) == [(None,)]:
        return set()
    return {str(version) for (version,) in query(connection, f"SELECT version_num FROM {schema}.alembic_version")}


def artifacts_of(tracking_uri: str) -> Path | None:
    """The folder of artifacts of the database at this address of MLflow's; None of a database that is not ours.

    Raises UnusableDatabase where this machine does not see that folder.
    """
    if "search_path" not in tracking_uri:
        return None
    return artifacts_at(addresses.accept(tracking_uri))


@lru_cache(maxsize=8)
def artifacts_at(address: Address) -> Path:
    """The folder of artifacts of this database. Raises UnusableDatabase where this machine does not see it."""
    with connected(address) as connection:
        facts = read_facts(connection)
    if not facts:
        raise UnusableDatabase(f"{address} is not a database of crisisflow: it has no table crisisflow.facts")
    return artifact_folder.find(facts, address)


def _connect(address: Address) -> "Connection":
    """A connection to the database, which is made where the server has none of this name and the user may."""
    try:
        return connect(address)
    except UnusableDatabase as error:
        if error.state != NO_DATABASE:
            raise
    import psycopg2
    from psycopg2 import sql

    with connected(address, MAINTENANCE) as connection:
        try:
            query(connection, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(address.name)))
            say(f"  made the database {address}")
        except psycopg2.errors.InsufficientPrivilege as error:
            raise in_words(address, NO_DATABASE, str(error)) from None
        except (psycopg2.errors.DuplicateDatabase, psycopg2.errors.UniqueViolation):  # another process was first
            pass
    return connect(address)


def _check_server(connection: "Connection", address: Address) -> None:
    version = connection.server_version // 10_000
    if version < OLDEST_SERVER:
        raise UnusableDatabase(f"{address} is PostgreSQL {version}: {OLDEST_SERVER} or newer is needed")
    if query(connection, "SELECT pg_is_in_recovery()") == [(True,)]:
        raise UnusableDatabase(f"{address} is a standby, which takes no writes: name the primary server")


def _make(connection: "Connection", address: Address) -> None:
    """The schemas and our facts, in one transaction. Raises UnusableDatabase without the right to."""
    import psycopg2

    if query(connection, "SELECT to_regclass('public.alembic_version')") != [(None,)]:
        raise UnusableDatabase(
            f"{address} holds tables of another program, such as an MLflow of its own: give crisisflow a database of "
            "its own, by another name"
        )
    facts = {"layout": str(LAYOUT), **artifact_folder.choose(address)}
    try:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            for schema in SCHEMAS:
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            cursor.execute("CREATE TABLE crisisflow.facts (name text PRIMARY KEY, value text NOT NULL)")
            cursor.executemany("INSERT INTO crisisflow.facts VALUES (%s, %s)", list(facts.items()))
            cursor.execute("COMMIT")
    except psycopg2.errors.InsufficientPrivilege as error:
        (Path(facts[artifact_folder.PATH]) / artifact_folder.FILE).unlink()
        raise in_words(address, NO_RIGHT, str(error)) from None
    say(f"  {address} is the database now; the artifacts of all runs lie in {facts[artifact_folder.PATH]}")


def _remember(written: str) -> None:
    """Keep the address in the state folder, so that no command goes elsewhere by oversight; say where that changes."""
    if addresses.joined() == written:
        return
    home = state_home()
    with locked("layout"):
        mark = layout.read_mark(home)
        before = str(mark.pop(addresses.MARK, ""))
        layout.write_mark(home, {**mark, **({addresses.MARK: written} if written else {})})
    there = addresses.accept(before) if before else "its SQLite files"
    here = addresses.accept(written) if written else "its SQLite files"
    stay = f"; earlier runs stay in {there}" if before or (home / "mlflow" / "mlflow.db").exists() else ""
    say(f"  the state folder {home} uses {here} from now on{stay}")
