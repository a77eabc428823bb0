"""The names of runs in Prefect's pages: what they are about and when they were due, so that they can be told apart."""

from datetime import datetime
from pathlib import Path
from typing import Any

from tasks.runtime.redaction import redact
from tasks.scheduling.api import PrefectApi

MOST_CHARACTERS = 40


def run_name(flow: str, given: dict[str, Any], due: datetime) -> str:
    """What it is about, or else the flow, and when it was due by this machine's clock: standard 11-24 03:00.

    Prefect's pages show the flow beside it, and cut what is long.
    """
    about = _about(given.get("request", given.get("source")))
    return f"{about or flow} {due.astimezone():%m-%d %H:%M}"


def _about(request: Any) -> str:
    """The recipe of a request, or its source, in one word.

    >>> _about({"recipe": "standard"}), _about({"source": "/data/monday.csv"}), _about(None)
    ('standard', 'monday', '')
    """
    fields = request if isinstance(request, dict) else getattr(request, "__dict__", {"source": request})
    subject = fields.get("recipe") or fields.get("source") or ""
    return Path(redact(str(subject)).partition("?")[0]).stem[:MOST_CHARACTERS]


def name_planned(api: PrefectApi, pool: str) -> None:
    """Give the runs that the scheduler has planned the names that they will run under, in place of random words."""
    planned = {"state": {"type": {"any_": ["SCHEDULED"]}, "name": {"any_": ["Scheduled"]}}}
    found = api.find("flow_runs", flow_runs=planned, work_pools={"name": {"any_": [pool]}})
    flows = {flow["id"]: flow["name"] for flow in api.find("flows")} if found else {}
    for run in found:
        due = datetime.fromisoformat(run["expected_start_time"])
        name = run_name(flows.get(run["flow_id"], ""), run["parameters"], due)
        if run["auto_scheduled"] and run["name"] != name:
            api.ask("PATCH", f"/flow_runs/{run['id']}", {"name": name})
