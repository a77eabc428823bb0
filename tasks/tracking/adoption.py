"""Runs that were going on, in a database whose processes are elsewhere or long gone: they get an owner that ends."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tasks.runtime.processes import process_tags


def adopt_running(database: Path) -> int:
    """Name this process as that of every run which seems to go on in this database of MLflow; return how many.

    When it has ended, the next command closes those runs as it does those of any dead process, in Prefect too; a run of
    another host would seem to go on for ever.
    """
    with closing(sqlite3.connect(database)) as connection, connection:
        running = connection.execute("SELECT run_uuid FROM runs WHERE status = 'RUNNING'").fetchall()
        rows = [(name, value, run) for (run,) in running for name, value in process_tags().items()]
        connection.executemany("INSERT OR REPLACE INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", rows)
    return len(running)
