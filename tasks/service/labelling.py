"""The label queue behind the page: what is asked next, and answers kept once, however often they are sent.

Each answer carries a key that the page made, so one that is sent again after a lost connection or a restart of the
service is the first one. An undo names the answer that it takes back, so it never takes back another one.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from tasks.labels.queue import Question, open_questions, questions
from tasks.labels.store import MOST_NAME, check_annotator, history, record, undo
from tasks.service.limits import RefusedError
from tasks.sources.columns import LONGEST_CLASS

ORIGIN = "page"
LEASE_SECONDS = 180.0  # for which a tweet that is before one annotator is not given to another
MOST_WAITING = 64
SHOWN = ("number", "id", "text", "keyword")  # and not what the model says: that would lead the answer

Result = TypeVar("Result")


class Sent(BaseModel):
    """What the page sends of an answer or an undo; `annotator` is needed where there are no tokens."""

    model_config = ConfigDict(extra="forbid", strict=True)
    key: str = Field(pattern=r"^[\w-]{8,64}$", description="Made by the sender; the same key is the same answer.")
    annotator: str | None = Field(
        None, min_length=1, max_length=MOST_NAME, description="Who answers, where no token says it."
    )


class GivenLabel(Sent):
    """An answer to a question of the queue."""

    question: int = Field(description="Its number.")
    label: Annotated[int, Field(ge=0, le=1)] | Annotated[str, Field(min_length=1, max_length=LONGEST_CLASS)] | None = (
        Field(
            description="1 reports a real disaster, 0 does not, null skips; of a question with classes the name of one."
        )
    )


class TakenBack(Sent):
    """The undoing of an answer."""

    answer: str = Field(pattern=r"^[\w-]{8,64}$", description="The key of the answer, which must be the last one.")


@dataclass
class Leases:
    """Which group of tweets is before which annotator, and until when."""

    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._held: dict[str, tuple[str, float]] = {}

    def share_out(self, waiting: list[Question], annotator: str, count: int) -> list[Question]:
        """So many questions that are before no other annotator, now before this one."""
        now = self.clock()
        self._held = {group: held for group, held in self._held.items() if held[1] > now}
        free = [each for each in waiting if self._held.get(each.text_group, (annotator,))[0] == annotator][:count]
        self._held |= {each.text_group: (annotator, now + LEASE_SECONDS) for each in free}
        return free


class LabelDesk:
    """Asks and records in a thread of its own; belongs to one event loop."""

    def __init__(self) -> None:
        self._thread, self._waiting = ThreadPoolExecutor(1, thread_name_prefix="labels"), 0
        self._leases = Leases()

    async def next(self, annotator: str, count: int, overlap: bool) -> dict[str, Any]:
        """How many questions are open, how many of them are before others, and the next ones."""
        return await self._run(lambda: self._next(annotator, count, overlap))

    def _next(self, annotator: str, count: int, overlap: bool) -> dict[str, Any]:
        waiting = open_questions(annotator, overlap=overlap)
        found = waiting[:count] if overlap else self._leases.share_out(waiting, annotator, count)
        tweets = [_shown(each) for each in found]
        return {"open": len(waiting), "tweets": tweets, "annotator": annotator}

    async def give(self, annotator: str, given: GivenLabel) -> dict[str, Any]:
        """Keep an answer; `known` if its key was kept before. Raises RefusedError for a question that there is not."""
        return await self._run(lambda: _give(annotator, given))

    async def take_back(self, annotator: str, sent: TakenBack) -> dict[str, Any]:
        """Undo the annotator's last answer. Raises RefusedError when that is another one than the sender means."""
        return await self._run(lambda: _take_back(annotator, sent))

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= MOST_WAITING:
            raise RefusedError(503, "overloaded", f"{self._waiting} answers are waiting: they are sent again")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.OperationalError:  # another process holds the database for long, or the disk is full
            raise RefusedError(503, "labels_busy", "the labels cannot be written now: try again") from None
        finally:
            self._waiting -= 1


def check_name(name: str) -> str:
    """The name, if labels can be kept under it. Raises RefusedError."""
    try:
        check_annotator(name)
    except ValueError as error:
        raise RefusedError(422, "no_annotator", str(error), field="annotator") from None
    return name


def _shown(question: Question) -> dict[str, Any]:
    """What is shown of a question; of a label of several classes these, to choose from."""
    shown = {name: getattr(question, name) for name in SHOWN}
    return shown | ({"classes": list(question.classes)} if question.classes else {})


def _give(annotator: str, given: GivenLabel) -> dict[str, Any]:
    question = next((each for each in questions() if each.number == given.question), None)
    if question is None:
        message = f"the queue has no question {given.question}"
        raise RefusedError(404, "no_question", message, field="question", value=given.question)
    if given.label not in (None, *(question.classes or (0, 1))):
        message = f"the label of question {given.question} is one of {', '.join(map(str, question.classes or (0, 1)))}"
        raise RefusedError(422, "wrong_value", message, field="label", value=given.label)
    answer = question.answered(annotator, given.label, ORIGIN, _own(annotator, given.key))
    return {"known": not record([answer]), "open": len(open_questions(annotator))}


def _take_back(annotator: str, sent: TakenBack) -> dict[str, Any]:
    undone = _own(annotator, sent.key)
    known = any(each.key == undone for each in history())
    try:
        last = undo(annotator, undone, _own(annotator, sent.answer))
    except ValueError:  # it is another one, or there is none
        message = "that is not your last answer any more: nothing is undone"
        raise RefusedError(409, "not_the_last", message) from None
    return {"known": known, "id": last.id, "label": last.label, "open": len(open_questions(annotator))}


def _own(annotator: str, key: str) -> str:
    """The key as it is kept: one annotator cannot answer under another's key."""
    return f"{ORIGIN}/{annotator}/{key}"
