"""Schedule: MLflow, Prefect and a worker that runs what is scheduled by itself, kept running together."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import Field

from flows.operations import deployments as registering
from models.settings import Settings
from models.wording import counted
from tasks import sources
from tasks.database import in_force
from tasks.database import up as team_up
from tasks.recipes import load_recipe
from tasks.runtime import running as runtime_running
from tasks.runtime import servers
from tasks.runtime.progress import say
from tasks.runtime.state_folder import state_home
from tasks.runtime.supervisor import CHECK_EVERY_SECONDS, Supervisor
from tasks.scheduling import deployments, naming, news, prefect_pages, prefect_server, stale_runs
from tasks.scheduling import worker as scheduling_worker
from tasks.scheduling.api import PrefectApi
from tasks.scheduling.timetable import Timing
from tasks.tracking import artifacts, ui_server

RETRAINING, PAGE = "retraining", "page"
UNKNOWN_DATA = "its data cannot be named now; the run prints them"
TIDY_EVERY_SECONDS = 20.0
REWRITE_AFTER_SECONDS = 300.0  # the start page, where only the database of MLflow has changed


class UpRequest(Settings):
    """The ports, and what the retraining does otherwise than prefect.yaml says."""

    timing: Timing | None = Field(None, description="When it runs.")
    retraining: dict[str, Any] = Field({}, description="Fields of its request.")
    mlflow_port: int = 5000
    prefect_port: int = 4200
    page_port: int | None = Field(None, description="Where `crisisflow serve` answers; without one it is not started.")


def retraining_fields(
    tweets: str | None, corpora: tuple[str, ...], recipe: str | None, reading: registering.Reading
) -> dict[str, Any]:
    """What these options change in the retraining, checked now rather than when it runs."""
    registering.refuse_reading_nothing(tweets, reading, "--tweets")
    for source in filter(None, (tweets, *corpora)):
        sources.check_source(source)
    if recipe:
        load_recipe(recipe)
    return registering.retrain_fields(tweets, corpora, recipe, reading)


def keep_running(request: UpRequest) -> None:
    """Start all three, say where they are, restart what dies, stop everything on leaving."""
    with runtime_running.only_one("up"), team_up.only_one(request.prefect_port) as claim:
        servers.refuse_taken_port("MLflow", request.mlflow_port, "--mlflow-port")
        servers.refuse_taken_port("Prefect", request.prefect_port, "--prefect-port")
        url = f"http://{servers.LOOPBACK}:{request.prefect_port}"
        supervisor = Supervisor(
            {
                "prefect": lambda: prefect_server.start_prefect(request.prefect_port),
                "mlflow": lambda: ui_server.start_mlflow(request.mlflow_port),
                "worker": lambda: scheduling_worker.start_worker(url),
                PAGE: lambda: start_page(request.page_port or 0),
            }
        )
        with _everything_stopped(supervisor):
            comparison = _start(supervisor, request, f"{url}/api")
            if request.page_port is not None and is_free(request.page_port):
                supervisor.start(PAGE)  # do not wait for it: it loads TensorFlow
            runtime_running.announce({name: server.url for name, server in supervisor.running.items()})
            _welcome(supervisor, comparison)
            _supervise(supervisor, f"{url}/api", claim)


def start_page(port: int) -> servers.Server:
    """`crisisflow serve` on loopback, also before there is a champion."""
    command = [sys.executable, "-m", "flows", "serve", "--wait", "--port", str(port)]
    return servers.start_process(PAGE, command, f"http://{servers.LOOPBACK}:{port}", "/health")


def is_free(port: int) -> bool:
    """Whether the page can have this port; else say why it is not started: it may be served already."""
    if not servers.port_taken(port):
        return True
    say(f"port {port} is taken, perhaps by `crisisflow serve`: the page is not started; --page-port names another one")
    return False


@contextlib.contextmanager
def _everything_stopped(supervisor: Supervisor) -> Iterator[None]:
    try:
        yield
    finally:
        supervisor.stop()
        runtime_running.running_file().unlink(missing_ok=True)


def _start(supervisor: Supervisor, request: UpRequest, api_url: str) -> str:
    """Start everything in order, put in order what the last time left; return the page that compares the models."""
    runtime_running.announce({})
    with prefect_server.tables_made_once():
        for server in [supervisor.start("prefect"), supervisor.start("mlflow")]:
            server.wait_until_healthy()
    os.environ["PREFECT_API_URL"] = api_url
    with PrefectApi(api_url) as api:
        scheduling_worker.make_pool(api)
        stale_runs.close_dead(api, scheduling_worker.POOL)
        stale_runs.close_orphans(api, after_seconds=0)
        deploying = registering.start_registering(api_url)
        try:
            naming_data = None if request.retraining.get("tweets") else _start_naming_data()
            comparison = _recover(supervisor.running["mlflow"].url)
            if naming_data is not None:
                say(f"{RETRAINING} names no tweets: {naming_data.communicate()[0].strip() or UNKNOWN_DATA}")
            _tell_of_missed(stale_runs.collapse_missed(api, scheduling_worker.POOL))
            since = datetime.now(UTC)
            worker = supervisor.start("worker")
            registering.finish_registering(deploying)
            deployments.replace_renamed(api)
            deployments.change(api, RETRAINING, request.timing, request.retraining)
        finally:
            deploying.stop()
        scheduling_worker.wait_for_worker(worker, since)
        _wait_until_planned(api)
    return comparison


def _recover(mlflow: str) -> str:
    """Close in MLflow what dead processes left, in a process of its own: MLflow is large, and this one stays."""
    command = [sys.executable, "-m", "tasks.scheduling.recovery", mlflow]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"MLflow's runs could not be put in order: {done.stderr.strip()[-500:]}")
    return done.stdout.strip()


def _start_naming_data() -> "subprocess.Popen[str]":
    """A process that prints what a retraining without tweets learns from: MLflow is large, and this one stays."""
    command = [sys.executable, "-m", "flows.champion_data"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


class StartPage:
    """Writes the start page when runs have ended, in another process: MLflow is large, and this one stays."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._command = [sys.executable, "-m", "tasks.overview", *addresses]
        self._writing: subprocess.Popen[bytes] | None = None
        self._seen: tuple[Any, ...] = ()
        self._written = 0.0

    def refresh(self, api: PrefectApi) -> None:
        """Start writing it if a flow run has ended since the last time; what failed is tried again next time."""
        if self._writing is not None and self._writing.poll() is None:
            return
        if self._writing is not None and self._writing.returncode:
            self._seen = ()
        ended = api.find("flow_runs", sort="END_TIME_DESC", limit=1)
        waited = time.monotonic() - self._written > REWRITE_AFTER_SECONDS
        seen = (ended[0]["id"] if ended else None, _changed() if waited or not self._seen else self._seen[1])
        if seen != self._seen:
            self._seen, self._written = seen, time.monotonic()
            self._writing = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _changed() -> float:
    """When MLflow's database was written to last; of a team's, now; 0 where runs are recorded elsewhere."""
    if in_force() is not None:
        return time.time()
    database = artifacts.database_in(state_home())
    return database.stat().st_mtime if database.exists() else 0.0


