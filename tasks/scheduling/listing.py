"""What is scheduled, also while `crisisflow up` does not run: then from Prefect's database and prefect.yaml."""

import os
from dataclasses import replace
from pathlib import Path

import yaml

from tasks import database
from tasks.runtime import running
from tasks.runtime.state_folder import state_home
from tasks.scheduling import prefect_server, timetable
from tasks.scheduling.api import PrefectApi, api_url
from tasks.scheduling.deployments import FILE, Scheduled, read_all


def read_schedules() -> tuple[list[Scheduled], bool]:
    """Everything that is scheduled, by name, and whether it runs now.

    If not, nothing has a next run. Raises ValueError when PREFECT_API_URL is set and no server answers there.
    """
    if os.environ.get("PREFECT_API_URL") or running.announced():
        with PrefectApi(api_url()) as api:
            return read_all(api), True
    stored = [replace(each, next=None) for each in _stored()]
    names = {each.name for each in stored}
    return sorted(
        [*stored, *(each for each in _in_file() if each.name not in names)], key=lambda each: each.name
    ), False


def _stored() -> list[Scheduled]:
    """What Prefect's database holds, read by a temporary server; nothing where there is no database yet."""
    folder = Path(os.environ.get("PREFECT_HOME") or state_home() / "prefect")
    named = database.in_force() or os.environ.get("PREFECT_SERVER_DATABASE_CONNECTION_URL")
    if not (folder / "prefect.db").exists() and not named:
        return []
    with prefect_server.tables_made_once():
        server = prefect_server.start_temporary_prefect()
        try:
            server.wait_until_healthy()
            with PrefectApi(f"{server.url}/api") as api:
                return read_all(api)
        finally:
            server.stop()


def _in_file() -> list[Scheduled]:
    """What the next `crisisflow up` registers from prefect.yaml."""
    return [
        Scheduled(
            name=each["name"],
            flow=each["entrypoint"].rpartition(".")[2].replace("_", " "),
            schedule="; ".join(map(timetable.in_words, each["schedules"])),
            paused=False,
            added=False,
            next=None,
            last=None,
            parameters=each.get("parameters", {}),
            id="",
        )
        for each in yaml.safe_load(FILE.read_text(encoding="utf-8"))["deployments"]
    ]
