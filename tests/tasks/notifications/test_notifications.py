"""What there is to tell reaches those who were named, once, and nobody else; receivers that are down cost nothing."""

import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tasks import notifications
from tasks.notifications import outbox
from tasks.notifications.news import News, tell
from tasks.notifications.receivers import Receiver, add, receivers, remove
from tasks.notifications.sending import Message, send
from tasks.scheduling.deployments import Scheduled
from tasks.scheduling.news import tell_news

PROMOTED = News("promotion", "run-1", "version 2 is champion", "better by two points")


class Webhook:
    """Keeps what it is sent, with headers; answers 503 while `down`."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.down = False
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if not hook.down:
                    hook.bodies.append(body)
                    hook.keys.append(self.headers["Idempotency-Key"])
                self.send_response(503 if hook.down else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def hook(home: Path) -> Iterator[Webhook]:
    made = Webhook()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def due_now() -> None:
    """As if the pause after a failed try were over."""
    with outbox._opened() as database:
        database.execute("UPDATE messages SET due = ?", (datetime(2020, 1, 1, tzinfo=UTC).isoformat(),))


def test_only_those_are_told_who_asked_for_it_and_each_once(hook: Webhook) -> None:
    add(Receiver("desk", hook.url, ("promotion",)))
    add(Receiver("night", hook.url, ("failure",)))
    assert (tell(PROMOTED), tell(PROMOTED)) == (1, 0)
    assert [body["title"] for body in hook.bodies] == ["crisisflow: version 2 is champion"]
    assert "better by two points" in hook.bodies[0]["message"]
    assert hook.keys[0] in hook.bodies[0]["message"]


def test_without_receivers_nothing_is_written(home: Path) -> None:
    assert tell(PROMOTED) == 0
    assert notifications.deliver() == {"sent": 0, "waiting": 0}
    assert not (home / "notifications").exists()


def test_what_a_receiver_that_is_down_misses_waits_and_comes_later(hook: Webhook) -> None:
    add(Receiver("desk", hook.url))
    hook.down = True
    tell(PROMOTED)
    assert notifications.status()["desk"] == {
        "sent": 0, "waiting": 1, "error": "the receiver did not answer, or refused it",
    }  # fmt: skip
    hook.down = False
    assert notifications.deliver()["waiting"] == 1  # not at once: it was just tried
    due_now()
    assert notifications.deliver() == {"sent": 1, "waiting": 0}
    assert len(hook.bodies) == 1


def test_the_pause_between_tries_grows_up_to_half_an_hour(home: Path) -> None:
    add(Receiver("desk", "json://127.0.0.1/hook"))
    outbox.put("desk", "promotion", "1", "title", "body")
    pauses = []
    for _ in range(9):
        due_now()
        outbox.deliver(lambda *_: "down")
        with outbox._opened() as database:
            (due,) = database.execute("SELECT due FROM messages").fetchone()
        pauses.append(round((datetime.fromisoformat(due) - datetime.now(UTC)).total_seconds()))
    assert pauses[:2] == [30, 60]
    assert pauses[-1] == 1_800


DYING = """
import os, signal, sys
from tasks.notifications import outbox
def send(receiver, message):
    if sys.argv[1] == "after":
        open(sys.argv[2], "a").write(message.key + "\\n")
    os.kill(os.getpid(), signal.SIGKILL)