def _tell_of_missed(cancelled: int) -> None:
    if cancelled:
        say(f"cancelled {counted(cancelled, 'missed run')}: the newest of each schedule catches up")


def _wait_until_planned(api: PrefectApi) -> None:
    """Return once all that is not paused has a run to come; raise RuntimeError when the scheduler is mute."""
    deadline = time.monotonic() + servers.START_TIMEOUT_SECONDS
    while any(each.plannable and not each.next for each in deployments.read_all(api)):
        if time.monotonic() > deadline:
            raise RuntimeError("Prefect planned no run; its log: prefect.log in the logs of the state folder")
        time.sleep(0.3)


def _welcome(supervisor: Supervisor, comparison: str) -> None:
    running = supervisor.running
    print(f"Start    {running['prefect'].url}{prefect_pages.START}    the champion, what ran, what comes next")
    print(f"MLflow   {running['mlflow'].url}    runs, metrics, models")
    print(f"Prefect  {running['prefect'].url}    flows and schedules")
    if PAGE in running:
        print(f"Page     {running[PAGE].url}    paste a tweet, drop a file, label; ready in some seconds")
    with PrefectApi(f"{running['prefect'].url}/api") as api:
        for each in deployments.read_all(api):
            print(f"{each.name}: {'paused' if each.paused else each.schedule}")
    print(f"All models side by side: {comparison}")
    print(f"Logs: {running['mlflow'].log.parent}. Ctrl-C stops everything.", flush=True)


def _supervise(supervisor: Supervisor, api_url: str, claim: team_up.Claim) -> None:
    """Until Ctrl-C: restart what dies, tidy the runs that died, or were missed by a machine asleep or busy.

    The start page follows what has run.
    """
    page = StartPage([supervisor.running[name].url for name in ("mlflow", "prefect")])
    tidied = -TIDY_EVERY_SECONDS
    while True:
        time.sleep(CHECK_EVERY_SECONDS)
        supervisor.check()
        claim.renew()
        if time.monotonic() - tidied > TIDY_EVERY_SECONDS:
            with contextlib.suppress(httpx.HTTPError, RuntimeError), PrefectApi(api_url) as api:
                stale_runs.close_orphans(api)
                _tell_of_missed(stale_runs.collapse_missed(api, scheduling_worker.POOL))
                naming.name_planned(api, scheduling_worker.POOL)
                page.refresh(api)
                news.tell_news(deployments.read_all(api))
            tidied = time.monotonic()
