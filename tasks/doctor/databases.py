"""MLflow's and Prefect's databases: whole, and of the version that the installed libraries read."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tasks.database import versions
from tasks.doctor import team
from tasks.doctor.finding import Finding
from tasks.runtime.open_files import users_of
from tasks.runtime.state_folder import state_home
from tasks.tracking.artifacts import database_in

WAIT_SECONDS = 10.0
ERRORS_SHOWN = 3


def mlflow() -> Iterator[Finding]:
    """MLflow's database. An older one has to be brought up to date by hand."""
    path = database_in(state_home())
    older = f"run `crisisflow backup FILE`, then `mlflow db upgrade 'sqlite:///{path}'`"
    yield from _examine("mlflow", path, older)


def prefect() -> Iterator[Finding]:
    """Prefect's database. Its server brings an older one up to date when it starts."""
    yield from _examine("prefect", prefect_file(), "")


def prefect_file() -> Path:
    """Prefect's database in the state folder."""
    return state_home() / "prefect" / "prefect.db"


def read_rows(library: str, query: str) -> list[tuple[object, ...]]:
    """The rows of a query of MLflow's or Prefect's tables, without changing anything; none where these are missing."""
    if team.address() is not None:
        return team.read_rows(library, query)
    path = database_in(state_home()) if library == "mlflow" else prefect_file()
    if not path.exists():
        return []
    try:
        with closing(_connect(path)) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.DatabaseError:  # `mlflow` and `prefect` above say what is wrong with it
        return []


def _examine(library: str, path: Path, older: str) -> Iterator[Finding]:
    name = f"{versions.NAMES[library]}'s database"
    if team.address() is not None:
        return
    if not path.exists():
        yield Finding(name, True, "none yet: the first command that needs it makes it")
        return
    try:
        with closing(_connect(path)) as connection:
            wrong = [str(text) for (text,) in connection.execute(f"PRAGMA quick_check({ERRORS_SHOWN})")]
            held = {str(version) for (version,) in connection.execute("SELECT version_num FROM alembic_version")}
    except sqlite3.OperationalError as error:
        users = ", ".join(f"process {process} ({command})" for process, command in users_of(path).items())
        yield Finding(name, False, f"{path}: {error}; used by: {users or 'no process'}", "wait, or end what holds it")
        return
    except sqlite3.DatabaseError as error:
        wrong, held = [str(error)], set()
    if wrong != ["ok"]:
        yield Finding(name, False, f"{path} is damaged: {'; '.join(wrong)}", _mending(path))
    else:
        yield _version(name, path, versions.judge(library, "sqlite", held), older)


def _mending(path: Path) -> str:
    return (
        "end what uses it and restore a backup into a new folder (`crisisflow restore FILE`); without one, save what "
        f"can be read with `sqlite3 '{path}' .recover`"
    )


def _version(name: str, path: Path, found: versions.Version, older: str) -> Finding:
    """Whether the schema is the newest that the library knows."""
    if found.verdict == "same":
        return Finding(name, True, f"{path.stat().st_size / 1e6:,.1f} MB, whole, schema {found.held}")
    schemas = f"schema {found.held or 'unknown'}, and the library has {found.newest}"
    if found.verdict == "newer":
        return Finding(
            name, False, f"{path} is of a newer {schemas}", "install the libraries that wrote it: `make setup`"
        )
    return Finding(name, not older, f"whole, of an older {schemas}", older)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=WAIT_SECONDS)
