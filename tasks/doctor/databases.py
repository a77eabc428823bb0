"""MLflow's and Prefect's databases: whole, and of the version that the installed libraries read."""

import ast
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

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
    yield from _examine("MLflow's database", path, _package("mlflow") / "store" / "db_migrations" / "versions", older)


def prefect() -> Iterator[Finding]:
    """Prefect's database. Its server brings an older one up to date when it starts."""
    versions = _package("prefect") / "server" / "database" / "_migrations" / "versions" / "sqlite"
    yield from _examine("Prefect's database", state_home() / "prefect" / "prefect.db", versions, "")


def read_rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """The rows of a query, without changing anything; none where database or table are missing."""
    if not path.exists():
        return []
    try:
        with closing(_connect(path)) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.DatabaseError:  # `mlflow` and `prefect` above say what is wrong with it
        return []


def revisions(folder: Path) -> dict[str, set[str]]:
    """The schema versions that a library knows, each with those that it follows on, from its migrations' text.

    Not by Alembic, which would import them, and with them the whole library.
    """
    found = {}
    for file in folder.glob("*.py"):
        values = {
            target.id: ast.literal_eval(node.value)
            for node in ast.parse(file.read_text(encoding="utf-8")).body
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, (ast.Constant, ast.Tuple))
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name) and target.id in ("revision", "down_revision")
        }
        if "revision" in values:
            before = values.get("down_revision") or ()
            found[values["revision"]] = {before} if isinstance(before, str) else set(before)
    return found


def _examine(name: str, path: Path, migrations: Path, older: str) -> Iterator[Finding]:
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
        yield _version(name, path, held, revisions(migrations), older)


def _mending(path: Path) -> str:
    return (
        "end what uses it and restore a backup into a new folder (`crisisflow restore FILE`); without one, save what "
        f"can be read with `sqlite3 '{path}' .recover`"
    )


def _version(name: str, path: Path, held: set[str], known: dict[str, set[str]], older: str) -> Finding:
    """Whether the schema is the newest that the library knows."""
    newest = set(known) - {before for each in known.values() for before in each}
    if held == newest:
        return Finding(name, True, f"{path.stat().st_size / 1e6:,.1f} MB, whole, schema {', '.join(sorted(held))}")
    versions = f"schema {', '.join(sorted(held)) or 'unknown'}, and the library has {', '.join(sorted(newest))}"
    if held <= set(known):
        return Finding(name, not older, f"whole, of an older {versions}", older)
    return Finding(name, False, f"{path} is of a newer {versions}", "install the libraries that wrote it: `make setup`")


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=WAIT_SECONDS)


def _package(name: str) -> Path:
    """The folder of an installed package, without importing it."""
    found = find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise RuntimeError(f"{name} is not installed: run `make setup`")
    return Path(found.submodule_search_locations[0])
