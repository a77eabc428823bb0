"""From layout 1 of the state folder to 2: MLflow's database names artifacts relative to itself.

Layout 1 held the absolute path of the state folder in the address of every run's and model's files. A copy of such a
folder wrote into the original; what it wrote there is fetched. Plain SQL in one transaction: MLflow has no call for it.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from tasks.runtime.atomic_files import draft_folder
from tasks.runtime.open_files import refuse_while_open

ROOT = "mlflow-artifacts:/"
# Where MLflow keeps addresses, by table and column.
ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
# How the path of the folder of artifacts ended in every state folder.
FOLDER = "/mlflow/artifacts"


@dataclass(frozen=True)
class Address:
    """A local address of files in one row of the database: under which folder, and where there."""

    table: str
    column: str
    row: int
    root: Path
    inside: str


def make_relative(home: Path) -> dict[str, Any]:
    """Make the addresses relative; return where the artifacts were said to be, and how many addresses were changed.

    Raises ValueError while a process has the database open: it would go on with the addresses that it has read.
    """
    database = home / "mlflow" / "mlflow.db"
    if not database.exists():
        return {}
    refuse_while_open(database, "the layout of the state folder has to be changed")
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        found = list(_addresses(connection))
        for each in found:
            _fetch_stray(each, database.parent / "artifacts")
            update = f"UPDATE {each.table} SET {each.column} = ? WHERE rowid = ?"
            connection.execute(update, (ROOT + each.inside, each.row))
        connection.execute("COMMIT")
    return {"artifacts_were_in": sorted({str(each.root) for each in found}), "addresses": len(found)}


def _addresses(connection: sqlite3.Connection) -> Iterator[Address]:
    """Every address under a folder of artifacts that an experiment names, which is how crisisflow set it up."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    rows = [
        (table, column, row, path)
        for table, column in ADDRESSES
        if table in tables
        for row, address in connection.execute(f"SELECT rowid, {column} FROM {table}").fetchall()
        if (path := _local_path(address))
    ]
    experiments = [path.removesuffix("/0") for table, _, _, path in rows if table == "experiments"]
    roots = {path for path in experiments if path.endswith(FOLDER)}
    for table, column, row, path in rows:
        for root in roots:
            if path == root or path.startswith(f"{root}/"):
                yield Address(table, column, row, Path(root), path.removeprefix(root).lstrip("/"))


def _local_path(address: str | None) -> str | None:
    """The path of a `file:` address or of a plain path; None of any other address."""
    parsed = urlparse(address or "")
    if parsed.scheme == "file":
        return unquote(parsed.path).rstrip("/")
    return address.rstrip("/") if address and address.startswith("/") else None


def _fetch_stray(address: Address, artifacts: Path) -> None:
    """Copy the files of a run or model of this folder that, as it is a copy, were written into the original."""
    written, here = address.root / address.inside, artifacts / address.inside
    if address.table == "experiments" or here.exists() or not written.is_dir():
        return
    with draft_folder(here.parent) as draft:
        shutil.copytree(written, draft / here.name)
        (draft / here.name).rename(here)
