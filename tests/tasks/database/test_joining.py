"""A team's PostgreSQL is made, checked and refused in one sentence, and its password is written nowhere."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import postgres
import pytest

from tasks import backup, database, doctor, tracking
from tasks.database import artifact_folder, versions
from tasks.database.address import accept
from tasks.database.connection import UnusableDatabase
from tasks.runtime import errors
from tasks.runtime.state_folder import state_home
from tasks.tracking import artifacts

ENGLISH = "id,text,target\n" + "".join(f"{n},the {n}th bridge has collapsed in the flood,{n % 2}\n" for n in range(60))


def join(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRISISFLOW_DATABASE", address)
    database.join()


def test_two_state_folders_see_the_runs_and_the_files_of_one_another(
    joined: Callable[[str], Path], tmp_path: Path
) -> None:
    joined("one")
    with tracking.tracked_run("root", "retrain") as run:
        run.log_text("seen by all", "note.txt")
    joined("two")
    assert tracking.read_run(run.run_id).info.status == "FINISHED"
    assert tracking.download(run.run_id, "note.txt", tmp_path).read_text() == "seen by all"


def test_what_only_postgresql_refuses_is_recorded(joined: Callable[[str], Path]) -> None:
    joined("one")
    with tracking.tracked_run("root", "retrain") as run:
        run.tag(error="a field with \0 in it")
        run.log_settings({"delimiter": "\0"})
        run.rename("long " * 100)
        run.log_metrics({"loss": float("inf")})
    assert tracking.read_run(run.run_id).data.tags["error"] == "a field with \\x00 in it"


def test_a_folder_goes_on_with_its_database_until_it_is_told_otherwise(
    joined: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    joined("one")
    monkeypatch.delenv("CRISISFLOW_DATABASE")
    assert tracking.tracking_uri().startswith("postgresql://owner@127.0.0.1")
    monkeypatch.setenv("CRISISFLOW_DATABASE", "sqlite")
    database.join()
    monkeypatch.delenv("CRISISFLOW_DATABASE")
    assert tracking.tracking_uri().startswith("sqlite:")


def test_a_machine_that_does_not_see_the_artifacts_says_so(
    joined: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRISISFLOW_ARTIFACTS", str(tmp_path))
    with pytest.raises(UnusableDatabase, match="is not that folder: mount the folder that the team shares"):
        joined("one")


def test_a_machine_may_mount_the_artifacts_elsewhere(
    joined: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined("one")
    there = artifacts.folder_at(tracking.tracking_uri())
    assert there is not None
    (tmp_path / "mounted").symlink_to(there)
    monkeypatch.setenv("CRISISFLOW_ARTIFACTS", str(tmp_path / "mounted"))
    joined("two")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://me:secret@db/flood", "mysql is not PostgreSQL: write postgresql://USER@HOST/NAME"),
        ("postgresql://me:secret@db", "it names no database"),
        ("postgresql:///flood", "it names no host"),
        ("postgresql://me:secret@db/flood?autosave=1", "its parameter autosave is not known"),
        ("postgresql://me:secret@db:port/flood", "it is not an address"),
        ("flood secret", "it is not an address"),
    ],
)
def test_an_address_that_is_none_is_refused_without_its_password(
    home: Path, clean: None, address: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        accept(address)
    assert "secret" not in str(refused.value)


def test_the_runs_go_to_one_place_only(home: Path, clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    with pytest.raises(ValueError, match="MLFLOW_TRACKING_URI names another place"):
        join("postgresql://me@127.0.0.1:1/flood", monkeypatch)


def test_a_wrong_password_is_one_sentence(
    server: postgres.Postgres, home: Path, clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        UnusableDatabase, match=r"refuses owner .* correct the user in the address, or the password"
    ) as no:
        join(server.address("flood", password="not-it"), monkeypatch)
    assert "not-it" not in str(no.value)


def test_a_server_that_does_not_answer_is_one_sentence(
    home: Path, clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg2")
    with pytest.raises(
        UnusableDatabase, match=r"no PostgreSQL server answers for postgresql://127\.0\.0\.1:1/flood"
    ) as no:
        join("postgresql://me@127.0.0.1:1/flood", monkeypatch)
    assert errors.in_words(no.value) is None  # nor is it drowned in what is said of any server


def test_a_missing_driver_is_one_sentence(home: Path, clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(UnusableDatabase, match=r"pip install 'crisisflow\[team\]'"):
        join("postgresql://me@127.0.0.1:1/flood", monkeypatch)


@pytest.mark.parametrize(
    ("database_name", "said"),
    [
        ("absent", 'run `CREATE DATABASE "absent" OWNER "guest"`'),
        ("owned", 'run `ALTER DATABASE "owned" OWNER TO "guest"`'),
    ],
)
def test_a_user_without_rights_learns_what_an_administrator_has_to_run(
    server: postgres.Postgres, home: Path, clean: None, monkeypatch: pytest.MonkeyPatch, database_name: str, said: str
) -> None:
    if not server.run("SELECT 1 FROM pg_roles WHERE rolname = 'guest'"):
        server.run("CREATE ROLE guest LOGIN PASSWORD 'guest'")
        server.run("CREATE DATABASE owned")
    with pytest.raises(UnusableDatabase) as refused:
        join(server.address(database_name, "guest", "guest"), monkeypatch)
    assert said in str(refused.value)


def test_a_database_of_another_program_is_left_alone(
    server: postgres.Postgres, home: Path, clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.run("CREATE DATABASE taken")
    server.run("CREATE TABLE alembic_version (version_num text)", "taken")
    with pytest.raises(UnusableDatabase, match="give crisisflow a database of its own"):
        join(server.address("taken"), monkeypatch)
    assert server.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'crisisflow'", "taken") == [(0,)]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE mlflow.alembic_version SET version_num = 'ffff'", "are of a newer version (ffff)"),
        ("UPDATE mlflow.alembic_version SET version_num = '0584bdc529eb'", "let `crisisflow up` bring it up to date"),
        (
            "UPDATE crisisflow.facts SET value = '2' WHERE name = 'layout'",
            "has layout 2, which a newer crisisflow wrote",
        ),
    ],
)
def test_tables_of_another_version_are_refused(
    server: postgres.Postgres,
    joined: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    statement: str,
    said: str,
) -> None:
    joined("one")
    server.run("DROP DATABASE IF EXISTS other")
    server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'team'")
    server.run("CREATE DATABASE other TEMPLATE team")
    server.run(statement, "other")
    with pytest.raises(UnusableDatabase) as refused:
        join(server.address("other"), monkeypatch)
    assert said in str(refused.value)


def test_only_up_brings_older_tables_up_to_date(
    server: postgres.Postgres, home: Path, clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    join(server.address("old"), monkeypatch)
    address = database.in_force()
    assert address is not None
    make_tables_of_the_version_before(address.tracking_uri())
    with pytest.raises(UnusableDatabase, match="let `crisisflow up` bring it up to date"):
        database.join()
    database.join(upgrade=True)
    assert tracking.experiment_id() == "1"
    database.join()


def make_tables_of_the_version_before(uri: str) -> None:
    from alembic import command
    from mlflow.store.db import utils

    known = versions.revisions(versions.migrations("mlflow", "postgresql"))
    (before,) = known[utils._get_latest_schema_revision()]
    engine, config = utils.create_sqlalchemy_engine(uri), utils._get_alembic_config(uri)
    utils.InitialBase.metadata.create_all(engine)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, before)
    engine.dispose()


def test_one_up_runs_the_schedules_of_a_database(joined: Callable[[str], Path]) -> None:
    from tasks.database import up

    joined("one")
    with up.only_one(4200):
        joined("two")
        with pytest.raises(ValueError, match=r"runs on .* already, by .* at port 4200"), up.only_one(4201):
            pass
    with up.only_one(4201):
        pass


def test_a_mark_of_another_database_keeps_a_new_one_out(
    server: postgres.Postgres, home: Path, tmp_path: Path, clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / artifact_folder.FILE).write_text(json.dumps({"id": "another"}))
    monkeypatch.setenv("CRISISFLOW_ARTIFACTS", str(tmp_path))
    with pytest.raises(UnusableDatabase, match="holds the artifacts of another database"):
        join(server.address("late"), monkeypatch)


def test_a_command_runs_on_it_and_writes_its_password_nowhere(
    server: postgres.Postgres, team: str, joined: Callable[[str], Path], tmp_path: Path
) -> None:
    home = joined("one")
    (tmp_path / "tweets.csv").write_text(ENGLISH)
    environment = {**os.environ, "CRISISFLOW_DATABASE": team, "PREFECT_HOME": str(home / "prefect")}
    command = [sys.executable, "-m", "flows", "ingest", str(tmp_path / "tweets.csv"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    run_id = json.loads(done.stdout)["run_id"]
    assert server.run(f"SELECT status FROM mlflow.runs WHERE run_uuid = '{run_id}'", "team") == [("FINISHED",)]
    assert ("COMPLETED",) in server.run("SELECT state_type FROM prefect.flow_run", "team")
    assert not (home / "mlflow" / "mlflow.db").exists()
    assert not (home / "prefect" / "prefect.db").exists()
    secret, coded = postgres.PASSWORD, team.split(":")[2].rpartition("@")[0]
    written = [path.read_bytes() for path in state_home().rglob("*") if path.is_file()]
    said = [done.stdout.encode(), done.stderr.encode(), *written]
    assert not [each for each in said if secret.encode() in each or coded.encode() in each]


def test_doctor_tells_how_the_database_is_and_where_the_artifacts_lie(joined: Callable[[str], Path]) -> None:
    joined("one")
    found = doctor.examine()
    said = [each["finding"] for each in found["findings"] if each["name"] == "team's database"]
    assert all(each["ok"] for each in found["findings"] if each["name"] != "environment")
    assert any("answers" in each and "MLflow" in each for each in said)
    assert any(each.startswith("artifacts lie in") for each in said)


def test_doctor_says_what_is_wrong_with_the_database(
    server: postgres.Postgres, joined: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    joined("one")
    monkeypatch.setenv("CRISISFLOW_DATABASE", server.address("team", password="not-it"))
    wrong = [each["finding"] for each in doctor.examine()["findings"] if not each["ok"]]
    assert any("refuses owner" in each for each in wrong)


def test_a_backup_says_that_the_database_is_not_in_it(joined: Callable[[str], Path], tmp_path: Path) -> None:
    joined("one")
    elsewhere = backup.back_up(tmp_path / "monday.tar")["elsewhere"]
    assert "pg_dump --format=custom" in elsewhere[0]
    assert elsewhere[1].startswith("the artifacts of all runs are in")
