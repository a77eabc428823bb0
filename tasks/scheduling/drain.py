"""What is still on its way to Prefect's server when a flow has ended: states and logs are events, which lag behind."""

import logging
import os
import time
from typing import Any

import httpx

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 15.0
DRAIN_SECONDS = 60.0
LATE_SECONDS = 3.0  # what is not recorded so long after all was sent, of a flow that was cut short, was never sent


def drain() -> None:
    """Wait until the server has recorded the last state of every task run; not for a server that is gone."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    from tasks.scheduling import stale_runs
    from tasks.scheduling.api import PrefectApi
    from tasks.tracking.prefect_link import own_flow_runs

    unfinished = {"task_runs": stale_runs.in_states(stale_runs.UNDER_WAY)}
    if own_flow_runs:  # other processes may use the same database
        unfinished["flow_runs"] = {"id": {"any_": sorted(own_flow_runs)}}
    # Logs and events share one dictionary, from which draining removes them.
    workers: tuple[Any, ...] = (APILogWorker, EventsWorker)
    senders = [(each, each._loop, each._task) for each in list(workers[0]._instances.values())]
    try:
        health = f"{os.environ['PREFECT_API_URL']}/health"
        httpx.get(health, timeout=TIMEOUT_SECONDS, trust_env=False).raise_for_status()
        for worker in workers:
            if worker.drain_all(timeout=DRAIN_SECONDS).not_done:
                raise TimeoutError(f"there was more to send than {DRAIN_SECONDS:.0f} s were enough for")
        with PrefectApi(os.environ["PREFECT_API_URL"]) as api:
            api.find("task_runs", limit=1)  # waits for a team's database that is away
            sent = time.monotonic()
            while api.find("task_runs", **unfinished, limit=1):
                waited = time.monotonic() - sent
                if waited > TIMEOUT_SECONDS:
                    break
                if waited > LATE_SECONDS:
                    stale_runs.close_orphans(api, LATE_SECONDS)
                time.sleep(0.1 if waited < LATE_SECONDS else 1)
    except Exception as error:  # the result, or the error that ended the flow, counts for more
        logger.warning("Prefect's server did not record the last states: %s", error)
        for sender in senders:
            _give_up(*sender)


def _give_up(service: Any, loop: Any, sending: Any) -> None:
    """Stop sending what waits: Prefect would try each event for half a minute, and the process could not end before."""
    logging.getLogger("prefect._internal.concurrency").setLevel(logging.CRITICAL)  # it would print every event
    service._stop()
    if loop is not None and sending is not None:
        loop.call_soon_threadsafe(sending.cancel)
