"""Units on a cluster: results in order, exceptions as they are, dead workers replaced, a bounded number ahead."""

import json
import logging
import operator
import os
import signal
import subprocess
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copyfile
from threading import Event, Thread
from typing import Any

import pytest
import requests

from tasks.cluster import connection
from tasks.cluster.connection import AHEAD_PER_WORKER, DaskCluster
from tasks.cluster.execution import Failure, ForeignWorkerError, Sent, execute, named
from tasks.cluster.units import ATTACHED, Stopped, Unit, is_beside_others, run, running_on, side_by_side
from tasks.ingestion.errors import RefusedTable


def test_without_a_cluster_units_run_here_one_after_the_other(folder: Path) -> None:
    units = run(Unit("touch", Path.touch, (folder / str(number),)) for number in range(3))
    next(units)
    assert [path.name for path in folder.iterdir()] == ["0"]


def test_results_come_in_the_order_of_the_units(on_cluster: DaskCluster) -> None:
    naps = [0.3, 0.0, 0.1, 0.0]
    work = [Unit(f"nap {nap}", os.path.basename, (f"/{nap}",)) for nap in naps]
    assert list(run(work)) == ["0.3", "0.0", "0.1", "0.0"]


def test_units_run_on_workers(on_cluster: DaskCluster) -> None:
    processes = set(run(Unit("who", os.getpid) for _ in range(20)))
    assert os.getpid() not in processes


def test_an_exception_comes_back_as_it_is_with_the_name_of_its_unit(on_cluster: DaskCluster) -> None:
    with pytest.raises(FileNotFoundError, match="absent") as caught:
        list(run([Unit("copy the absent", copyfile, ("absent", "copy"))]))
    assert "'copy the absent'" in "".join(caught.value.__notes__)


def raised_again(error: Exception) -> Exception:
    try:
        raise error
    except Exception as raised:
        failure = Failure.of(raised)
    with pytest.raises(type(error)) as caught:
        failure.unpack()
    assert "raised_again" in str(caught.value.__cause__)
    return caught.value


def test_exceptions_of_every_make_keep_what_they_carry() -> None:
    refused = raised_again(RefusedTable("rule", "figure", "threshold", ["row"]))
    assert isinstance(refused, RefusedTable)
    assert (str(refused), refused.rows) == (str(RefusedTable("rule", "figure", "threshold", ["row"])), ("row",))
    absent = raised_again(FileNotFoundError(2, "No such file", "here"))
    assert isinstance(absent, FileNotFoundError)
    assert (absent.filename, str(absent)) == ("here", "[Errno 2] No such file: 'here'")
    assert str(raised_again(UnicodeDecodeError("utf-8", b"x", 0, 1, "odd"))).endswith("odd")
    broken = raised_again(json.JSONDecodeError("Expecting value", "the whole document", 6))
    assert isinstance(broken, json.JSONDecodeError)
    assert (broken.pos, str(broken)) == (6, "Expecting value: line 1 column 7 (char 6)")
    away = raised_again(requests.ConnectionError("host away"))
    assert isinstance(away, requests.ConnectionError)
    assert str(away) == "host away"


