"""Schedule: MLflow, Prefect and a deployment that retrains by itself, kept running together."""

import json
import os
import sys
import time
from datetime import timedelta
from typing import Any

from pydantic import Field

from models.settings import Settings
from tasks import servers, tracking
from tasks.progress import say
from tasks.secrets import mask_secrets

DEPLOYMENT = "scheduled"
CHECK_EVERY_SECONDS = 2.0


class Schedule(Settings):
    """When to retrain: by cron, or every so many seconds."""

    cron: str | None = Field("0 3 * * *", description="Minute, hour, day, month, weekday.")
    timezone: str = Field("UTC", description="Of the cron expression.")
    every_seconds: float | None = Field(None, description="Instead of cron.")

    def to_prefect(self) -> Any:
        """The schedule as Prefect takes it. Raises ValueError for an expression or a time zone that is none."""
        from prefect.schedules import Cron, Interval

        if self.every_seconds is not None:
            return Interval(timedelta(seconds=self.every_seconds))
        return Cron(str(self.cron), timezone=self.timezone)


def nightly_request(tweets: str | None, corpora: tuple[str, ...], recipe: str) -> dict[str, Any]:
    """The request that every scheduled run repeats, checked now rather than at three in the morning."""
    from flows.ingest import SAMPLE_CORPUS, SAMPLE_TWEETS
    from tasks.recipes import load_recipe

    load_recipe(recipe)
    if tweets is None and not corpora:
        corpora = (str(SAMPLE_CORPUS),)
    source = tweets if tweets is not None else str(SAMPLE_TWEETS)
    return {"tweets": {"source": source}, "corpora": list(corpora), "recipe": recipe}


def keep_running(schedule: Schedule, request: dict[str, Any], mlflow_port: int, prefect_port: int) -> None:
    """Start all three, say where they are, restart what dies, stop everything on leaving."""
    if running := servers.announced():
        raise ValueError(f"it is running already, as process {running['process']}: see `crisisflow status`")
    servers.refuse_taken_port("MLflow", mlflow_port, "--mlflow-port")
    servers.refuse_taken_port("Prefect", prefect_port, "--prefect-port")
    schedule.to_prefect()
    starters = {
        "prefect": lambda: servers.start_prefect(prefect_port),
        "mlflow": lambda: servers.start_mlflow(mlflow_port),
        "schedule": lambda: _start_schedule(schedule, request, prefect_port),
    }
    running_servers: dict[str, servers.Server] = {}
    try:
        with servers.tables_made_once():
            running_servers = {name: starters[name]() for name in ("prefect", "mlflow")}
            for server in running_servers.values():
                server.wait_until_healthy()
        os.environ["PREFECT_API_URL"] = f"{running_servers['prefect'].url}/api"
        tracking.recover()
        running_servers["schedule"] = starters["schedule"]()
        _wait_until_planned(running_servers["schedule"])
        servers.announce({name: server.url for name, server in running_servers.items()})
        _welcome(running_servers, schedule)
        _supervise(running_servers, starters)
    finally:
        servers.running_file().unlink(missing_ok=True)
        for server in reversed(running_servers.values()):
            server.stop()


def _start_schedule(schedule: Schedule, request: dict[str, Any], prefect_port: int) -> servers.Server:
    url = f"http://{servers.LOOPBACK}:{prefect_port}"
    payload = json.dumps({"schedule": schedule.model_dump(), "request": request})
    command = [sys.executable, "-m", "flows.schedule", payload]
    environment = {"PREFECT_API_URL": f"{url}/api", "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO"}
    return servers.start_process("schedule", command, url, "/api/health", environment)


def _wait_until_planned(server: servers.Server) -> None:
    """Return once Prefect knows of a run to come; raise RuntimeError naming the log when the schedule fails."""
    deadline = time.monotonic() + servers.START_TIMEOUT_SECONDS
    while not _next_runs(server.url):
        if server.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the schedule did not start; its log: {server.log}")
        time.sleep(0.5)


def _welcome(running: dict[str, servers.Server], schedule: Schedule) -> None:
    when = f"every {schedule.every_seconds:g} s" if schedule.every_seconds else f"{schedule.cron} ({schedule.timezone})"
    print(f"MLflow   {running['mlflow'].url}    runs, metrics, models")
    print(f"Prefect  {running['prefect'].url}    flows and schedule")
    print(f"Retrains {when}. Logs: {running['mlflow'].log.parent}")
    print(f"All models side by side: {tracking.comparison_address(running['mlflow'].url)}")
    print("Ctrl-C stops all three.", flush=True)


def _supervise(running: dict[str, servers.Server], starters: dict[str, Any]) -> None:
    while True:
        time.sleep(CHECK_EVERY_SECONDS)
        for name, server in running.items():
            if server.process.poll() is not None:
                say(f"{name} ended with code {server.process.returncode} and is started again; its log: {server.log}")
                server.stop()  # its children may outlive it, and hold its port
                running[name] = starters[name]()


def health() -> dict[str, Any]:
    """Whether MLflow, Prefect and the schedule answer, and the next scheduled runs."""
    addresses = servers.announced()
    facts: dict[str, Any] = {"running": bool(addresses), "next": []}
    facts |= dict.fromkeys(("mlflow", "prefect", "schedule"), False)
    if addresses:
        facts["mlflow"] = servers.answers(f"{addresses['mlflow']}/health")
        facts["prefect"] = True
        facts["addresses"] = {name: addresses[name] for name in ("mlflow", "prefect")}
        facts["next"] = _next_runs(addresses["prefect"])
        facts["schedule"] = bool(facts["next"])
    facts["healthy"] = all(facts[name] for name in ("mlflow", "prefect", "schedule"))
    facts["tracking_uri"] = mask_secrets(tracking.tracking_uri())
    return facts


def _next_runs(url: str) -> list[str]:
    """Expected start times of the next scheduled flow runs, soonest first."""
    import httpx

    query = {"sort": "EXPECTED_START_TIME_ASC", "limit": 3, "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    answer = httpx.post(f"{url}/api/flow_runs/filter", json=query, timeout=10.0, trust_env=False)
    answer.raise_for_status()
    return [run["expected_start_time"] for run in answer.json()]


def in_words(facts: dict[str, Any]) -> list[str]:
    """The same for a person, with what to do about it."""
    if not facts["running"]:
        return ["Not running. Start it with: crisisflow up"]
    lines = [
        f"{name.capitalize()}: {'healthy' if facts[name] else 'not answering'} at {facts['addresses'][name]}"
        for name in ("mlflow", "prefect")
    ]
    if facts["schedule"]:
        return [*lines, f"Schedule: healthy, next run at {facts['next'][0]}"]
    return [*lines, "Schedule: no run is planned. Stop `crisisflow up` with Ctrl-C and start it again."]


def serve(schedule: Schedule, request: dict[str, Any]) -> None:
    """Register the deployment and start its runs as they fall due, until stopped. One run at a time."""
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.deployments.runner import EntrypointType

    from flows.retrain import retrain

    retrain.serve(
        name=DEPLOYMENT,
        schedule=schedule.to_prefect(),
        parameters={"request": request},
        entrypoint_type=EntrypointType.MODULE_PATH,
        global_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        print_starting_message=False,
    )


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    serve(Schedule(**given["schedule"]), given["request"])
