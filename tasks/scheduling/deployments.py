"""What is scheduled on a Prefect server: read, paused, resumed and removed, over its REST interface."""

import time
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from tasks.scheduling import timetable
from tasks.scheduling.api import JsonObject, PrefectApi
from tasks.scheduling.worker import POOL, ROOT

FILE = ROOT / "prefect.yaml"
PLANNING_SECONDS = 15.0
BY_HAND = "only by hand"
RENAMED = {"nightly-retraining": "retraining"}  # of prefect.yaml: names of 0.1, which scripts and databases still have


@dataclass(frozen=True)
class Scheduled:
    """A deployment as people ask for it: what, when, when next, and how it went last."""

    name: str
    flow: str
    schedule: str  # in words
    paused: bool
    added: bool  # by `schedule add`, not by prefect.yaml
    next: str | None
    last: dict[str, Any] | None  # state, message, time, name, url
    parameters: dict[str, Any]
    id: str

    @property
    def plannable(self) -> bool:
        """Whether a next run should be known."""
        return not self.paused and self.schedule != BY_HAND

    def summary(self) -> dict[str, Any]:
        """What `--json` prints of it."""
        return asdict(self)


@cache
def file_names() -> frozenset[str]:
    """The names of the deployments that prefect.yaml defines."""
    return frozenset(each["name"] for each in yaml.safe_load(FILE.read_text(encoding="utf-8"))["deployments"])


def read_all(api: PrefectApi) -> list[Scheduled]:
    """Everything that is scheduled, by name."""
    found = _deployments(api)
    flows = {flow["id"]: flow["name"] for flow in api.find("flows")} if found else {}
    scheduled = [_describe(api, each, flows.get(each["flow_id"], "")) for each in found]
    return sorted(scheduled, key=lambda each: each.name)


def find(api: PrefectApi, name: str) -> JsonObject:
    """The deployment of this name, as Prefect has it. Raises ValueError naming those that there are."""
    found = {each["name"]: each for each in _deployments(api)}
    for candidate in (name, RENAMED.get(name)):
        if candidate in found:
            return found[candidate]
    known = ", ".join(sorted(found)) or "none"
    raise ValueError(f"nothing is scheduled as {name!r}; there is: {known}")


def pause(api: PrefectApi, name: str) -> None:
    """Plan no more runs of it, also after a restart; what was planned is dropped."""
    api.ask("POST", f"/deployments/{find(api, name)['id']}/pause_deployment")


def resume(api: PrefectApi, name: str) -> None:
    """Plan runs of it again."""
    api.ask("POST", f"/deployments/{find(api, name)['id']}/resume_deployment")


def remove(api: PrefectApi, name: str) -> None:
    """Forget it; runs that have begun stay, those that wait are cancelled: no worker would ever take them.

    Raises ValueError for one of prefect.yaml, which the next `up` would bring back.
    """
    deployment = find(api, name)
    if deployment["name"] in file_names():
        raise ValueError(
            f"{name!r} is defined in {FILE} and would come back with the next `crisisflow up`: "
            f"use `crisisflow schedule pause {name}`, or delete it there first"
        )
    _delete(api, deployment, f"The schedule {name} was removed.")


def replace_renamed(api: PrefectApi) -> None:
    """Delete what an earlier version registered under another name; what was paused stays paused."""
    for deployment in _deployments(api):
        now = RENAMED.get(deployment["name"])
        if now is not None and "added" not in deployment["tags"]:
            if deployment["paused"]:
                pause(api, now)
            _delete(api, deployment, f"The schedule is called {now} now.")


def _delete(api: PrefectApi, deployment: JsonObject, reason: str) -> None:
    api.ask("POST", f"/deployments/{deployment['id']}/pause_deployment")  # else more are planned meanwhile
    mine = {"deployments": {"id": {"any_": [deployment["id"]]}}}
    for run in api.find("flow_runs", flow_runs={"state": {"type": {"any_": ["SCHEDULED", "PENDING"]}}}, **mine):
        api.set_state("flow_runs", run["id"], "Cancelled", reason)
    api.ask("DELETE", f"/deployments/{deployment['id']}")


