"""How `crisisflow up` is: each part in plain words, and what to do about what is wrong."""

import shutil
from datetime import UTC, datetime
from typing import Any

import httpx

from tasks import tracking
from tasks.runtime import running, servers
from tasks.runtime.redaction import mask_secrets
from tasks.runtime.state_folder import state_home
from tasks.scheduling import deployments, worker
from tasks.scheduling.api import PrefectApi

HEARTBEAT_SECONDS = 60.0  # four of the worker's own
LEAST_DISK_BYTES = 1 << 30
BAD_ENDS = ("Crashed", "Failed", "TimedOut")
PARTS = ("mlflow", "prefect", "worker", "schedule", "disk")  # nothing is lost where the page is away
PAGE = "page"


def health() -> dict[str, Any]:
    """Whether each part works, what is scheduled, and how it went; what `status --json` prints."""
    told = running.read_state()
    facts: dict[str, Any] = dict.fromkeys(PARTS, False)
    facts |= {"running": bool(told) and running.up_lives(told), "stale": False, "next": [], "deployments": []}
    facts["stale"] = bool(told) and not facts["running"]
    free = shutil.disk_usage(state_home()).free
    facts |= {"disk": free >= LEAST_DISK_BYTES, "disk_free_bytes": free}
    if facts["running"]:
        facts["addresses"] = {name: told[name] for name in ("mlflow", "prefect", PAGE) if name in told}
        facts |= _parts(facts["addresses"])
    facts["healthy"] = facts["running"] and all(facts[name] for name in PARTS)
    facts["tracking_uri"] = tracking.public_uri()
    return facts


def _parts(addresses: dict[str, str]) -> dict[str, Any]:
    """What the servers say themselves; nothing of those that do not answer."""
    found: dict[str, Any] = {"mlflow": servers.answers(f"{addresses.get('mlflow')}/health")}
    if PAGE in addresses:
        found[PAGE] = servers.answers(f"{addresses[PAGE]}/health")
    try:
        with PrefectApi(f"{addresses.get('prefect')}/api") as api:
            scheduled = deployments.read_all(api)
            beat = worker.last_heartbeat(api)
    except (httpx.HTTPError, httpx.InvalidURL, RuntimeError):
        return found
    active = [each for each in scheduled if each.plannable]
    return found | {
        "prefect": True,
        "worker": (datetime.now(UTC) - beat).total_seconds() < HEARTBEAT_SECONDS,
        "deployments": [each.summary() for each in scheduled],
        "next": sorted(each.next for each in active if each.next),
        "schedule": bool(active) and all(each.next for each in active),
    }


def in_words(facts: dict[str, Any]) -> list[str]:
    """The same for a person, with what to do about it."""
    if not facts["running"]:
        return [_not_running(facts["stale"]), *_disk(facts)]
    lines = [_server(facts, name) for name in ("mlflow", "prefect", PAGE) if name in facts["addresses"] or name != PAGE]
    if not facts["prefect"]:
        return [*lines, "Worker and schedules: unknown until Prefect answers.", *_disk(facts)]
    lines.append(f"Worker: {'healthy, waiting for runs or running them' if facts['worker'] else _lost_worker()}")
    lines.append(_schedule(facts))
    return [*lines, *map(deployment_line, facts["deployments"]), *_disk(facts)]


def _not_running(stale: bool) -> str:
    if not stale:
        return "Not running. Start it with: crisisflow up"
    return (
        "Not running: `crisisflow up` was killed and could not tidy up. Start it again with: crisisflow up. It closes "
        "the runs that were cut short, and catches up once with what was missed."
    )


def _server(facts: dict[str, Any], name: str) -> str:
    address = facts["addresses"].get(name, "an address still to come")
    label = {"mlflow": "MLflow", "prefect": "Prefect", PAGE: "Page"}[name]
    if facts[name]:
        return f"{label}: healthy at {address}"
    log = state_home() / "logs" / f"{name}.log"
    return f"{label}: not answering at {address}. `crisisflow up` starts it again within a minute; if not, see {log}"


def _lost_worker() -> str:
    return (
        f"not heard of for {HEARTBEAT_SECONDS:.0f} s. `crisisflow up` starts it again within a minute; if not, see "
        f"{state_home() / 'logs' / 'worker.log'}"
    )


def _schedule(facts: dict[str, Any]) -> str:
    if facts["schedule"]:
        return f"Schedule: healthy, next run at {local(facts['next'][0])}"
    if facts["deployments"] and all(each["paused"] for each in facts["deployments"]):
        return "Schedule: everything is paused. Resume with: crisisflow schedule resume NAME"
    return "Schedule: a run that should be planned is not. Stop `crisisflow up` with Ctrl-C and start it again."


def deployment_line(each: dict[str, Any]) -> str:
    """One deployment: when, when next, how it went last, and what to do when that was badly."""
    if each["paused"]:
        when = f"paused; `crisisflow schedule resume {each['name']}` plans it again"
    else:
        when = f"next {local(each['next'])}" if each["next"] else "no run planned"
    last = each["last"]
    if last is None:
        return f"  {each['name']}: {each['schedule']}; {when}; has not run yet"
    line = f"  {each['name']}: {each['schedule']}; {when}; last {last['state']} at {local(last['time'])}"
    if last["state"] not in BAD_ENDS:
        return line
    said = mask_secrets(str(last["message"] or "")).strip().partition("\n")[0][:200]
    return f"{line}: {said} (see its log in Prefect's pages; the next run goes on from finished steps)"


def _disk(facts: dict[str, Any]) -> list[str]:
    free = f"{facts['disk_free_bytes'] / (1 << 30):.1f} GiB free at {state_home()}"
    if facts["disk"]:
        return [f"Disk: {free}"]
    return [f"Disk: only {free}. Make room with: crisisflow cache prune --older-than 30d"]


def local(time: str) -> str:
    """A time of Prefect's by this machine's clock."""
    return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S %Z}"