class Peculiar(Exception):
    """As TensorFlow's errors: made of one argument again, of which it cannot say its message."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.operation = "matmul"

    def __reduce__(self) -> Any:
        return Exception.__new__, (Peculiar, "out of memory")

    def __str__(self) -> str:
        return f"{self.operation}: out of memory"


def test_an_exception_that_cannot_be_put_together_again_keeps_its_text() -> None:
    try:
        raise Peculiar("out of memory")
    except Peculiar as error:
        failure = Failure.of(error)
    with pytest.raises(RuntimeError, match="Peculiar: matmul: out of memory"):
        failure.unpack()


def test_a_warning_of_a_unit_is_given_here(on_cluster: DaskCluster, caplog: pytest.LogCaptureFixture) -> None:
    warning = (logging.getLogger("tasks.somewhere"), "%d rows are odd", 3)
    list(run([Unit("warn", logging.Logger.warning, warning)]))
    assert [(each.name, each.getMessage()) for each in caplog.records] == [("tasks.somewhere", "3 rows are odd")]


def test_only_a_few_units_are_sent_ahead(on_cluster: DaskCluster) -> None:
    sent: list[int] = []

    def units() -> Iterator[Unit]:
        for number in range(100):
            sent.append(number)
            yield Unit("number", operator.neg, (number,))

    results = run(units())
    assert next(results) == 0
    assert len(sent) <= AHEAD_PER_WORKER * on_cluster.workers
    results.close()  # type: ignore[attr-defined]


def test_a_function_that_no_worker_can_find_is_refused() -> None:
    with pytest.raises(TypeError, match="at the top of its module"):
        named(lambda: None)


def test_a_step_is_found_without_what_prefect_puts_around_it() -> None:
    from tasks.training.features import build_vocabulary

    bare = build_vocabulary.fn.__wrapped__
    assert named(bare).find() is bare
    assert named(textwrap.dedent).find() is textwrap.dedent


def test_a_unit_of_another_code_is_refused_by_the_worker() -> None:
    with pytest.raises(ForeignWorkerError):
        execute(replace(Sent.of(Unit("unit", textwrap.dedent, ("text",))), expected="other code"))


def test_work_of_a_killed_worker_is_done_by_another(on_cluster: DaskCluster, folder: Path) -> None:
    (victim,) = run([Unit("who", os.getpid)])
    naps = [["sh", "-c", f"sleep 0.3; echo {number}"] for number in range(8)]
    results = run(Unit("nap", subprocess.check_output, (nap,)) for nap in naps)
    first = next(results)
    os.kill(victim, signal.SIGKILL)
    assert [int(each) for each in (first, *results)] == list(range(8))


def test_a_result_that_dies_with_its_worker_is_computed_again_however_long_it_takes(
    cluster: DaskCluster, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "FETCH_SECONDS", 0.2)
    pid, done = tmp_path / "pid", tmp_path / "done"
    slow = ["sh", "-c", "sleep 5; echo 0"]
    lost = ["sh", "-c", f"echo $PPID > {pid}; sleep 1.5; touch {done}; echo 1"]

    def kill() -> None:
        while not done.exists():
            time.sleep(0.05)
        time.sleep(0.5)  # the worker has told that the unit is done; nobody has asked for what it returned
        os.kill(int(pid.read_text()), signal.SIGKILL)

    killer = Thread(target=kill)
    killer.start()
    with running_on(cluster):
        results = list(run(Unit("nap", subprocess.check_output, (nap,)) for nap in (slow, lost)))
    killer.join()
    assert [int(each) for each in results] == [0, 1]


def test_side_by_side_keeps_the_order_and_says_where_it_is(on_cluster: DaskCluster) -> None:
    assert side_by_side(lambda number: (number, is_beside_others()), [3, 1, 2]) == [(3, True), (1, True), (2, True)]
    assert not is_beside_others()


def test_a_failure_beside_others_stops_them(cluster: DaskCluster) -> None:
    ended: list[BaseException] = []

    def work(number: int) -> None:
        if number == 0:
            raise ValueError("the first fails")
        try:
            list(run(Unit("nap", time.sleep, (30,)) for _ in range(2)))
        except Stopped as error:
            ended.append(error)
            raise

    start = time.monotonic()
    with running_on(replace(cluster, _stopped=Event())), pytest.raises(ValueError, match="the first fails"):
        side_by_side(work, [0, 1])
    assert ended or time.monotonic() - start < 5
    assert time.monotonic() - start < 20


def test_what_a_step_noted_before_it_failed_comes_with_the_exception() -> None:
    try:
        raise Peculiar("out of memory")
    except Peculiar as error:
        setattr(error, ATTACHED, ["a note"])
        failure = Failure.of(error)
    with pytest.raises(RuntimeError) as caught:
        failure.unpack()
    assert getattr(caught.value, ATTACHED) == ["a note"]