def change(api: PrefectApi, name: str, when: timetable.Timing | None, parameters: dict[str, Any]) -> None:
    """Give a deployment another schedule, and other parameters where some are named."""
    deployment = find(api, name)
    changed: JsonObject = {}
    if parameters:
        request = deployment["parameters"].get("request", {}) | parameters
        changed["parameters"] = deployment["parameters"] | {"request": request}
    if when is not None:
        changed["schedules"] = [{"schedule": when.to_prefect(), "active": True}]
    if changed:
        api.ask("PATCH", f"/deployments/{deployment['id']}", changed)


def refuse_taken_name(api: PrefectApi, name: str) -> None:
    """Raise ValueError when something is scheduled under this name."""
    if any(each["name"] == name for each in _deployments(api)):
        raise ValueError(
            f"something is scheduled as {name!r} already: choose another with --name, or "
            f"`crisisflow schedule remove {name}` first"
        )


def await_planned(api: PrefectApi, name: str) -> Scheduled:
    """The deployment once the scheduler, which looks every few seconds, has planned its next run."""
    deadline = time.monotonic() + PLANNING_SECONDS
    while True:
        found = next(each for each in read_all(api) if each.name == name)
        if found.next or time.monotonic() > deadline:
            return found
        time.sleep(0.3)


def next_runs(api: PrefectApi, name: str | None, count: int) -> list[dict[str, str]]:
    """The next times of one deployment or of all that are not paused, soonest first, in its time zone and in ours.

    Raises ValueError for one that is paused, and so never runs.
    """
    chosen = [find(api, name)] if name else [each for each in _deployments(api) if not each["paused"]]
    if name and chosen[0]["paused"]:
        raise ValueError(f"{name!r} is paused: `crisisflow schedule resume {name}` plans its runs again")
    found = []
    for deployment in chosen:
        for schedule in (each["schedule"] for each in deployment["schedules"] if each["active"]):
            zone = schedule.get("timezone") or "UTC"
            found += [(each, deployment["name"], zone) for each in timetable.next_times(schedule, count)]
    return [
        {
            "name": called,
            "time": each.astimezone(ZoneInfo(zone)).isoformat(),
            "timezone": zone,
            "local": each.astimezone().isoformat(),
        }
        for each, called, zone in sorted(found)
    ]


def _deployments(api: PrefectApi) -> list[JsonObject]:
    return api.find("deployments", work_pools={"name": {"any_": [POOL]}})


def _describe(api: PrefectApi, deployment: JsonObject, flow: str) -> Scheduled:
    schedules = [timetable.in_words(each["schedule"]) for each in deployment["schedules"] if each["active"]]
    mine = {"deployments": {"id": {"any_": [deployment["id"]]}}, "limit": 1}
    planned = {"state": {"type": {"any_": ["SCHEDULED"]}}}
    coming = api.find("flow_runs", flow_runs=planned, sort="EXPECTED_START_TIME_ASC", **mine)
    begun = {"state": {"type": {"not_any_": ["SCHEDULED"]}, "name": {"not_any_": ["Cancelled"]}}}
    gone = api.find("flow_runs", flow_runs=begun, sort="EXPECTED_START_TIME_DESC", **mine)
    return Scheduled(
        name=deployment["name"],
        flow=flow,
        schedule="; ".join(schedules) or BY_HAND,
        paused=bool(deployment["paused"]),
        added=deployment["name"] not in file_names(),
        next=coming[0]["expected_start_time"] if coming else None,
        last=_last(gone[0]) if gone else None,
        parameters=deployment["parameters"],
        id=deployment["id"],
    )


def _last(run: JsonObject) -> dict[str, Any]:
    state = run["state"] or {}
    return {
        "state": state.get("name"),
        "message": state.get("message"),
        "time": run["end_time"] or run["start_time"] or run["expected_start_time"],
        "name": run["name"],
        "flow_run_id": run["id"],
    }
