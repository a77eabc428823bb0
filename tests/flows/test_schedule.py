"""The schedule for real: servers, deployment, a run that fires by itself, and an end that leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tasks import servers, tracking

PATIENCE_SECONDS = 300


def wait_for(what: Callable[[], Any]) -> Any:
    """The first thing that is not false, or a failure."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(1)
    pytest.fail(f"nothing came within {PATIENCE_SECONDS} s")


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    return servers.free_port(), servers.free_port()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scheduled")


@pytest.fixture(scope="module")
def up(inputs: dict[str, Any], state: Path, ports: tuple[int, int]) -> Iterator[subprocess.Popen[bytes]]:
    """`crisisflow up` with a schedule of seconds."""
    options = [
        "--every",
        "15",
        "--tweets",
        inputs["tweets"],
        "--corpus",
        inputs["corpus"],
        "--recipe",
        inputs["recipe"],
    ]
    options += ["--mlflow-port", ports[0], "--prefect-port", ports[1]]
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


def test_a_run_fires_by_itself_and_lands_in_mlflow(
    up: subprocess.Popen[bytes], state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRISISFLOW_HOME", str(state))
    wait_for((state / "running.json").exists)
    finished = "tags.stage = 'retrain' and attributes.status = 'FINISHED'"
    run = wait_for(lambda: tracking.find_runs(finished))[0]
    assert "/flow-runs/flow-run/" in run.data.tags["prefect.flow_run_url"]
    assert run.data.metrics["test/f1"] >= 0


def test_status_is_healthy_and_names_the_next_run(up: subprocess.Popen[bytes], state: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flows", "status"],
        env={**os.environ, "CRISISFLOW_HOME": str(state)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "next run at" in done.stdout


def test_a_second_up_says_that_it_is_running(up: subprocess.Popen[bytes], state: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flows", "up"],
        env={**os.environ, "CRISISFLOW_HOME": str(state)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "running already" in done.stderr


def test_a_server_that_dies_is_started_again(up: subprocess.Popen[bytes], ports: tuple[int, int]) -> None:
    mlflow = next(
        child
        for child in psutil.Process(up.pid).children(recursive=True)
        if "mlflow" in child.cmdline() and str(ports[0]) in child.cmdline()
    )
    mlflow.kill()
    assert wait_for(lambda: servers.answers(f"http://127.0.0.1:{ports[0]}/health") and not mlflow.is_running())


def test_it_stops_cleanly_and_leaves_no_process(
    up: subprocess.Popen[bytes], state: Path, ports: tuple[int, int]
) -> None:
    children = psutil.Process(up.pid).children(recursive=True)
    up.send_signal(signal.SIGTERM)
    assert up.wait(60) == 130
    assert wait_for(lambda: not any(child.is_running() for child in children))
    assert not any(servers.port_taken(port) for port in ports)
    assert not (state / "running.json").exists()
