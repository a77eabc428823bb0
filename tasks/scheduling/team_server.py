"""Prefect's server on a team's database: states of tasks wait for a database that is away.

Prefect tries to write a state six times, five seconds apart, and drops it then: the task would seem to run for ever.
"""

from functools import partialmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

ATTEMPTS = 1_000  # a second apart
SETTINGS = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "20",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
}


def create_app() -> "FastAPI":
    """The application for uvicorn, without our pages."""
    from prefect.server.api import server

    keep_states()
    return server.create_app(final=True)


def keep_states() -> None:
    """Have the server of this process keep states that it cannot write."""
    from prefect.server.services.task_run_recorder import TaskRunRecorder

    TaskRunRecorder.start = partialmethod(TaskRunRecorder.start, max_persist_retries=ATTEMPTS)  # type: ignore[method-assign,assignment]
