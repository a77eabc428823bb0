"""Doctor: each thing that is wrong is found, with what to do, and nothing is changed."""

import fcntl
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tasks import doctor, tracking
from tasks.database import versions
from tasks.runtime import running
from tasks.store import layout
from tasks.tracking.artifacts import database_in


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder with one run; tests copy it."""
    home = tmp_path_factory.mktemp("used") / "state"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(home))
        with tracking.tracked_run("root", "retrain"):
            pass
    return home


@pytest.fixture
def folder(used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in force, with no variable that names another folder."""
    for name in ("PREFECT_HOME", "KERAS_HOME", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CRISISFLOW_HOME", str(tmp_path / "state"))
    return Path(shutil.copytree(used, tmp_path / "state"))


def wrong() -> dict[str, Mapping[str, str]]:
    """The findings that are not in order, by name."""
    result = doctor.examine()
    found = {each["name"]: each for each in result["findings"] if not each["ok"]}
    assert result["healthy"] == (not found)
    return found


def sql(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(database_in(folder))) as connection, connection:
        connection.execute(statement)


def test_a_folder_in_order_is_healthy_and_stays_as_it_is(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert wrong() == {}
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_new_folder_is_healthy(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_HOME", raising=False)
    assert wrong() == {}


def test_an_unusable_folder_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CRISISFLOW_HOME", str(tmp_path / "file"))
    assert "is a file, not a folder" in wrong()["state folder"]["finding"]


def test_a_newer_layout_is_found(folder: Path) -> None:
    layout.write_mark(folder, {"layout": layout.LAYOUT + 1})
    assert "a newer crisisflow wrote" in wrong()["layout"]["finding"]


def test_a_folder_that_others_may_read_is_found(folder: Path) -> None:
    folder.chmod(0o755)
    assert wrong()["access"]["remedy"] == f"run `chmod 700 '{folder}'`"


def test_a_part_that_lies_elsewhere_is_found(folder: Path, tmp_path: Path) -> None:
    (folder / "store").symlink_to(tmp_path)
    assert "a copy of the folder shares it" in wrong()["links"]["finding"]


def test_a_database_that_two_folders_share_is_found(folder: Path, tmp_path: Path) -> None:
    os.link(database_in(folder), tmp_path / "mlflow.db")
    assert "two folders write to one database" in wrong()["links"]["finding"]


def test_a_disk_that_is_nearly_full_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = shutil.disk_usage(folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: facts._replace(free=100 << 20))
    assert "cache prune" in wrong()["disk"]["remedy"]


def test_a_damaged_database_is_found(folder: Path) -> None:
    content = bytearray(database_in(folder).read_bytes())
    content[4096:8192] = b"\xff" * 4096
    database_in(folder).write_bytes(content)
    assert "crisisflow restore" in wrong()["MLflow's database"]["remedy"]


def test_a_file_that_is_no_database_is_found(folder: Path) -> None:
    database_in(folder).write_text("x" * 10_000)
    assert "is not a database" in wrong()["MLflow's database"]["finding"]


@pytest.mark.parametrize(
    ("version", "found", "remedy"),
    [("0584bdc529eb", "of an older schema", "mlflow db upgrade"), ("ffff", "of a newer schema", "make setup")],
)
def test_the_schema_of_another_mlflow_is_found(folder: Path, version: str, found: str, remedy: str) -> None:
    sql(folder, f"UPDATE alembic_version SET version_num = '{version}'")
    said = wrong()["MLflow's database"]
    assert found in said["finding"]
    assert remedy in said["remedy"]


@pytest.mark.parametrize("library", ["mlflow", "prefect"])
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_the_newest_schema_is_one(library: str, engine: versions.Engine) -> None:
    known = versions.revisions(versions.migrations(library, engine))
    newest = set(known) - {before for each in known.values() for before in each}
    assert len(known) > 20
    assert len(newest) == 1


@pytest.mark.parametrize(
    ("host", "process", "found"),
    [("elsewhere", "1", "seems to go on at elsewhere"), (None, "999999999", "its process is gone")],
)
def test_a_run_that_only_seems_to_go_on_is_found(folder: Path, host: str | None, process: str, found: str) -> None:
    sql(folder, "UPDATE runs SET status = 'RUNNING'")
    sql(folder, f"UPDATE tags SET value = '{process}' WHERE key = 'process'")
    if host:
        sql(folder, f"UPDATE tags SET value = '{host}' WHERE key = 'host'")
    assert found in wrong()["runs"]["finding"]


def test_a_registered_model_without_its_files_is_found(folder: Path) -> None:
    client = tracking.client()
    client.create_registered_model("crisisflow")
    run = tracking.find_runs("")[0].info
    client.create_model_version("crisisflow", f"{run.artifact_uri}/gone", run.run_id)
    assert "crisisflow/1 has lost its files" in wrong()["models"]["finding"]


def test_files_of_runs_that_lie_elsewhere_are_found(folder: Path) -> None:
    sql(folder, "UPDATE runs SET artifact_uri = 'file:///elsewhere/' || run_uuid")
    assert "1 runs or models keep their files elsewhere" in wrong()["models"]["finding"]


def test_a_schedule_of_another_folder_is_found(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    layout.write_mark(tmp_path / "other", {"layout": layout.LAYOUT})
    (folder / "prefect").mkdir()
    with closing(sqlite3.connect(folder / "prefect" / "prefect.db")) as connection, connection:
        connection.execute("CREATE TABLE deployment (name, parameters)")
        parameters = f'{{"request": {{"source": "{tmp_path}/other/inbox", "out": "{folder}/scored"}}}}'
        connection.execute("INSERT INTO deployment VALUES ('mine', ?)", (parameters,))
    assert "crisisflow schedule remove mine" in wrong()["schedules"]["remedy"]


def test_servers_that_were_killed_are_found(folder: Path) -> None:
    running.running_file().write_text('{"process": 999999999, "started": "long ago"}')
    assert "was killed and could not tidy up" in wrong()["servers"]["finding"]


def test_a_stopped_process_that_holds_a_lock_is_found(folder: Path) -> None:
    lock = folder / "locks" / "registry"
    lock.touch()
    script = (
        "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert wrong() == {}
    holder.send_signal(signal.SIGSTOP)
    os.waitpid(holder.pid, os.WUNTRACED)
    try:
        assert f"process {holder.pid} is stopped and holds the lock registry" in wrong()["locks"]["finding"]
    finally:
        holder.kill()
        holder.communicate()
    with lock.open() as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_variables_that_lead_into_another_folder_are_found(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    layout.write_mark(tmp_path / "other", {"layout": layout.LAYOUT})
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "other" / "prefect"))
    assert wrong()["environment"]["remedy"] == "unset PREFECT_HOME"


def test_a_server_that_does_not_answer_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert "does not answer" in wrong()["environment"]["finding"]
