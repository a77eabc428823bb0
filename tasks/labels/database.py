"""Where labels are kept: one SQLite file in the state folder, to which rows are added and of which none ever changes.

What was said stays said: the database itself refuses to change or delete a row, and an undo is a row of its own.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tasks.runtime.state_folder import state_home

FOLDER, FILE = "labels", "labels.db"
WAIT_SECONDS = 30.0
TABLES = """
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, annotator TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('label', 'skip', 'undo')), label INTEGER CHECK (label IN (0, 1)),
    undoes INTEGER UNIQUE REFERENCES events (number), id TEXT NOT NULL, text TEXT NOT NULL, keyword TEXT,
    text_group TEXT NOT NULL, asked TEXT NOT NULL CHECK (asked IN ('chosen', 'random', 'audit', 'own')),
    model TEXT NOT NULL, origin TEXT NOT NULL, key TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS questions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, asked TEXT NOT NULL
    CHECK (asked IN ('chosen', 'random', 'audit')), reason TEXT NOT NULL, model TEXT NOT NULL, probability REAL,
    id TEXT NOT NULL, text TEXT NOT NULL, keyword TEXT, text_group TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS groups_of_events ON events (text_group);
CREATE INDEX IF NOT EXISTS groups_of_questions ON questions (text_group);
"""
# Databases of earlier releases lack them: the name of one of several classes that was given, and those to choose from.
ADDED = (("events", "class_name"), ("questions", "classes"))
FOR_EVER = """CREATE TRIGGER IF NOT EXISTS {table}_{verb} BEFORE {verb} ON {table}
    BEGIN SELECT RAISE(ABORT, 'labels are kept as they were given: add an undo instead'); END;"""


def is_begun() -> bool:
    """Whether anything was ever asked or labelled; asking makes no file."""
    return database_file().exists()


def database_file() -> Path:
    """Where the database is, or would be."""
    return state_home() / FOLDER / FILE


@contextmanager
def opened(writing: bool = False) -> Iterator[sqlite3.Connection]:
    """The database, to read, or for this process alone to write; what the block adds is kept as a whole, or not."""
    database_file().parent.mkdir(exist_ok=True, mode=0o700)
    connection = sqlite3.connect(database_file(), timeout=WAIT_SECONDS, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
        _make_tables(connection)
        if writing:
            _add_columns(connection)
        yield connection
        connection.execute("COMMIT")
    finally:
        connection.close()  # what was not committed is undone


def insert(connection: sqlite3.Connection, table: str, row: Mapping[str, Any], unless: str = "") -> int | None:
    """Add a row; its number. With `unless`, a unique column, nothing is added, and None returned, for a value there."""
    names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
    known = f" ON CONFLICT ({unless}) DO NOTHING" if unless else ""
    cursor = connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places}){known}", row)
    return cursor.lastrowid if cursor.rowcount else None


def _make_tables(connection: sqlite3.Connection) -> None:
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'questions_DELETE'").fetchone():
        return
    for statement in TABLES.split(";\n"):
        connection.execute(statement)
    for table in ("events", "questions"):
        for verb in ("UPDATE", "DELETE"):
            connection.execute(FOR_EVER.format(table=table, verb=verb))


def _add_columns(connection: sqlite3.Connection) -> None:
    for table, column in ADDED:
        if column not in {row["name"] for row in connection.execute(f"PRAGMA table_info({table})")}:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} TEXT")
