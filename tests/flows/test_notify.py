"""Receivers are named, listed, tried and removed as a user types it, and no secret is written or shown."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from flows.retrain import _tell
from tasks import tracking
from tasks.notifications import outbox
from tasks.notifications.receivers import Receiver, add
from tasks.registry import NOT_CHALLENGED, Decision

NOBODY = "json://127.0.0.1:9/hook"  # the discard port, where nothing listens


def notify(home: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "flows", "notify", *arguments]
    variables = {**os.environ, "CRISISFLOW_HOME": str(home), **environment}
    done = subprocess.run(command, capture_output=True, text=True, env=variables, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_receiver_is_added_listed_tried_and_removed(tmp_path: Path) -> None:
    code, out, _ = notify(
        tmp_path, "add", NOBODY, "--name", "desk", "--on", "drift", "--quiet", "22:00-07:00", "--json"
    )
    told = {"name": "desk", "url": NOBODY, "events": ["drift"], "with_text": False, "quiet": "22:00-07:00"}
    assert (code, json.loads(out)) == (0, told)
    code, out, _ = notify(tmp_path, "list")
    assert (code, out.splitlines()) == (0, [f"desk: {NOBODY} on drift, quiet 22:00-07:00", "  0 sent, 0 waiting"])
    assert notify(tmp_path, "test", "desk")[:2] == (1, "desk: not taken: the receiver did not answer, or refused it\n")
    assert notify(tmp_path, "remove", "desk", "--json")[:2] == (0, '{"name": "desk", "dropped": 0}\n')
    assert json.loads(notify(tmp_path, "list", "--json")[1]) == {"receivers": []}


def test_an_address_with_a_secret_is_refused_and_not_repeated(tmp_path: Path) -> None:
    code, out, said = notify(tmp_path, "add", "jsons://me:hunter2@example.org/hook")
    assert code == 2
    assert "write ${NAME} in their places" in " ".join(said.split())
    assert "hunter2" not in out + said
    assert notify(tmp_path, "add", "jsons://${HOOK_USER}:${HOOK_PASSWORD}@example.org/hook")[0] == 0


def waiting() -> list[tuple[Any, ...]]:
    with outbox._opened() as database:
        return database.execute("SELECT event, title, body FROM messages ORDER BY title").fetchall()


def test_promotions_and_refusals_are_told_with_the_reason_and_retrainings_without_a_challenge_are_not(
    home: Path,
) -> None:
    add(Receiver("desk", NOBODY))
    with tracking.tracked_run("retrain", "retrain") as run:
        _tell(run, NOT_CHALLENGED)
        _tell(run, Decision(True, "lstm replaces version 1: better", "2"))
    with tracking.tracked_run("retrain", "retrain") as run:
        _tell(run, Decision(False, "version 2 stays, gru is refused: not better", "3"))
    promoted, refused = waiting()
    assert promoted[:2] == ("promotion", "version 2 is champion")
    assert refused[:2] == ("refusal", "version 3 is refused")
    assert "gru is refused: not better" in refused[2]
