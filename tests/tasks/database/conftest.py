"""A PostgreSQL server for the tests of each file, and state folders that use it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import postgres
import pytest

SET_BY_ADDRESSES = ("PGPASSWORD", "PGPASSFILE", "PGSSLMODE", "CRISISFLOW_DATABASE", "CRISISFLOW_ARTIFACTS")


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Postgres]:
    """A server of the module's own; skips, saying so, where none is installed."""
    pytest.importorskip("psycopg2", reason="needs the driver of PostgreSQL: pip install 'crisisflow[team]'")
    if postgres.programs() is None:
        pytest.skip(postgres.INSTALL)
    started = postgres.Postgres()
    yield started
    started.close()


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """What addresses put into the environment is gone after the test."""
    for name in SET_BY_ADDRESSES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def team(server: postgres.Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a database with MLflow's tables, made by the state folder `first`."""
    from tasks import database, tracking

    address = server.address("team")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(tmp_path_factory.mktemp("team") / "first"))
        patch.setenv("CRISISFLOW_DATABASE", address)
        for name in ("PGPASSWORD", "CRISISFLOW_ARTIFACTS"):
            patch.setenv(name, "")
            patch.delenv(name)
        database.join()
        tracking.experiment_id()
    return address


@pytest.fixture
def joined(team: str, tmp_path: Path, clean: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes a state folder of this name and lets it join the team's database; it is in force then."""
    from tasks import database

    def make(name: str) -> Path:
        monkeypatch.setenv("CRISISFLOW_HOME", str(tmp_path / name))
        monkeypatch.setenv("CRISISFLOW_DATABASE", team)
        database.join()
        return Path(os.environ["CRISISFLOW_HOME"])

    return make
