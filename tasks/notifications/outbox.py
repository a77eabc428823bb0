"""Messages on their way: in SQLite, so that neither a receiver that is down nor a kill loses one.

A message is marked as being sent before it goes out, and as sent once the receiver took it. One that is still marked
as being sent when no process sends was cut off between the two: it goes out again with the same idempotency key, by
which a receiver recognises it. Otherwise none is sent twice.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from tasks.notifications.receivers import FOLDER, Receiver, home, receivers
from tasks.notifications.sending import Message, send
from tasks.runtime.state_folder import locked, state_home

FILE = "outbox.db"
WAITING, SENDING, SENT = "waiting", "sending", "sent"
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=30)  # between two tries; it doubles
KEPT = timedelta(days=90)  # how long what was sent is remembered, so that it is not told again
WAIT_SECONDS = 30.0
TABLE = """CREATE TABLE IF NOT EXISTS messages (
    key TEXT PRIMARY KEY, receiver TEXT NOT NULL, event TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL,
    state TEXT NOT NULL, tries INTEGER NOT NULL, created TEXT NOT NULL, due TEXT NOT NULL, error TEXT NOT NULL)"""

Send = Callable[[Receiver, Message], str]


@contextmanager
def _opened() -> Iterator[sqlite3.Connection]:
    """The database; what the block changes is on the disk when it ends."""
    connection = sqlite3.connect(home() / FILE, timeout=WAIT_SECONDS)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        with connection:
            connection.execute(TABLE)
            yield connection
    finally:
        connection.close()


def is_begun() -> bool:
    """Whether there was ever anything to send; asking makes no file."""
    return (state_home() / FOLDER / FILE).exists()


def put(receiver: str, event: str, key: str, title: str, body: str) -> bool:
    """Keep a message until it is sent; False of one that is there already, by receiver, event and key."""
    name = hashlib.sha256(f"{receiver}/{event}/{key}".encode()).hexdigest()[:32]
    now = _now().isoformat()
    with _opened() as database:
        row = (name, receiver, event, title, body, WAITING, 0, now, now, "")
        added = database.execute("INSERT OR IGNORE INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row).rowcount
        database.execute("DELETE FROM messages WHERE state = ? AND created < ?", (SENT, (_now() - KEPT).isoformat()))
    return bool(added)


def deliver(send: Send = send) -> dict[str, int]:
    """Send what is due, oldest first; how many were sent, and how many still wait. One process at a time.

    `send` returns why a message was not taken, or nothing.
    """
    if not is_begun():
        return {"sent": 0, "waiting": 0}
    sent = 0
    with locked("notifications"):
        known = {each.name: each for each in receivers()}
        _forget_unknown(set(known))
        for key, receiver in _due():
            if not known[receiver].rests_at(datetime.now()):
                sent += _send_one(key, known[receiver], send)
    return {"sent": sent, "waiting": sum(each["waiting"] for each in status().values())}


def _send_one(key: str, receiver: Receiver, send: Send) -> bool:
    with _opened() as database:
        database.execute("UPDATE messages SET state = ?, tries = tries + 1 WHERE key = ?", (SENDING, key))
        row = database.execute("SELECT event, title, body, tries FROM messages WHERE key = ?", (key,)).fetchone()
    error = send(receiver, Message(key, row[0], row[1], row[2]))
    pause = min(FIRST_PAUSE * 2 ** min(row[3] - 1, 10), LONGEST_PAUSE)
    change = (WAITING if error else SENT, error, (_now() + pause).isoformat(), key)
    with _opened() as database:
        database.execute("UPDATE messages SET state = ?, error = ?, due = ? WHERE key = ?", change)
    return not error


def _due() -> list[tuple[str, str]]:
    """Key and receiver of what is to be sent now; inside the lock no other process sends what is marked so."""
    with _opened() as database:
        found = database.execute(
            "SELECT key, receiver FROM messages WHERE state = ? OR (state = ? AND due <= ?) ORDER BY created, key",
            (SENDING, WAITING, _now().isoformat()),
        )
        return [(str(key), str(receiver)) for key, receiver in found]


def _forget_unknown(known: set[str]) -> None:
    """Drop what waits for receivers that were removed."""
    with _opened() as database:
        for (name,) in database.execute("SELECT DISTINCT receiver FROM messages WHERE state != ?", (SENT,)).fetchall():
            if name not in known:
                database.execute("DELETE FROM messages WHERE receiver = ? AND state != ?", (name, SENT))


def status() -> dict[str, dict[str, Any]]:
    """For each receiver how many messages were sent, how many wait, and why the last one was not taken."""
    found: dict[str, dict[str, Any]] = {each.name: {"sent": 0, "waiting": 0, "error": ""} for each in receivers()}
    if not is_begun():
        return found
    with _opened() as database:
        for name, state, error in database.execute("SELECT receiver, state, error FROM messages ORDER BY created"):
            if name in found:
                found[name]["sent" if state == SENT else "waiting"] += 1
                found[name]["error"] = error if state != SENT else found[name]["error"]
    return found


def titles_since(start: datetime) -> list[str]:
    """What was told since then, each once, the oldest first; weekly summaries are left out."""
    if not is_begun():
        return []
    with _opened() as database:
        found = database.execute(
            "SELECT title FROM messages WHERE created >= ? AND event != 'weekly' ORDER BY created", (start.isoformat(),)
        )
        return list(dict.fromkeys(str(title) for (title,) in found))


def _now() -> datetime:
    return datetime.now(UTC)
