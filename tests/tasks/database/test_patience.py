"""A PostgreSQL server that goes away in the middle: calls wait, nothing is lost or doubled, locks are not trusted."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import postgres
import pytest

from tasks import database, tracking
from tasks.database import LostLock
from tasks.database.connection import connected
from tasks.database.locks import take

psycopg2 = pytest.importorskip("psycopg2", reason="needs the driver of PostgreSQL: pip install 'crisisflow[team]'")


@contextmanager
def away(server: postgres.Postgres, seconds: float) -> Iterator[None]:
    """The server is killed, and starts again in the middle of the block."""
    server.kill()
    back = threading.Timer(seconds, server.start)
    back.start()
    try:
        yield
    finally:
        back.join()


def test_calls_wait_for_a_server_that_was_killed(server: postgres.Postgres, joined: Callable[[str], Path]) -> None:
    joined("one")
    with tracking.tracked_run("root", "retrain") as run, away(server, 1.0):
        run.log_metrics({"accuracy": 0.75})
    assert tracking.read_run(run.run_id).data.metrics["accuracy"] == 0.75


def test_a_run_whose_answer_was_lost_is_not_made_twice(
    joined: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    joined("one")
    create, calls = SqlAlchemyStore.create_run, []

    def create_and_break(*arguments: object) -> object:
        calls.append(create(*arguments))
        raise psycopg2.OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(SqlAlchemyStore, "create_run", create_and_break)
        with tracking.tracked_run("only one", "once") as run:
            pass
    assert [each.info.run_id for each in calls] == [run.run_id]


def test_a_lock_is_one_for_all_who_share_the_database(joined: Callable[[str], Path]) -> None:
    joined("one")
    address = database.in_force()
    assert address is not None
    with connected(address) as another:
        with database.exclusive("registry") as lock:
            assert lock.unbroken()
            assert not take(another, "registry")
        time.sleep(0.2)  # the server sees the end of a connection a moment later
        assert take(another, "registry")


def test_a_lock_is_lost_with_the_server(server: postgres.Postgres, joined: Callable[[str], Path]) -> None:
    joined("one")
    with database.exclusive("registry") as lock:
        with away(server, 0.1):
            pass
        with pytest.raises(LostLock):
            lock.check()
