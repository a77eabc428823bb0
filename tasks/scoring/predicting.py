"""Chunks of rows to chunks of answers, several at once, in their order."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.classifiers.pipeline import class_column
from models.drift.familiarity import Familiarity
from models.splitting.learned import LearnedGroups
from tasks.sources.records import QUARANTINE

ANSWERS = (("id", pa.string()), ("probability", pa.float64()), ("label", pa.int8()))
NOTES = (("doubt", pa.string()), ("learned_from", pa.string()))
# While one is cut into tokens the network reads the other; more would only take turns.
AT_ONCE = 2
AHEAD = 6  # chunks read and not scored yet, so that both go on while the next rows are read


@dataclass(frozen=True)
class AnswerColumns:
    """What a model answers with: the names of the several classes of its label, none of two, and its kinds."""

    classes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    @property
    def answers(self) -> tuple[tuple[str, pa.DataType], ...]:
        """Id, probability and label; the label of several classes is the name of the likeliest."""
        return (*ANSWERS[:-1], ("label", pa.string())) if self.classes else ANSWERS

    @property
    def more(self) -> tuple[tuple[str, pa.DataType], ...]:
        """The probability of each of several classes; of kinds of information the likeliest class, and its own."""
        classes = ((class_column(name), pa.float64()) for name in self.classes)
        kinds = (field for kind in self.kinds for field in ((kind, pa.string()), (f"{kind}_probability", pa.float64())))
        return (*classes, *kinds)


TWO_CLASSES = AnswerColumns()


@dataclass(frozen=True)
class Scorer:
    """A model, what is known of what it has learned from, and with which columns it answers."""

    model: Any
    familiarity: Familiarity | None = None
    learned: LearnedGroups | None = None
    answering: AnswerColumns = TWO_CLASSES

    def score(self, rows: pa.Table) -> pa.Table:
        """The answers to one chunk, see `score_chunk`."""
        return score_chunk(rows, self.model, self.familiarity, self.learned, self.answering)


def score_chunks(
    chunks: Iterable[pa.Table],
    model: Any,
    familiarity: Familiarity | None = None,
    learned: LearnedGroups | None = None,
    columns: AnswerColumns = TWO_CLASSES,
) -> Iterator[pa.Table]:
    """The answers to every chunk, in order. Each is asked for by itself, so what runs beside it changes no bit."""
    pending: deque[Future[pa.Table]] = deque()
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="score")
    try:
        for chunk in chunks:
            pending.append(pool.submit(score_chunk, chunk, model, familiarity, learned, columns))
            if len(pending) > AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def score_chunk(
    rows: pa.Table,
    model: Any,
    familiarity: Familiarity | None = None,
    learned: LearnedGroups | None = None,
    answering: AnswerColumns = TWO_CLASSES,
) -> pa.Table:
    """A row for every row of `tasks.scoring.rows`, in order; what the model says is null where a reason is given.

    `doubt` says what keeps the model from judging a row, as far as it is known what the model learned from;
    `learned_from` is the split of a row whose group the model has learned from.
    """
    readable = pc.is_null(rows["reason"]).to_numpy()
    asked = rows.filter(pa.array(readable)) if not readable.all() else rows
    answers = model.predict(asked.select(["text", "keyword"]).to_pandas()) if len(asked) else {}
    schema = pa.schema([*answering.answers, *answering.more, *NOTES, *QUARANTINE])
    columns = {name: rows[name] for name in ("id", *QUARANTINE.names)}
    for name, kind in (*answering.answers[1:], *answering.more):
        columns[name] = _spread(answers.get(name, ()), readable, kind)
    columns["doubt"] = columns["learned_from"] = pa.nulls(len(rows), pa.string())
    if familiarity is not None and len(asked):
        found = _doubts(asked, model, familiarity)
        columns["doubt"] = pc.replace_with_mask(columns["doubt"], pa.array(readable), found)
    if learned is not None and len(asked):
        met = learned.splits_of(asked["text"].combine_chunks().cast(pa.string()))
        columns["learned_from"] = pc.replace_with_mask(columns["learned_from"], pa.array(readable), met)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _doubts(asked: pa.Table, model: Any, familiarity: Familiarity) -> pa.StringArray:
    texts = asked["text"].combine_chunks().cast(pa.string())
    return familiarity.doubts(texts, model.unwrap_python_model().classifier.tokenize(texts))


def _spread(answers: Any, readable: np.ndarray, kind: pa.DataType) -> pa.Array:
    """The answers at the places of the rows that were asked about, null elsewhere."""
    values = np.zeros(len(readable), object if pa.types.is_string(kind) else kind.to_pandas_dtype())
    values[readable] = answers
    return pa.array(values, kind, mask=~readable)
