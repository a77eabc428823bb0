"""The schedule for real: servers, worker, a run that fires by itself, what is missed or dies, and an end in order."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from ports import free_port

from tasks import tracking
from tasks.runtime import running, servers
from tasks.scheduling import deployments, stale_runs
from tasks.scheduling import worker as scheduling_worker
from tasks.scheduling.api import JsonObject, PrefectApi

PATIENCE_SECONDS = 300
RETRAINING = "retraining"
RECIPE = """
name = "micro"
vocabulary = { min_count = 1 }
frequency = { min_document_frequency = 1 }
cooccurrence = { min_count = 1, dimensions = 8 }
embeddings = []
classifiers = []
nb_svm = { representations = ["one-hot"] }
ensemble = { members = [] }
"""


def wait_for(what: Callable[[], Any]) -> Any:
    """The first thing that is not false, or a failure."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.2)
    pytest.fail(f"nothing came within {PATIENCE_SECONDS} s")


def crisisflow(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command as a user types it."""
    return subprocess.run(
        [sys.executable, "-m", "flows", *words],
        env={**os.environ, "CRISISFLOW_HOME": str(state)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scheduled")


@pytest.fixture(scope="module")
def up(inputs: dict[str, Any], state: Path, ports: tuple[int, int]) -> Iterator[subprocess.Popen[bytes]]:
    """`crisisflow up` with a schedule of seconds."""
    (state / "micro.toml").write_text(RECIPE)
    options = ["--every", "8s", "--tweets", inputs["tweets"], "--recipe", state / "micro.toml"]
    options += ["--mlflow-port", ports[0], "--prefect-port", ports[1], "--no-page"]
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    process = subprocess.Popen(
        [sys.executable, "-m", "flows", "up", *map(str, options)],
        env={**environment, "CRISISFLOW_HOME": str(state)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def api(
    up: subprocess.Popen[bytes], state: Path, ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> Iterator[PrefectApi]:
    """Prefect's server, and the state folder of `up` as the test's own."""
    monkeypatch.setenv("CRISISFLOW_HOME", str(state))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with PrefectApi(f"http://127.0.0.1:{ports[1]}/api") as opened:
        yield opened


def state_of(api: PrefectApi, run_id: str) -> JsonObject:
    return dict(api.ask("GET", f"/flow_runs/{run_id}")["state"])


def test_no_retraining_is_handed_to_the_worker_while_one_runs(api: PrefectApi) -> None:
    under_way = {"state": {"type": {"any_": stale_runs.UNDER_WAY}}, "deployment_id": {"is_null_": False}}
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    ask = {"work_queue_names": [scheduling_worker.RETRAINING], "scheduled_before": tomorrow}
    wait_for(lambda: "worker" in running.read_state())
    wait_for(lambda: api.find("flow_runs", flow_runs=under_way))
    assert api.ask("POST", f"/work_pools/{scheduling_worker.POOL}/get_scheduled_flow_runs", ask) == []
    assert deployments.await_planned(api, RETRAINING).next  # there was one to hand out


def test_a_paused_schedule_plans_nothing_until_it_is_resumed(api: PrefectApi, state: Path) -> None:
    assert crisisflow(state, "schedule", "pause", RETRAINING).returncode == 0
    paused = next(each for each in deployments.read_all(api) if each.name == RETRAINING)
    assert paused.paused
    assert paused.next is None
    refused = crisisflow(state, "schedule", "next", RETRAINING)
    assert refused.returncode == 2
    assert f"crisisflow schedule resume {RETRAINING}" in refused.stderr
    deployments.resume(api, RETRAINING)
    assert deployments.await_planned(api, RETRAINING).next
    deployments.pause(api, RETRAINING)  # one retraining is under way, and the tests that follow want no other


def test_a_run_fires_by_itself_and_lands_in_mlflow_with_the_link_back(api: PrefectApi, state: Path) -> None:
    finished = "tags.stage = 'retrain' and attributes.status = 'FINISHED'"
    run = wait_for(lambda: tracking.find_runs(finished))[-1]
    assert run.data.metrics["test/f1"] >= 0
    flow_run = wait_for(lambda: api.ask("GET", f"/flow_runs/{run.data.tags['prefect.flow_run_id']}"))
    assert run.data.tags["prefect.flow_run_url"].endswith(f"/flow-runs/flow-run/{flow_run['id']}")
    assert flow_run["auto_scheduled"]
    assert re.fullmatch(r"micro \d\d-\d\d \d\d:\d\d", flow_run["name"])


def test_a_schedule_that_is_added_is_listed_planned_and_removed(api: PrefectApi, state: Path) -> None:
    berlin = ["--cron", "30 2 * * *", "--timezone", "Europe/Berlin"]
    done = crisisflow(state, "schedule", "add", "score", *berlin, "--name", "mine", "--source", str(state), "--json")
    added = json.loads(done.stdout)
    assert added["schedule"] == "at 02:30 every day (Europe/Berlin)"
    assert added["parameters"] == {"request": {"source": str(state)}}
    coming = json.loads(crisisflow(state, "schedule", "next", "mine", "-n", "2", "--json").stdout)["next"]
    assert [each["time"][11:16] for each in coming] == ["02:30", "02:30"]
    assert datetime.fromisoformat(coming[0]["time"]) == datetime.fromisoformat(added["next"])
    run = api.ask("POST", f"/deployments/{added['id']}/create_flow_run", {})
    api.set_state("flow_runs", run["id"], "Pending", "being submitted")
    deployments.remove(api, "mine")
    assert api.ask("GET", f"/flow_runs/{run['id']}")["state"]["type"] == "CANCELLED"
    assert "mine" not in {each.name for each in deployments.read_all(api)}
    with pytest.raises(ValueError, match=r"defined in .*prefect\.yaml"):
        deployments.remove(api, RETRAINING)


def test_a_schedule_of_an_earlier_version_is_replaced_and_its_pause_is_kept(api: PrefectApi) -> None:
    deployments.resume(api, RETRAINING)
    flow = deployments.find(api, RETRAINING)["flow_id"]
    old = {"name": "nightly-retraining", "flow_id": flow, "work_pool_name": scheduling_worker.POOL, "paused": True}
    api.ask("POST", "/deployments/", old)
    deployments.replace_renamed(api)
    assert {each.name: each.paused for each in deployments.read_all(api)}.get(RETRAINING)
    assert "nightly-retraining" not in {each.name for each in deployments.read_all(api)}
    assert deployments.find(api, "nightly-retraining")["name"] == RETRAINING  # what scripts still call it


def test_what_was_missed_is_caught_up_once(api: PrefectApi) -> None:
    missed = missed_runs(api, hours=10)
    assert stale_runs.collapse_missed(api, "asleep") == len(missed) - 1
    states = [state_of(api, run["id"]) for run in missed]
    assert [each["type"] for each in states[:-1]] == ["CANCELLED"] * (len(missed) - 1)
    assert states[-1]["type"] == "SCHEDULED"
    assert f"catches up for all {len(missed)}" in states[0]["message"]
    assert stale_runs.collapse_missed(api, "asleep") == 0


def missed_runs(api: PrefectApi, hours: int) -> list[JsonObject]:
    """Hourly runs of the last hours, the newest last, in a pool that has no worker."""
    api.ask("POST", "/work_pools/", {"name": "asleep", "type": "process", "base_job_template": {}})
    flow = api.ask("POST", "/flows/", {"name": "hourly"})
    schedule = {"schedule": {"interval": 3600}, "active": True}
    asleep = {"name": "asleep", "flow_id": flow["id"], "work_pool_name": "asleep", "schedules": [schedule]}
    deployment = api.ask("POST", "/deployments/", asleep)
    span = {"start_time": (datetime.now(UTC) - timedelta(hours=hours)).isoformat()}
    span |= {"end_time": datetime.now(UTC).isoformat(), "min_runs": hours, "max_runs": 100}
    api.ask("POST", f"/deployments/{deployment['id']}/schedule", span)
    api.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", {})  # by hand: nobody may cancel it
    mine = {"id": {"any_": [deployment["id"]]}}
    found = api.find("flow_runs", deployments=mine, sort="EXPECTED_START_TIME_ASC")
    planned = [each for each in found if each["auto_scheduled"]]
    past = [each for each in planned if datetime.fromisoformat(each["expected_start_time"]) < datetime.now(UTC)]
    assert len(past) >= hours - 1
    return past


def test_a_run_whose_process_is_killed_ends_as_crashed_and_as_killed(api: PrefectApi, up: Any) -> None:
    deployment = deployments.find(api, RETRAINING)
    flow_run = api.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", {})
    mine = f"tags.`prefect.flow_run_id` = '{flow_run['id']}'"
    run = wait_for(lambda: tracking.find_runs(mine))[0]
    inner = {"parent_flow_run_id": {"any_": [flow_run["id"]]}}  # another retraining may begin meanwhile
    wait_for(lambda: api.find("flow_runs", flow_runs={**inner, **stale_runs.in_states(["RUNNING"])}))
    psutil.Process(int(run.data.tags["process"])).kill()
    wait_for(lambda: state_of(api, flow_run["id"])["type"] == "CRASHED")
    assert tracking.read_run(run.info.run_id).info.status == "KILLED"
    wait_for(lambda: stale_runs.close_orphans(api, after_seconds=0) == 0)
    assert not api.find("flow_runs", flow_runs={**inner, **stale_runs.in_states(["RUNNING"])})


def test_a_worker_that_dies_is_started_again(api: PrefectApi, up: subprocess.Popen[bytes]) -> None:
    began = datetime.now(UTC)
    worker = next(child for child in psutil.Process(up.pid).children() if "worker" in child.cmdline())
    worker.kill()
    assert wait_for(lambda: scheduling_worker.last_heartbeat(api) > began and not worker.is_running())


def test_status_is_healthy_and_names_every_part(api: PrefectApi, state: Path) -> None:
    done = crisisflow(state, "status")
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("MLflow: healthy", "Prefect: healthy", "Worker: healthy", "Schedule: healthy, next run at", "Disk: "):
        assert words in done.stdout
    assert f"crisisflow schedule resume {RETRAINING}" in done.stdout


def test_a_second_up_says_that_it_is_running(up: subprocess.Popen[bytes], state: Path) -> None:
    done = crisisflow(state, "up")
    assert done.returncode == 2
    assert f"running already, as process {up.pid}" in done.stderr


def test_it_stops_cleanly_and_leaves_no_process(
    up: subprocess.Popen[bytes], state: Path, ports: tuple[int, int]
) -> None:
    children = psutil.Process(up.pid).children(recursive=True)
    up.send_signal(signal.SIGTERM)
    assert up.wait(60) == 130
    assert wait_for(lambda: not any(child.is_running() for child in children))
    assert not any(servers.port_taken(port) for port in ports)
    assert not (state / "running.json").exists()


def test_without_it_the_schedules_are_listed_from_the_database(
    up: subprocess.Popen[bytes], state: Path, ports: tuple[int, int]
) -> None:
    assert up.poll() is not None
    listed = json.loads(crisisflow(state, "schedule", "list", "--json").stdout)
    found = {each["name"]: each for each in listed["schedules"]}
    assert not listed["running"]
    assert found[RETRAINING]["paused"]
    assert found[RETRAINING]["last"]
    assert not any(each["next"] for each in found.values())
