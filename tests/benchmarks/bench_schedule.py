"""How fast `crisisflow up` is healthy, what it holds in memory, and what becomes of runs that are missed or killed.

One state folder for all: started new and started again, timed until `crisisflow status` exits 0; memory is the
proportional share of every process (PSS), idle. Downtime is simulated: `up` is killed, the runs that Prefect has
planned are moved hours into the past in its database, and `up` is started again. Each crash is SIGKILL in the middle of
a retraining started by the schedule's worker; timed until Prefect says Crashed, MLflow KILLED, and no process is left.

    python tests/benchmarks/bench_schedule.py
"""

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
from ports import free_port

from tasks.scheduling.api import PrefectApi

OURS = {key: value for key, value in os.environ.items() if key not in ("MLFLOW_TRACKING_URI", "PREFECT_API_URL")}
RETRAINING = "retraining"
VICTIMS = {"engine": "tasks.scheduling.engine", "guard": "tasks.scheduling.run_guard", "worker": "worker", "up": "up"}
PATIENCE_SECONDS = 300.0
MEBIBYTE = 1 << 20


class Up:
    """`crisisflow up` on one state folder, started and ended as often as asked."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ports = free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def api_url(self) -> str:
        """Prefect's address."""
        return f"http://127.0.0.1:{self.ports[1]}/api"

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command on this state folder, as a user types it."""
        command = [sys.executable, "-m", "flows", *words]
        environment = {**OURS, "CRISISFLOW_HOME": str(self.home)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def start(self) -> float:
        """Start it; seconds until `crisisflow status` says that all is well."""
        began = time.monotonic()
        ports = ["--mlflow-port", str(self.ports[0]), "--prefect-port", str(self.ports[1])]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flows", "up", "--no-page", *ports],
            env={**OURS, "CRISISFLOW_HOME": str(self.home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        told = self.home / "running.json"
        wait_for(lambda: told.exists() and "worker" in told.read_text())
        wait_for(lambda: self.command("status").returncode == 0)
        return time.monotonic() - began

    def processes(self) -> list[psutil.Process]:
        """It and everything below it."""
        assert self.process is not None
        try:
            up = psutil.Process(self.process.pid)
            return [up, *up.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def end(self, sign: int) -> float:
        """Send a signal; seconds until nothing of it is left."""
        assert self.process is not None
        all_of_it, began = self.processes(), time.monotonic()
        self.process.send_signal(sign)
        self.process.wait()
        wait_for(lambda: not any(map(lives, all_of_it)))
        return time.monotonic() - began


def lives(process: psutil.Process) -> bool:
    """Whether it still does anything."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(what: Callable[[], Any]) -> Any:
    """The first thing that is not false."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.2)
    raise TimeoutError(f"nothing came within {PATIENCE_SECONDS:.0f} s")


def memory(up: Up) -> None:
    """Print the proportional share of each process."""
    time.sleep(20)
    shares = [(process.memory_full_info().pss / MEBIBYTE, process.cmdline()) for process in up.processes()]
    for share, command in sorted(shares, reverse=True):
        print(f"  {share:6.0f} MiB  {' '.join(command[1:7])[:90]}")
    print(f"  {sum(share for share, _ in shares):6.0f} MiB in all")


def downtime(up: Up, hours: int) -> None:
    """Kill it, move what is planned into the past, start it again, and count what runs and what does not."""
    added = up.command("schedule", "add", "ingest", "--every", "30m", "--name", "half-hourly", "--json")
    deployment = json.loads(added.stdout)["id"]
    up.command("schedule", "resume", "half-hourly")
    with PrefectApi(up.api_url) as api:
        span = {"min_runs": 2 * hours, "max_runs": 2 * hours}
        api.ask("POST", f"/deployments/{deployment}/schedule", span)
    up.end(signal.SIGKILL)
    with closing(sqlite3.connect(up.home / "prefect" / "prefect.db")) as database:
        planned = "state_type = 'SCHEDULED' and auto_scheduled = 1 and deployment_id = ?"
        earlier = f"'-{hours + 1} hours'"
        for column in ("next_scheduled_start_time", "expected_start_time"):
            back = f"strftime('%Y-%m-%d %H:%M:%S.000000', {column}, {earlier})"
            database.execute(f"update flow_run set {column} = {back} where {planned}", [deployment])
        # The state says once more when; until then the server would have the run wait.
        when = "json_extract(state_details, '$.scheduled_time')"
        back = f"json_set(state_details, '$.scheduled_time', strftime('%Y-%m-%dT%H:%M:%SZ', {when}, {earlier}))"
        theirs = f"id in (select state_id from flow_run where {planned})"
        database.execute(f"update flow_run_state set state_details = {back} where {theirs}", [deployment])
        # By its key Prefect would hold a moved run for the one of the time that it was planned for.
        moved = "update flow_run set idempotency_key = 'moved ' || id where deployment_id = ?"
        database.execute(moved, [deployment])
        database.commit()
    print(f"downtime of {hours} hours: up again in {up.start():.1f} s")
    mine = {"deployments": {"id": {"any_": [deployment]}}}
    with PrefectApi(up.api_url) as api:
        wait_for(lambda: any(run["state"]["type"] == "COMPLETED" for run in api.find("flow_runs", **mine)))
        time.sleep(30)  # for any that would come after it
        states = [run["state"]["name"] for run in api.find("flow_runs", **mine) if run["state"]["type"] != "SCHEDULED"]
        messages = {
            run["state"]["message"] for run in api.find("flow_runs", **mine) if run["state"]["name"] == "Cancelled"
        }
    print(f"  { ({name: states.count(name) for name in sorted(set(states))}) }; {messages}")
    up.command("schedule", "remove", "half-hourly")


def crash(up: Up, victim: str) -> None:
    """Start a retraining, kill a process in its middle, and time how long anything says that it runs."""
    with PrefectApi(up.api_url) as api:
        deployment = next(each for each in api.find("deployments") if each["name"] == RETRAINING)
        flow_run = api.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", {})["id"]
    wait_for(lambda: mlflow_states(up).get("RUNNING", 0) >= 2)
    all_of_it, began = up.processes(), time.monotonic()
    marked = VICTIMS[victim]
    chosen = all_of_it[0] if victim == "up" else next(each for each in all_of_it[1:] if marked in each.cmdline())
    below = [chosen, *chosen.children(recursive=True)]
    chosen.kill()
    if victim == "up":
        assert up.process is not None
        up.process.wait()
    wait_for(lambda: not any(map(lives, below)))
    gone = time.monotonic() - began
    wait_for(lambda: not mlflow_states(up).get("RUNNING"))
    closed = time.monotonic() - began
    again = f", up again in {up.start():.1f} s" if victim == "up" else ""
    with PrefectApi(up.api_url) as api:
        wait_for(lambda: api.ask("GET", f"/flow_runs/{flow_run}")["state"]["type"] == "CRASHED")
        crashed = "once up again" if again else f"after {time.monotonic() - began:.1f} s"
        wait_for(lambda: not api.find("flow_runs", flow_runs={"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}))
        said = api.ask("GET", f"/flow_runs/{flow_run}")["state"]["message"]
    print(f"SIGKILL of {victim}: processes gone after {gone:.1f} s, MLflow closed after {closed:.1f} s{again}, ")
    print(f"  Prefect says Crashed {crashed}: {said[:100]}")


def mlflow_states(up: Up) -> dict[str, int]:
    """How many runs have which status."""
    with closing(sqlite3.connect(up.home / "mlflow" / "mlflow.db")) as database:
        return dict(database.execute("select status, count(*) from runs group by status").fetchall())


@contextmanager
def state_folder() -> Iterator[Path]:
    """A state folder that is new."""
    with tempfile.TemporaryDirectory(prefix="bench-schedule-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def main() -> None:
    """Measure, and print as it goes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=10, help="of downtime to simulate")
    hours = parser.parse_args().hours
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with state_folder() as home:
        os.environ["CRISISFLOW_HOME"] = str(home)
        up = Up(home)
        try:
            print(f"new state folder: healthy after {up.start():.1f} s")
            print(f"SIGTERM: nothing left after {up.end(signal.SIGTERM):.1f} s")
            print(f"started again: healthy after {up.start():.1f} s; memory of its processes:")
            memory(up)
            downtime(up, hours)
            for victim in VICTIMS:
                crash(up, victim)
            print(f"runs in MLflow: {mlflow_states(up)}")
        finally:
            if up.process is not None and up.process.poll() is None:
                up.end(signal.SIGTERM)


if __name__ == "__main__":
    main()
