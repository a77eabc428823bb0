"""Ctrl-C waits for what must not be left in the middle."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from tasks import interrupts, tracking


@pytest.mark.parametrize("fails", [False, True])
def test_a_signal_waits_until_the_block_is_done(fails: bool) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts.deferred():
        os.kill(os.getpid(), signal.SIGINT)
        done.append("the rest of the block")
        if fails:
            raise ValueError("of the block itself")
    assert done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_and_ignored_signals_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts.deferred():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    finally:
        signal.signal(signal.SIGHUP, before)
    seen = []

    def in_thread() -> None:
        with interrupts.deferred():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


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
