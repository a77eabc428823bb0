"""What Prefect does not see: runs whose process is gone, and runs that fell due while no worker ran."""

import json
import logging
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from tasks.scheduling.api import JsonObject, PrefectApi

logger = logging.getLogger(__name__)

UNDER_WAY = ["PENDING", "RUNNING", "CANCELLING"]
CUT_SHORT = ["CRASHED", "CANCELLED"]
SETTLED_SECONDS = 30.0
WAITING = ["Scheduled", "Late", "AwaitingConcurrencySlot"]  # not AwaitingRetry: that one has begun


def close_dead(api: PrefectApi, pool: str) -> int:
    """Close as Crashed what seems to run in a pool that has no worker; return how many there were.

    Every run of the pool is a process below its worker and ends with it.
    """
    query = {"flow_runs": in_states(UNDER_WAY), "work_pools": {"name": {"any_": [pool]}}}
    dead = api.find("flow_runs", **query)
    for run in dead:
        api.set_state("flow_runs", run["id"], "Crashed", "Its process ended with the worker, without a word.")
    if dead:
        logger.warning("closed scheduled runs whose process is gone: %d", len(dead))
    return len(dead)


def close_orphans(api: PrefectApi, after_seconds: float = SETTLED_SECONDS) -> int:
    """Close as Crashed the tasks and inner flows that seem to run in a flow run that crashed or was cancelled a while
    ago; return how many there were.

    The dead cannot say how far they were, and what they did say travels as events that may come late.
    """
    long_ago = (datetime.now(UTC) - timedelta(seconds=after_seconds)).isoformat()
    ended = {"state": {"type": {"any_": CUT_SHORT}}, "end_time": {"before_": long_ago}}
    closed = 0
    while True:
        tasks = api.find("task_runs", task_runs=in_states(UNDER_WAY), flow_runs=ended)
        flows = _inner_flows_of_ended_tasks(api)
        for what, orphans in (("task_runs", tasks), ("flow_runs", flows)):
            for orphan in orphans:
                api.set_state(what, orphan["id"], "Crashed", "The run around it ended.")
        if not tasks and not flows:
            return closed
        closed += len(tasks) + len(flows)
        ended.pop("end_time", None)  # those below the ones that were closed just now


def _inner_flows_of_ended_tasks(api: PrefectApi) -> list[JsonObject]:
    """Inner flows stand below a task of the outer one: those that seem to run below a task that was cut short."""
    inner = {"parent_task_run_id": {"is_null_": False}, **in_states(UNDER_WAY)}
    flows = [run for run in api.find("flow_runs", flow_runs=inner) if run["parent_task_run_id"]]
    above = [run["parent_task_run_id"] for run in flows]
    ended = api.find("task_runs", task_runs={"id": {"any_": above}, **in_states(CUT_SHORT)}) if above else []
    return [run for run in flows if run["parent_task_run_id"] in {task["id"] for task in ended}]


def collapse_missed(api: PrefectApi, pool: str) -> int:
    """Of each deployment's overdue runs keep the newest and cancel the others; return how many were cancelled.

    A night of sleep, an hour without power or a run that takes longer than its interval is caught up once: what runs
    now reads all that the missed ones would have read. Runs that somebody asked for by hand are left alone.
    """
    cancelled = 0
    for missed in _overdue(api, pool):
        for run in missed[:-1]:
            api.set_state("flow_runs", run["id"], "Cancelled", _reason(missed))
        cancelled += len(missed) - 1
    return cancelled


def _overdue(api: PrefectApi, pool: str) -> list[list[JsonObject]]:
    """Scheduled runs that should have begun, by what they would do, the newest of each last."""
    due = {"before_": datetime.now(UTC).isoformat()}
    waiting = {"state": {"name": {"any_": WAITING}}, "expected_start_time": due}
    found = api.find(
        "flow_runs",
        flow_runs=waiting,
        work_pools={"name": {"any_": [pool]}},
        sort="EXPECTED_START_TIME_ASC",
    )
    groups: dict[tuple[str, str], list[JsonObject]] = defaultdict(list)
    for run in found:
        if run["auto_scheduled"]:
            groups[run["deployment_id"], json.dumps(run["parameters"], sort_keys=True)].append(run)
    return list(groups.values())


def _reason(missed: list[JsonObject]) -> str:
    newest = datetime.fromisoformat(missed[-1]["expected_start_time"])
    return (
        f"Missed: nothing could run it when it was due. The run of {newest:%Y-%m-%d %H:%M} UTC catches up for all "
        f"{len(missed)} that were."
    )


def in_states(kinds: list[str]) -> JsonObject:
    """The filter of runs in states of these kinds."""
    return {"state": {"type": {"any_": kinds}}}
