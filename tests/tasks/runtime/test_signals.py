"""Ctrl-C waits for what must not be left in the middle."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tasks import tracking
from tasks.runtime import signals
from tasks.runtime.signals import ENDINGS


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Signals as the command line has them, also where the tests themselves run with Ctrl-C ignored."""
    before = {number: signal.getsignal(number) for number in ENDINGS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signals.stop_on_terminate()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    signals.stop_on_terminate()  # what came here is of no concern to the tests that follow


@pytest.mark.parametrize("number", ENDINGS)
@pytest.mark.parametrize("fails", [False, True])
def test_a_signal_waits_until_the_outermost_block_is_done(number: int, fails: bool) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt, match=signal.Signals(number).name), signals.deferred():
        with signals.deferred():
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)
        done.append("the rest of the block")
        if fails:
            raise ValueError("of the block itself")
    assert done
    with signals.deferred():
        pass  # nothing is left to raise
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)


def test_ctrl_c_has_the_handler_that_asyncio_knows_or_has_set() -> None:
    """Asyncio replaces none but Python's own by the one that ends its work in order."""
    with signals.deferred():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    called = []
    signal.signal(signal.SIGINT, lambda number, _frame: called.append(number))
    with signals.deferred():
        os.kill(os.getpid(), signal.SIGINT)
        assert not called
    assert called == [signal.SIGINT]


def test_sigterm_waits_within_a_flow_too_where_prefect_handles_it() -> None:
    class Terminated(BaseException):
        pass

    def handler(number: int, frame: Any) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, handler)
    done = []
    with pytest.raises(Terminated), signals.deferred():
        os.kill(os.getpid(), signal.SIGTERM)
        done.append("the rest of the block")
    assert done
    assert signal.getsignal(signal.SIGTERM) is handler


def interrupted() -> bool:
    """Whether a signal is on record that nothing has raised yet."""
    try:
        signals.raise_if_interrupted()
    except KeyboardInterrupt:
        return True
    return False


def test_a_forked_child_has_its_own_signals() -> None:
    child = os.fork()
    if not child:
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        os._exit(0)
    os.waitpid(child, 0)
    assert not interrupted()


def test_a_block_of_another_thread_does_not_hold_the_main_one_back() -> None:
    inside, leave = threading.Event(), threading.Event()

    def in_thread() -> None:
        with signals.deferred():
            inside.set()
            leave.wait()

    thread = threading.Thread(target=in_thread)
    thread.start()
    inside.wait()
    try:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        leave.set()
        thread.join()


def test_ctrl_c_while_a_run_is_opened_leaves_none_running(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    create_run = SqlAlchemyStore.create_run

    def interrupted(store: SqlAlchemyStore, *arguments: Any, **named: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return create_run(store, *arguments, **named)

    monkeypatch.setattr(SqlAlchemyStore, "create_run", interrupted)
    with pytest.raises(KeyboardInterrupt), tracking.tracked_run("root", "retrain"):
        pytest.fail("it went on")
    assert [run.info.status for run in tracking.find_runs("tags.stage = 'retrain'")] == ["KILLED"]


def test_ctrl_c_in_a_transaction_leaves_it_whole_and_the_run_closed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    log_batch = SqlAlchemyStore.log_batch

    def interrupted(store: SqlAlchemyStore, **named: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        log_batch(store, **named)

    with pytest.raises(KeyboardInterrupt), tracking.tracked_run("root", "retrain") as run:
        with monkeypatch.context() as patch:
            patch.setattr(SqlAlchemyStore, "log_batch", interrupted)
            run.log_metrics({"test/f1": 0.5})
        pytest.fail("it went on")
    left = tracking.client().get_run(run.run_id)
    assert left.data.metrics["test/f1"] == 0.5
    assert left.info.status == "KILLED"


def test_a_swallowed_signal_is_heeded_once() -> None:
    signals.raise_if_interrupted()  # nothing came
    for number in ENDINGS:
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        with pytest.raises(KeyboardInterrupt, match=signal.Signals(number).name):
            signals.raise_if_interrupted()
        signals.raise_if_interrupted()


def test_no_run_is_opened_and_nothing_promoted_after_a_swallowed_ctrl_c(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import retrain
    from tasks.evaluation.choice import Chosen

    monkeypatch.setattr(retrain.comparison, "model_rows", lambda _: [])
    monkeypatch.setattr(retrain.choice, "choose", lambda _: Chosen(None, ""))  # type: ignore[arg-type]
    monkeypatch.setattr(retrain, "challenge", lambda *_: pytest.fail("it was promoted"))
    with suppress(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), tracking.tracked_run("root", "retrain"):
        pytest.fail("it was opened")
    fitted = retrain.Fitted(Path(), None, {}, {})  # type: ignore[arg-type]
    with tracking.tracked_run("root", "retrain") as run:
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            retrain.conclude(run, fitted, retrain.RetrainRequest(), retrain.Recipe(), 0.0)


def test_the_next_command_takes_no_notice_of_the_signal_that_ended_the_last() -> None:
    with suppress(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    signals.stop_on_terminate()
    assert not interrupted()


def test_ctrl_c_while_prefect_puts_an_inner_flow_away_ends_the_outer_one(home: Path) -> None:
    script = """
import os, signal
from tasks.runtime import environment, signals
from tasks.scheduling import prefect_server
environment.prepare_environment()
signals.stop_on_terminate()
signal.signal(signal.SIGINT, signal.default_int_handler)
with prefect_server.prefect_server():
    import prefect
    from prefect import flow_engine
    from tasks import tracking

    heartbeats = flow_engine._send_heartbeats

    @flow_engine.contextmanager
    def beating(engine, *arguments):
        with heartbeats(engine, *arguments):
            yield
        if engine.flow.name == "inner":
            os.kill(os.getpid(), signal.SIGINT)

    flow_engine._send_heartbeats = beating

    @prefect.flow
    def inner():
        return 1

    @prefect.flow
    def outer():
        with tracking.tracked_run("root", "retrain") as run:
            inner()
            print("swallowed")
            with tracking.tracked_run("after", "after", run):
                print("it went on")

    try:
        outer()
    except KeyboardInterrupt:
        print("stopped")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split() == ["swallowed", "stopped"], done.stderr
    assert [run.info.status for run in tracking.find_runs("tags.stage = 'retrain'")] == ["KILLED"]
