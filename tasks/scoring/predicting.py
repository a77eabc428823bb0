"""Chunks of rows to chunks of answers, several at once, in their order."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.drift.familiarity import Familiarity
from models.splitting.learned import LearnedGroups
from tasks.sources.records import QUARANTINE

SCORED = pa.schema(
    [
        ("id", pa.string()),
        ("probability", pa.float64()),
        ("label", pa.int8()),
        ("doubt", pa.string()),
        ("learned_from", pa.string()),
        *QUARANTINE,
    ]
)
# While one is cut into tokens the network reads the other; more would only take turns.
AT_ONCE = 2
AHEAD = 6  # chunks read and not scored yet, so that both go on while the next rows are read


def score_chunks(
    chunks: Iterable[pa.Table],
    model: Any,
    familiarity: Familiarity | None = None,
    learned: LearnedGroups | None = None,
) -> Iterator[pa.Table]:
    """The answers to every chunk, in order. Each is asked for by itself, so what runs beside it changes no bit."""
    pending: deque[Future[pa.Table]] = deque()
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="score")
    try:
        for chunk in chunks:
            pending.append(pool.submit(score_chunk, chunk, model, familiarity, learned))
            if len(pending) > AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def score_chunk(
    rows: pa.Table, model: Any, familiarity: Familiarity | None = None, learned: LearnedGroups | None = None
) -> pa.Table:
    """A row for every row of `tasks.scoring.rows`, in order; probability and label are null where a reason is given.

    `doubt` says what keeps the model from judging a row, as far as it is known what the model learned from;
    `learned_from` is the split of a row whose group the model has learned from.
    """
    readable = pc.is_null(rows["reason"]).to_numpy()
    asked = rows.filter(pa.array(readable)) if not readable.all() else rows
    answers = model.predict(asked.select(["text", "keyword"]).to_pandas()) if len(asked) else {}
    columns = {name: rows[name] for name in SCORED.names if name in rows.column_names}
    for name in ("probability", "label"):
        columns[name] = _spread(answers.get(name, ()), readable, SCORED.field(name).type)
    columns["doubt"] = columns["learned_from"] = pa.nulls(len(rows), pa.string())
    if familiarity is not None and len(asked):
        found = _doubts(asked, model, familiarity)
        columns["doubt"] = pc.replace_with_mask(columns["doubt"], pa.array(readable), found)
    if learned is not None and len(asked):
        met = learned.splits_of(asked["text"].combine_chunks().cast(pa.string()))
        columns["learned_from"] = pc.replace_with_mask(columns["learned_from"], pa.array(readable), met)
    return pa.table([columns[name] for name in SCORED.names], schema=SCORED)


def _doubts(asked: pa.Table, model: Any, familiarity: Familiarity) -> pa.StringArray:
    texts = asked["text"].combine_chunks().cast(pa.string())
    return familiarity.doubts(texts, model.unwrap_python_model().classifier.tokenize(texts))


def _spread(answers: Any, readable: np.ndarray, kind: pa.DataType) -> pa.Array:
    """The answers at the places of the rows that were asked about, null elsewhere."""
    values = np.zeros(len(readable), kind.to_pandas_dtype())
    values[readable] = answers
    return pa.array(values, kind, mask=~readable)
