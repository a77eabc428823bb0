"""The container file, its steps done in folders: no container engine is needed to see that what it copies runs."""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
STEPS = [line.split(maxsplit=1) for line in TEXT.splitlines() if line and not line.startswith("#")]
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()


def stages() -> list[list[tuple[str, str]]]:
    """The steps after each FROM."""
    found: list[list[tuple[str, str]]] = []
    for word, rest in STEPS:
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def ignore(folder: str, names: list[str]) -> list[str]:
    """What the build does not see of a folder."""
    patterns = [each.removeprefix("**/") for each in IGNORED]
    return [name for name in names if any(fnmatch.fnmatch(name, each) for each in patterns)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder /opt/crisisflow of the last stage, without its libraries."""
    folder = tmp_path_factory.mktemp("opt")
    for word, rest in (step for stage in stages() for step in stage):
        if word != "COPY" or rest.startswith("--from"):
            continue
        *sources, target = rest.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            to = folder / target if len(sources) == 1 and target != "./" else folder / Path(source).name
            to.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, to, ignore=ignore)
            else:
                shutil.copy(ROOT / source, to)
    return folder


def test_it_has_two_stages_and_the_last_is_not_root_and_keeps_state_in_a_volume() -> None:
    first, last = stages()
    assert first[0][1].endswith(" AS build")
    words = dict(last)
    assert words["USER"] == "crisisflow"
    assert words["VOLUME"] == "/state"
    assert "CRISISFLOW_HOME=/state" in words["ENV"]
    assert all(word != "RUN" for word, _ in last[[word for word, _ in last].index("USER") :])


def test_its_python_is_one_that_the_project_names() -> None:
    versions = {re.search(r"python:(\d+\.\d+)", rest)[1] for word, rest in STEPS if word == "FROM"}  # type: ignore[index]
    assert versions <= {"3.11", "3.12", "3.13"}


def test_make_finds_its_target_among_what_was_copied(built: Path) -> None:
    command = next(rest for word, rest in STEPS if word == "RUN" and rest.startswith("make"))
    done = subprocess.run([*shlex.split(command), "--dry-run"], cwd=built, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "requirements.lock" in done.stdout


def test_what_was_copied_runs_and_writes_into_the_volume_alone(built: Path, tmp_path: Path) -> None:
    before = sorted(built.rglob("*"))
    environment = {**os.environ, "CRISISFLOW_HOME": str(tmp_path / "state"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"PYTHONPATH": str(built)}
    for arguments in (["inspect", "data/sample/tweets.csv", "--json"], ["champion", "--json"]):
        command = [sys.executable, "-m", "flows", *arguments]
        done = subprocess.run(command, cwd=built, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)
    assert sorted(built.rglob("*")) == before
    assert (tmp_path / "state").is_dir()


def test_it_serves_where_the_health_check_asks() -> None:
    last = dict(stages()[-1])
    command = json.loads(last["CMD"])
    assert command[:2] == ["crisisflow", "serve"]
    assert command[command.index("--port") + 1] == last["EXPOSE"]
    assert f"http://127.0.0.1:{last['EXPOSE']}/health" in last["HEALTHCHECK"]


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_tells_a_service_that_answers_from_one_that_does_not(status: int, healthy: bool) -> None:
    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        check = json.loads(dict(stages()[-1])["HEALTHCHECK"].partition("CMD ")[2])
        command = [each.replace(":8000", f":{server.server_port}") for each in check]
        done = subprocess.run([sys.executable, *command[1:]], capture_output=True, check=False, timeout=30)
        server.shutdown()
    assert (done.returncode == 0) == healthy
