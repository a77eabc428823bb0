"""Labels and what became of them: who said what about which tweet, when, and why they were asked."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import pyarrow as pa

from models.splitting.splits import raw_groups
from tasks.labels.database import insert, is_begun, opened
from tasks.sources.columns import LONGEST_CLASS

# Why a tweet was asked about: the model's choice, the random share, a doubtful label; `own` came from no queue.
Asked = Literal["chosen", "random", "audit", "own"]
ASKED: tuple[Asked, ...] = get_args(Asked)
MOST_NAME = 64
Label = int | str


@dataclass(frozen=True)
class Answer:
    """One annotator's word on a tweet: a label, or None for a tweet that they skip.

    The label is 1 or 0, or the name of one of several classes.

    `key` names it: a second answer of the same key is the first one, sent again. Empty, it is made of the answer; an
    answer without `time` gets the present one.
    """

    annotator: str
    id: str
    text: str
    label: Label | None
    keyword: str | None = None
    asked: Asked = "own"
    model: str = ""
    origin: str = "command line"
    time: str = ""
    key: str = ""


@dataclass(frozen=True)
class Event(Answer):
    """What the store keeps of an answer, or of its undoing."""

    number: int = 0
    kind: Literal["label", "skip", "undo"] = "label"
    undoes: int | None = None
    text_group: str = ""


def record(answers: Sequence[Answer]) -> list[int]:
    """Keep answers, all of them or none; the numbers of those that are new.

    Raises ValueError for a label that is neither 0 nor 1 nor a class, an unknown reason, a name of no characters and an
    empty text.
    """
    for each in answers:
        check(each)
    groups = groups_of([each.text for each in answers])
    rows = [_row(each, group) for each, group in zip(answers, groups, strict=True)]
    with opened(writing=True) as database:
        return [number for row in rows if (number := insert(database, "events", row, "key")) is not None]


def check(answer: Answer) -> None:
    """Raise ValueError for an answer that cannot be kept."""
    check_annotator(answer.annotator)
    if answer.label not in (0, 1, None) and not _is_class(answer.label):
        raise ValueError(f"a label is 1 (a real disaster) or 0, or the name of a class, got {answer.label!r}")
    if answer.asked not in ASKED:
        raise ValueError(f"a tweet is asked about as {', '.join(ASKED)}; got {answer.asked!r}")
    if not answer.text.strip():
        raise ValueError(f"tweet {answer.id!r} has no text to label")


def _is_class(label: object) -> bool:
    return isinstance(label, str) and bool(label.strip()) and len(label) <= LONGEST_CLASS and label.isprintable()


def is_annotator(name: str) -> bool:
    """Whether labels can be kept under this name: it tells somebody apart, and breaks no line."""
    return bool(name.strip()) and len(name) <= MOST_NAME and name.isprintable()


def check_annotator(name: str) -> None:
    """Raise ValueError for a name under which no labels can be kept."""
    if not is_annotator(name):
        raise ValueError(f"no name of an annotator: {name!r}; use 1 to {MOST_NAME} printable characters")


def groups_of(texts: Sequence[str]) -> list[str]:
    """The group of each text, as ingestion finds it: near-duplicates share one."""
    groups: list[str] = raw_groups(pa.array(list(texts), pa.string())).to_pylist()
    return groups


def undo(annotator: str, key: str = "", answer: str = "") -> Event:
    """Take back the annotator's last answer that stands; the answer. An undo of a known key is the first one again.

    `answer` is the key of the one that is meant, where another may have come since. Raises ValueError where there is
    nothing to undo, and when the last answer is another than is meant.
    """
    with opened(writing=True) as database:
        everything = _events(database)
        if done := [each.undoes for each in everything if key and each.key == key]:
            return next(each for each in everything if each.number == done[0])
        standing = [each for each in _standing(everything) if each.annotator == annotator]
        if not standing:
            raise ValueError(f"{annotator} has no label left to undo")
        last, now = standing[-1], _now()
        if answer not in ("", last.key):
            raise ValueError(f"that is not the last answer of {annotator} any more: nothing is undone")
        row = asdict(last) | {"kind": "undo", "label": None, "undoes": last.number, "time": now, "class_name": None}
        row |= {"key": key or _digest("undo", last.number, now)}
        insert(database, "events", {name: value for name, value in row.items() if name != "number"}, "key")
    return last


def history() -> list[Event]:
    """Everything that was ever said, in order."""
    if not is_begun():
        return []
    with opened() as database:
        return _events(database)


def standing() -> list[Event]:
    """The answers that were not undone, in order; an annotator may have answered a text more than once."""
    return _standing(history())


def labels_in_force(classes: Sequence[str] | None = None) -> list[Event]:
    """The last label of each annotator for each group of near-duplicates that was not undone, in order.

    With `classes`, the names of several, only labels that name one of these; of none, only labels 0 and 1.
    """
    return in_force(each for each in standing() if classes is None or _is_of(each.label, classes))


def _is_of(label: Label | None, classes: Sequence[str]) -> bool:
    return label in classes if classes else label in (0, 1)


def in_force(answers: Iterable[Event]) -> list[Event]:
    """Of these answers the last label of each annotator for each group, in order; a later skip changes nothing."""
    last = {(each.annotator, each.text_group): each for each in answers if each.label is not None}
    return sorted(last.values(), key=lambda each: each.number)


def _standing(events: Iterable[Event]) -> list[Event]:
    everything = list(events)
    undone = {each.undoes for each in everything}
    return [each for each in everything if each.kind != "undo" and each.number not in undone]


def _events(database: sqlite3.Connection) -> list[Event]:
    return [_event(dict(row)) for row in database.execute("SELECT * FROM events ORDER BY number")]


def _event(row: dict[str, Any]) -> Event:
    name = row.pop("class_name", None)
    return Event(**(row if name is None else row | {"label": name}))


def _row(answer: Answer, group: str) -> dict[str, Any]:
    kind = "skip" if answer.label is None else "label"
    time = answer.time or _now()
    key = answer.key or _digest(answer.annotator, answer.id, answer.text, answer.label, time)
    row = asdict(answer) | {"time": time, "key": key, "kind": kind, "undoes": None, "text_group": group}
    named = isinstance(answer.label, str)
    return row | {"label": None if named else answer.label, "class_name": answer.label if named else None}


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:32]


def _now() -> str:
    return datetime.now(UTC).isoformat()