outbox.deliver(send)
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_while_sending_repeats_the_message_with_the_same_key(home: Path, tmp_path: Path, when: str) -> None:
    add(Receiver("desk", "json://127.0.0.1/hook"))
    outbox.put("desk", "promotion", "1", "title", "body")
    seen = tmp_path / "seen"
    seen.touch()
    done = subprocess.run([sys.executable, "-c", DYING, when, str(seen)], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    keys: list[str] = []
    outbox.deliver(lambda _, message: keys.append(message.key) or "")
    outbox.deliver(lambda _, message: keys.append(message.key) or "")
    assert len(keys) == 1
    assert seen.read_text().split() in ([], keys)


def test_two_processes_at_once_send_each_message_once(hook: Webhook) -> None:
    add(Receiver("desk", hook.url))
    for number in range(5):
        outbox.put("desk", "promotion", str(number), f"title {number}", "body")
    code = "from tasks.notifications import outbox; outbox.deliver()"
    both = [subprocess.Popen([sys.executable, "-c", code], env=os.environ) for _ in range(2)]
    assert [each.wait(60) for each in both] == [0, 0]
    assert len(hook.keys) == len(set(hook.keys)) == 5


def test_tweets_go_only_to_those_who_asked_for_text(hook: Webhook) -> None:
    add(Receiver("desk", hook.url))
    add(Receiver("analyst", hook.url, with_text=True))
    tell(News("drift", "1", "tonight has shifted", "vocabulary", ("forest fire near the mill",)))
    assert sorted("forest fire" in body["message"] for body in hook.bodies) == [False, True]


def test_quiet_hours_hold_messages_back(hook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    add(Receiver("desk", hook.url, quiet="00:00-23:59"))
    tell(PROMOTED)
    assert (hook.bodies, notifications.status()["desk"]["waiting"]) == ([], 1)
    monkeypatch.setattr(Receiver, "rests_at", lambda *_: False)
    assert notifications.deliver()["sent"] == 1


def test_secrets_come_from_the_environment_and_stand_in_no_file(
    hook: Webhook, home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ValueError, match=r"write \$\{NAME\} in their places"):
        add(Receiver("desk", hook.url.replace("//", "//me:hunter2@")))
    with pytest.raises(ValueError, match=r"write \$\{NAME\} in their places"):
        add(Receiver("desk", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"))
    add(Receiver("desk", hook.url.replace("//", "//${HOOK_USER}:${HOOK_PASSWORD}@")))
    tell(PROMOTED)
    monkeypatch.setenv("HOOK_USER", "me")
    due_now()
    notifications.deliver()
    assert "HOOK_PASSWORD" in notifications.status()["desk"]["error"]
    monkeypatch.setenv("HOOK_PASSWORD", "hunter2")
    due_now()
    hook.down = True
    notifications.deliver()
    hook.down = False
    due_now()
    assert notifications.deliver()["sent"] == 1
    files = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert not any(b"hunter2" in content for content in files)
    assert "hunter2" not in caplog.text
    assert receivers()[0].shown()["url"] == hook.url.replace("//", "//***@")


def test_mail_arrives_with_its_key(home: Path) -> None:
    class Mailbox(socketserver.StreamRequestHandler):
        mails: list[str] = []  # noqa: RUF012

        def handle(self) -> None:
            self.wfile.write(b"220 test\r\n")
            while line := self.rfile.readline().strip():
                word = line[:4].upper()
                if word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = list(iter(lambda: self.rfile.readline().rstrip(b"\r\n"), b"."))
                    self.mails.append(b"\n".join(lines).decode())
                self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Mailbox) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"mailto://127.0.0.1:{server.server_address[1]}?from=crisisflow@example.org&to=desk@example.org"
        assert send(Receiver("desk", url), Message("0123", "drift", "tonight has shifted", "vocabulary")) == ""
        server.shutdown()
    assert "Idempotency-Key: 0123" in Mailbox.mails[0]
    assert "tonight has shifted" in Mailbox.mails[0]


def test_an_outbox_that_cannot_be_written_is_said_and_fails_nothing(
    hook: Webhook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add(Receiver("desk", hook.url))
    monkeypatch.setattr(outbox, "FILE", "no/such/folder.db")
    assert tell(PROMOTED) == 0
    assert "no message could be sent: version 2 is champion" in caplog.text


def test_a_receiver_that_cannot_be_is_refused_and_one_that_is_removed_gets_nothing_more(home: Path) -> None:
    for wrong, said in (
        (Receiver("a b", "json://127.0.0.1"), "no name for a receiver"),
        (Receiver("desk", "json://127.0.0.1", ("sunrise",)), "there are no events called sunrise"),
        (Receiver("desk", "json://127.0.0.1", quiet="night"), "22:00-07:00"),
    ):
        with pytest.raises(ValueError, match=said):
            add(wrong)
    add(Receiver("desk", "json://127.0.0.1"))
    with pytest.raises(ValueError, match="already"):
        add(Receiver("desk", "json://127.0.0.1"))
    outbox.put("desk", "promotion", "1", "title", "body")
    remove("desk")
    assert outbox.deliver(lambda *_: pytest.fail("sent")) == {"sent": 0, "waiting": 0}
    with pytest.raises(ValueError, match="there is no receiver 'desk'"):
        remove("desk")


def scheduled(state: str, next_run: str) -> Scheduled:
    last = {
        "state": state,
        "message": "a tweet",
        "time": "2026-03-04T03:10:00+00:00",
        "name": "night",
        "flow_run_id": "7",
    }
    return Scheduled("nightly", "retrain", "daily", False, False, next_run, last, {}, "d1")


def test_failed_and_overdue_runs_the_disk_and_the_week_are_told_once(
    hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 3, 4, 9, tzinfo=UTC)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1 << 20})())
    monkeypatch.setattr(outbox, "_now", lambda: now - timedelta(days=7))
    add(Receiver("desk", hook.url))
    tell(PROMOTED)
    monkeypatch.setattr(outbox, "_now", lambda: now)
    runs = [scheduled("Crashed", "2026-03-04T08:00:00+00:00")]
    assert (tell_news(runs, now), tell_news(runs, now)) == (4, 0)
    said = [f"{body['title']}: {body['message']}" for body in hook.bodies[1:]]
    assert len(said) == 4
    for word in ("nightly failed", "nightly is overdue", "the disk is nearly full", "- version 2 is champion"):
        assert any(word in each for each in said)
    assert not any("a tweet" in each for each in said)
    assert tell_news([scheduled("Completed", "2026-03-05T03:00:00+00:00")], now) == 0
