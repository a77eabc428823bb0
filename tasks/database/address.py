"""The address of the team's database: CRISISFLOW_DATABASE, or what the state folder has joined. Never its password."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.runtime.redaction import fill_placeholders, mask_secrets
from tasks.runtime.state_folder import state_home
from tasks.store import layout

if TYPE_CHECKING:
    from sqlalchemy import URL

VARIABLE = "CRISISFLOW_DATABASE"
OWN_FILES = "sqlite"  # value of the variable: leave the team's database
MARK = "database"  # key of state.json
FORM = "postgresql://USER@HOST/NAME"
PORT = 5432
DRIVERS = ("postgresql", "postgres", "postgresql+psycopg2")
# Parameters of an address that both drivers, psycopg2 and asyncpg, read from these variables.
VARIABLES = {
    "password": "PGPASSWORD",
    "passfile": "PGPASSFILE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


@dataclass(frozen=True)
class Address:
    """Server, database, and the user to be there; an empty user is the one that the drivers choose."""

    host: str
    name: str
    user: str = ""
    port: int = PORT

    def __str__(self) -> str:
        """For messages: neither user nor password."""
        return str(self._url("postgresql", user=None))

    def written(self) -> str:
        """As it is kept: with the user."""
        return str(self._url("postgresql"))

    def tracking_uri(self) -> str:
        """As MLflow takes it."""
        return str(self._url("postgresql", options="-csearch_path=mlflow"))

    def prefect_url(self) -> str:
        """As Prefect takes it; the schema is named by a setting of its own."""
        return str(self._url("postgresql+asyncpg"))

    def _url(self, driver: str, user: str | None = "", **query: str) -> "URL":
        from sqlalchemy import URL

        socket = {"host": self.host} if self.host.startswith("/") else {}
        name = (self.user or None) if user == "" else user
        host = None if socket else self.host
        return URL.create(driver, name, None, host, self.port, self.name, {**socket, **query})


def in_force() -> Address | None:
    """The database that CRISISFLOW_DATABASE names, or the state folder has joined; None for SQLite files.

    A password that the variable holds is moved to PGPASSWORD. Raises ValueError for an address that is none.
    """
    named = os.environ.get(VARIABLE)
    written = named or joined()
    if not written or written == OWN_FILES:
        return None
    address = accept(written)
    if named:
        os.environ[VARIABLE] = address.written()
    return address


def joined() -> str:
    """The address that the state folder has joined; empty for none, and for a folder that cannot be used, as each
    command says before it starts.
    """
    try:
        return str(layout.read_mark(state_home()).get(MARK, ""))
    except ValueError:
        return ""


def accept(written: str) -> Address:
    """The address that somebody wrote, with ${NAME} filled in. Password and TLS files go to the environment.

    There both drivers look for them, and so no log, command line, record or error holds them.
    """
    url = _parse(fill_placeholders(written))
    query = {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}
    host = url.host or query.pop("host", "")
    query.pop("options", None)
    unknown = sorted(set(query) - set(VARIABLES))
    if unknown:
        raise _refusal(written, f"its parameter {unknown[0]} is not known; known are {', '.join(VARIABLES)}")
    if not host or not url.database:
        raise _refusal(written, f"it names no {'host' if not host else 'database'}")
    for name, value in {**query, **({"password": str(url.password)} if url.password else {})}.items():
        os.environ[VARIABLES[name]] = value
    return Address(host, url.database, url.username or "", url.port or PORT)


def _parse(written: str) -> "URL":
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(written)
    except (ArgumentError, ValueError):  # ValueError: a port that is not a number
        raise _refusal(written, "it is not an address") from None
    if url.drivername not in DRIVERS:
        raise _refusal(written, f"{url.drivername} is not PostgreSQL")
    return url


def _refusal(written: str, why: str) -> ValueError:
    shown = mask_secrets(written) if "://" in written else "no address"
    return ValueError(
        f"{VARIABLE} or --database is {shown!r}, and {why}: write {FORM}, or {OWN_FILES} for files of the state folder"
    )
