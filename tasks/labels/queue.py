"""The queue: tweets that people are asked about, each group of near-duplicates once."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from models.labels.budget import Budget
from models.wording import counted
from tasks.labels.database import insert, is_begun, opened
from tasks.labels.store import Answer, Asked, Label, groups_of, standing


@dataclass(frozen=True)
class Question:
    """A tweet to ask about: why (`asked`, and in words), and what which model says of it.

    `classes` are the names to choose from, where the label has several; the probability is that of the likeliest then.
    """

    id: str
    text: str
    asked: Asked
    reason: str
    model: str
    text_group: str
    keyword: str | None = None
    probability: float | None = None
    number: int = 0
    time: str = ""
    classes: tuple[str, ...] = ()

    def told(self) -> dict[str, Any]:
        """The fields as `--json` prints them; of a label of two classes none to choose from."""
        return {name: value for name, value in vars(self).items() if name != "classes" or value}

    def answered(self, annotator: str, label: Label | None, origin: str = "command line", key: str = "") -> Answer:
        """What the annotator says to it."""
        return Answer(annotator, self.id, self.text, label, self.keyword, self.asked, self.model, origin, key=key)


def ask(budget: Budget, choose: Callable[[int, set[str]], Sequence[Question]], again: bool = False) -> list[Question]:
    """Put questions into the queue: those that `choose` picks, given how many and which groups are known already.

    Known are the groups that were asked about or labelled before; `again` asks once more about what is labelled. The
    store is locked meanwhile, so that two processes do not spend one budget twice. Questions of groups that are known,
    and those beyond the budget, are dropped.
    """
    with opened(writing=True) as database:
        now = datetime.now(UTC)
        known, left = _known_groups(database, again), budget.tweets - _asked_since(database, budget.start(now))
        new: dict[str, Question] = {}
        for each in choose(left, known) if left > 0 else ():
            if each.text_group not in known:
                new.setdefault(each.text_group, each)
        return [_insert(database, each, now) for each in list(new.values())[:left]]


def spent(budget: Budget) -> int:
    """How many tweets were asked about in the period of the budget that is now."""
    if not is_begun():
        return 0
    with opened() as database:
        return _asked_since(database, budget.start(datetime.now(UTC)))


def open_questions(annotator: str, most: int | None = None, overlap: bool = False) -> list[Question]:
    """What is still to be labelled, the newest batch first and each batch in its order.

    A group that anybody has labelled is done; with `overlap` it is asked again of all who have not labelled it. What
    the annotator has skipped comes back last.
    """
    if not is_begun():
        return []
    answers = standing()
    mine = {each.text_group for each in answers if each.annotator == annotator}
    labelled: dict[str, str] = {}  # by group, when last
    for each in answers:
        if each.label is not None and (each.annotator == annotator or not overlap):
            labelled[each.text_group] = max(each.time, labelled.get(each.text_group, ""))
    left = [each for each in questions() if not _is_done(each, labelled)]
    batches = sorted(left, key=lambda each: (each.text_group in mine, _reversed(each.time), each.number))
    return batches[:most]


def with_reasons(answers: Sequence[Answer]) -> list[Answer]:
    """The answers, those on groups of the queue with the reason for which, and the model for which, it last asked."""
    asked = {each.text_group: each for each in questions()}
    found = [asked.get(group) for group in groups_of([each.text for each in answers])]
    return [
        replace(answer, asked=question.asked, model=question.model) if question else answer
        for answer, question in zip(answers, found, strict=True)
    ]


def questions() -> list[Question]:
    """Every question that was ever asked, in order."""
    if not is_begun():
        return []
    with opened() as database:
        return [_question(dict(row)) for row in database.execute("SELECT * FROM questions ORDER BY number")]


def _question(row: dict[str, Any]) -> Question:
    classes = row.pop("classes", None)
    return Question(**row, classes=tuple(json.loads(classes or "[]")))


def asked_classes() -> tuple[str, ...]:
    """The names of all classes that the queue ever gave to choose from, in order."""
    return tuple(dict.fromkeys(name for each in questions() for name in each.classes))


def find_question(tweet: str) -> Question:
    """The last question about the tweet of this id. Raises ValueError when the queue has none, or several texts."""
    found = {each.text_group: each for each in questions() if each.id == tweet}
    if len(found) != 1:
        raise ValueError(f"the id {tweet!r} names {counted(len(found), 'tweet')} of the queue: give the text too")
    return next(iter(found.values()))


def _is_done(question: Question, labelled: Mapping[str, str]) -> bool:
    """Whether the group is labelled; a doubtful label must be given again."""
    time = labelled.get(question.text_group)
    return time is not None and (question.asked != "audit" or time >= question.time)


def _reversed(time: str) -> float:
    return -datetime.fromisoformat(time).timestamp()


def _known_groups(database: sqlite3.Connection, again: bool) -> set[str]:
    """Groups that were asked about or labelled before, undone or not; for doubts of labels, those of open questions."""
    anything = "SELECT text_group FROM questions UNION SELECT text_group FROM events"
    waiting = "SELECT text_group FROM questions EXCEPT SELECT text_group FROM events"
    doubted = f"SELECT * FROM ({waiting}) UNION SELECT text_group FROM questions WHERE asked = 'audit'"
    return {str(group) for (group,) in database.execute(doubted if again else anything)}


def _asked_since(database: sqlite3.Connection, start: datetime) -> int:
    row = database.execute("SELECT count(*) FROM questions WHERE time >= ?", (start.isoformat(),)).fetchone()
    return int(row[0])


def _insert(database: sqlite3.Connection, question: Question, now: datetime) -> Question:
    asked = replace(question, time=now.isoformat())
    row: dict[str, Any] = asdict(asked) | {"classes": json.dumps(question.classes, ensure_ascii=False)}
    row |= {} if question.classes else {"classes": None}
    row.pop("number")
    return replace(asked, number=insert(database, "questions", row) or 0)
