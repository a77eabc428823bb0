"""Who is alive: by number and start, on this host."""

import os
import subprocess
import sys

from tasks.runtime import processes


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def test_a_process_is_alive_until_it_ends_even_if_nobody_asks_for_its_exit_code() -> None:
    process = sleeper()
    started = processes.start_of(process.pid)
    assert started is not None
    assert processes.alive(process.pid, started)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is a zombie now
    assert not processes.alive(process.pid, started)
    process.wait()
    assert not processes.alive(process.pid, started)


def test_another_process_of_the_same_number_is_not_taken_for_the_dead_one() -> None:
    mine = processes.process_mark()
    assert not processes.left_behind(mine)
    assert processes.left_behind(mine[:-1] + str((int(mine[-1]) + 1) % 10))


def test_marks_of_another_host_and_names_that_are_no_marks_are_left_alone() -> None:
    _, number, started = processes.process_mark().split(".")
    assert not processes.left_behind(f"0badbeef.{number}.{started}0")
    assert not processes.left_behind("")
    assert not processes.left_behind("tweets.csv.part")


def test_a_mark_of_another_machine_is_known_as_such() -> None:
    mine = processes.process_mark()
    assert not processes.of_another_machine(mine)
    assert processes.of_another_machine(f"0badbeef.{mine.partition('.')[2]}")
    assert not processes.of_another_machine("tweets.csv.part")
