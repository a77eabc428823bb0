"""A file scored as `crisisflow score` scores it, held in memory, and looked at in parts: sorted, filtered, as CSV."""

import io
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from pydantic import BaseModel, Field

from models.wording import counted
from tasks.scoring import AnswerColumns, TrainedColumns
from tasks.scoring.predicting import score_chunk
from tasks.scoring.rows import Reader
from tasks.service.served_model import ServedModel
from tasks.sources.columns import ColumnMap
from tasks.sources.csv_injection import escape_formulas
from tasks.sources.errors import SourceError
from tasks.sources.limits import SourceLimits
from tasks.sources.tweets import read_tweets

SHOWN = ("id", "text", "probability", "label", "doubt", "reason")
MOST_ROWS = 1_000
UNPACKED = 4  # times the largest file


class View(BaseModel):
    """Which rows to show: those whose text contains this and which are called so, in this order, from a place on."""

    start: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    count: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 100
    sort: Literal["row", "id", "text", "probability", "label", "doubt", "reason"] = "row"
    descending: bool = False
    contains: Annotated[str, Field(max_length=1_000)] = ""
    called: Annotated[str, Field(max_length=100, pattern=r"^(|0|1|doubt|unread|=.+)$")] = ""  # = before a class


def source_limits(file_bytes: int) -> SourceLimits:
    """How far an uploaded file may unpack."""
    return SourceLimits(unpacked_bytes=UNPACKED * file_bytes, archive_members=1_000)


def score_file(
    path: Path, columns: ColumnMap, model: ServedModel, most: tuple[int, int], report: Callable[[int], None]
) -> tuple[pa.Table, list[str]]:
    """The rows of the file with what the model says of each, and what was doubtful of its columns.

    `most` are bytes of a file and rows; `report` is told how many rows are done, and may raise to end the work.
    Raises SourceError for what cannot be read, and for more rows.
    """
    file_bytes, file_rows = most
    trained = TrainedColumns.of(columns, model.columns)
    limits = source_limits(file_bytes)
    reader = Reader(read_tweets(path, trained, labelled=False, limits=limits))
    parts, answering = [], AnswerColumns(model.classes, model.kinds)
    for chunk in reader.chunks():
        if reader.rows > file_rows:
            raise SourceError(
                f"{path.name} has more than {counted(file_rows, 'row')}: score it with "
                f"`crisisflow score {path.name} --out scored.csv`"
            )
        answers = score_chunk(chunk, model.logged, model.familiarity, None, answering)
        names = [*SHOWN, *(name for name, _ in answering.more)]
        parts.append(pa.table([answers[n] if n in answers.column_names else chunk[n] for n in names], names=names))
        report(sum(map(len, parts)))
    if not parts:
        raise SourceError(f"{path.name} holds no rows")
    doubts = trained.report()["doubts"] if isinstance(trained, TrainedColumns) else []
    return pa.concat_tables(parts, promote_options="permissive").combine_chunks(), list(doubts)  # type: ignore[call-overload]


def count_rows(table: pa.Table, classes: Sequence[str] = ()) -> dict[str, Any]:
    """How many rows there are, are called disasters, are in doubt, and could not be scored.

    Of several classes, how many are called each.
    """
    called = Counter(table["label"].drop_null().to_pylist())
    return {
        "rows": len(table),
        **({"classes": {name: called[name] for name in classes}} if classes else {"positives": called[1]}),
        "in_doubt": len(table) - table["doubt"].null_count,
        "not_scored": len(table) - table["reason"].null_count,
    }


def select_rows(table: pa.Table, view: View) -> dict[str, Any]:
    """The rows of the view as JSON has them, where they start, and how many match in all."""
    places = np.flatnonzero(_matching(table, view).to_numpy(zero_copy_only=False))
    if view.sort != "row":
        order = "descending" if view.descending else "ascending"
        found = table.select([view.sort]).take(pa.array(places))
        places = places[pc.sort_indices(found, sort_keys=[(view.sort, order)]).to_numpy()]
    elif view.descending:
        places = places[::-1]
    shown = table.take(pa.array(places[view.start : view.start + view.count]))
    kinds = shown.select(kinds_in(table)).to_pylist()
    rows = [row | {"kinds": of_row} for row, of_row in zip(shown.select(SHOWN).to_pylist(), kinds, strict=True)]
    return {"rows": rows, "start": view.start, "matching": len(places)}


def kinds_in(table: pa.Table) -> list[str]:
    """The kinds of information that the rows of a scored file tell: columns with that of their probability."""
    names = table.column_names
    return [name for name in names if name not in SHOWN and f"{name}_probability" in names]


def _matching(table: pa.Table, view: View) -> pa.BooleanArray:
    mask = pa.array(np.ones(len(table), bool))
    if view.contains:
        found = pc.match_substring(table["text"].cast(pa.string()), view.contains, ignore_case=True)
        mask = pc.and_(mask, pc.fill_null(found, False))
    if view.called in ("0", "1"):
        mask = pc.and_(mask, pc.fill_null(pc.equal(table["label"].cast(pa.string()), view.called), False))
    elif view.called.startswith("="):
        mask = pc.and_(mask, pc.fill_null(pc.equal(table["label"].cast(pa.string()), view.called[1:]), False))
    elif view.called:
        mask = pc.and_(mask, pc.is_valid(table["doubt" if view.called == "doubt" else "reason"]))
    return mask.combine_chunks() if isinstance(mask, pa.ChunkedArray) else mask


def as_csv(table: pa.Table, model: str, version: str) -> bytes:
    """All rows in the order of the file, with the text, under the column names of `crisisflow score`."""
    names = ["id", "text", "probability", "label", "model", "version", "doubt", "reason"]
    names += [name for name in table.column_names if name not in names]  # of classes and kinds
    whose = {"model": pa.repeat(model, len(table)), "version": pa.repeat(version, len(table))}
    columns = [whose[name] if name in whose else table[name] for name in names]
    written = io.BytesIO()
    pyarrow.csv.write_csv(escape_formulas(pa.table(columns, names=names)), written)
    return written.getvalue()
