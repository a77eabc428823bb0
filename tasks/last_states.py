"""What is still on its way to Prefect's server when a flow has ended: states and logs are events, which lag behind."""

import logging
import time
from typing import Any

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 15.0


def settle() -> None:
    """Wait until the server has recorded the last state of every task run; not for a server that is gone."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import TaskRunFilter, TaskRunFilterState, TaskRunFilterStateType
    from prefect.client.schemas.objects import StateType
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    unfinished = TaskRunFilter(
        state=TaskRunFilterState(type=TaskRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING]))
    )
    deadline = time.monotonic() + TIMEOUT_SECONDS
    try:
        with get_client(sync_client=True) as api:
            api.hello()
            APILogWorker.drain_all(timeout=TIMEOUT_SECONDS)
            EventsWorker.drain_all(timeout=TIMEOUT_SECONDS)
            while time.monotonic() < deadline and api.read_task_runs(task_run_filter=unfinished, limit=1):
                time.sleep(0.1)
    except Exception as error:  # the result, or the error that ended the flow, counts for more
        logger.warning("Prefect's server did not record the last states: %s", error)
        for worker in (APILogWorker, EventsWorker):
            give_up(worker)


def give_up(worker: type[Any]) -> None:
    """Stop sending what waits: Prefect would try each event for half a minute, and the process could not end before."""
    logging.getLogger("prefect._internal.concurrency").setLevel(logging.CRITICAL)  # it would print every event
    for instance in list(worker._instances.values()):
        loop, sending = instance._loop, instance._task
        instance._stop()
        if loop is not None and sending is not None:
            loop.call_soon_threadsafe(sending.cancel)
