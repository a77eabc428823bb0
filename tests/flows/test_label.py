"""Labels as people type them: by keys in a terminal, by commands elsewhere."""

import json
import os
import pty
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from models.labels.budget import Budget
from tasks.labels.queue import Question, ask
from tasks.labels.store import groups_of, history, labels_in_force

TEXTS = ["Forest fire near La Ronge", "What a goal, the stadium is on fire", "Smoke over the hills"]


def label(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flows", "label", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def waiting(home: Path) -> None:
    """A queue of three tweets."""
    groups = groups_of(TEXTS)
    ask(Budget(9), lambda *_: [Question(str(n), TEXTS[n], "chosen", "unsure", "m", groups[n]) for n in range(3)])


def test_keys_label_skip_and_undo_and_each_is_kept_at_once(waiting: None) -> None:
    """1 for the first tweet, then taken back and 0; the second is skipped; the third labelled; then nothing is left."""
    person, terminal = pty.openpty()
    command = [sys.executable, "-m", "flows", "label", "next", "--as", "ada"]
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=subprocess.DEVNULL) as process:
        os.close(terminal)
        for key in "1u0s1":
            _read_until(person, b"[q]uit")
            _press(person, key)
        assert b"1 tweet left" in _read_until(person, b"label status")
    os.close(person)
    assert process.returncode == 0
    assert [(each.text, each.label) for each in labels_in_force()] == [(TEXTS[0], 0), (TEXTS[2], 1)]
    assert [each.kind for each in history()] == ["label", "undo", "label", "skip", "label"]


def _press(terminal: int, key: str) -> None:
    """Press a key once the program reads single keys: what is typed before that is dropped."""
    while termios.tcgetattr(terminal)[3] & termios.ICANON:
        time.sleep(0.01)
    os.write(terminal, key.encode())


def _read_until(terminal: int, end: bytes) -> bytes:
    """What the terminal shows until this comes."""
    shown = b""
    while end not in shown:
        shown += os.read(terminal, 4096)
    return shown


def test_scripts_ask_for_the_next_tweet_and_answer_by_its_id(waiting: None) -> None:
    shown = json.loads(label("next", "--json").stdout)
    assert (shown["open"], shown["tweets"][0]["text"]) == (3, TEXTS[0])
    added = json.loads(label("add", "yes", "--id", "0", "--as", "bo", "--json").stdout)
    assert (added["label"], added["asked"], added["text"]) == (1, "chosen", TEXTS[0])


def test_what_cannot_be_labelled_is_refused_with_the_remedy(home: Path) -> None:
    wrong = label("add", "perhaps", "A text")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "a label is 1 (a real disaster) or 0" in wrong.stderr
    assert "the id '7' names 0 tweets of the queue" in label("add", "1", "--id", "7").stderr


def test_keys_label_by_the_numbers_of_several_classes(home: Path) -> None:
    classes = ("no disaster", "storm", "drill")
    asked = [Question("1", TEXTS[0], "chosen", "unsure", "m", groups_of(TEXTS[:1])[0], classes=classes)]
    ask(Budget(9), lambda *_: asked)
    person, terminal = pty.openpty()
    command = [sys.executable, "-m", "flows", "label", "next", "--as", "ada"]
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=subprocess.DEVNULL):
        os.close(terminal)
        assert b"[1] no disaster  [2] storm  [3] drill" in _read_until(person, b"[q]uit")
        _press(person, "3")
        assert b"0 tweets left" in _read_until(person, b"label status")
    os.close(person)
    assert [each.label for each in labels_in_force()] == ["drill"]
    assert json.loads(label("add", "Storm", "--id", "1", "--as", "bo", "--json").stdout)["label"] == "storm"
    wrong = label("add", "1", "--id", "1")
    assert wrong.returncode == 2
    assert "a label is one of no disaster, storm, drill, got '1'" in wrong.stderr
