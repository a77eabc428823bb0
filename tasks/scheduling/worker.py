"""The work pool that scheduled runs wait in, and the worker that runs them, each in a process of its own."""

import shlex
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks.runtime import servers
from tasks.scheduling import GRACE_SECONDS, prefect_server, stale_runs
from tasks.scheduling.api import PrefectApi
from tasks.sources.limits import ATTEMPTS

POOL = "crisisflow"
RETRAINING = "retraining"  # the queue of all retrainings, whatever their schedule: one at a time
ROOT = Path(__file__).parents[2]
WORKER_STOP_SECONDS = GRACE_SECONDS + 5  # the runs have to end first
SOURCE_ATTEMPTS = "24"  # with pauses of up to 30 s, ten minutes of patience with a source that is away
SETTINGS = {
    "command": ("string", shlex.join([sys.executable, "-m", "tasks.scheduling.run_guard"])),
    "working_dir": ("string", str(ROOT)),
    "stream_output": ("boolean", True),
    "env": ("object", {}),
    "labels": ("object", {}),
    "name": ("string", None),
}


def make_pool(api: PrefectApi) -> None:
    """Make the work pool and its queue of retrainings, or bring them to what they should be."""
    pool = {"description": "Runs of crisisflow's schedules, on this machine.", "base_job_template": _job_template()}
    queue = {"description": "One retraining at a time.", "concurrency_limit": 1}
    _put(api, "/work_pools/", POOL, {"type": "process", **pool}, pool)
    _put(api, f"/work_pools/{POOL}/queues", RETRAINING, queue, queue)


def _put(api: PrefectApi, folder: str, name: str, new: dict[str, Any], changed: dict[str, Any]) -> None:
    below = folder.rstrip("/")
    known = {each["name"] for each in api.ask("POST", f"{below}/filter", {})}
    if name in known:
        api.ask("PATCH", f"{below}/{name}", changed)
    else:
        api.ask("POST", folder, {"name": name, **new})


def _job_template() -> dict[str, Any]:
    """Prefect's template of a process, whose command is our guard of the engine, in the folder of prefect.yaml."""
    properties = {
        name: {"title": name.replace("_", " ").capitalize(), "type": kind, "default": default}
        for name, (kind, default) in SETTINGS.items()
    }
    return {
        "job_configuration": {name: f"{{{{ {name} }}}}" for name in SETTINGS},
        "variables": {"type": "object", "properties": properties},
    }


def start_worker(url: str) -> servers.Server:
    """Start the one worker of the pool; first, what an earlier one left running is closed: its runs died with it."""
    with PrefectApi(f"{url}/api") as api:
        stale_runs.close_dead(api, POOL)
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"]
    command += ["--name", POOL, "--install-policy", "never"]
    environment = {
        "PREFECT_API_URL": f"{url}/api",
        "PREFECT_WORKER_QUERY_SECONDS": "5",
        "PREFECT_WORKER_HEARTBEAT_SECONDS": "15",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO",
        ATTEMPTS: SOURCE_ATTEMPTS,
        **prefect_server.client_settings(),
    }
    server = servers.start_process("worker", command, url, "/api/health", environment)
    server.stop_seconds = WORKER_STOP_SECONDS
    return server


def wait_for_worker(worker: servers.Server, since: datetime) -> None:
    """Return once the worker has reported for work; raise RuntimeError naming its log when it does not."""
    deadline = time.monotonic() + servers.START_TIMEOUT_SECONDS
    with PrefectApi(f"{worker.url}/api") as api:
        while last_heartbeat(api) < since:
            if worker.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the worker did not start; its log: {worker.log}")
            time.sleep(0.2)


def last_heartbeat(api: PrefectApi) -> datetime:
    """When the worker last reported; long ago when it never did."""
    if not any(pool["name"] == POOL for pool in api.ask("POST", "/work_pools/filter", {})):
        return datetime.min.replace(tzinfo=UTC)
    workers = api.ask("POST", f"/work_pools/{POOL}/workers/filter", {})
    beats = [datetime.fromisoformat(each["last_heartbeat_time"]) for each in workers if each["last_heartbeat_time"]]
    return max(beats, default=datetime.min.replace(tzinfo=UTC))
