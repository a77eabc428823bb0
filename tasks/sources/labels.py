"""Texts with other people's labels, of whatever tasks: every column that sorts texts into a few classes is a task.

Two layouts are known: tables (CSV, JSON, Parquet) of one text column and label columns beside it, as CrisisLex has
them, and pairs of files `x_text.txt` and `x_labels.txt`, one line for each text, as TweetEval has them.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from models.wording import counted
from tasks.sources.columns import ColumnMap
from tasks.sources.encodings import detect_encoding, open_text
from tasks.sources.errors import SourceError
from tasks.sources.events import EVENT, event_column, events_of
from tasks.sources.formats import table_format
from tasks.sources.limits import DEFAULT_LIMITS, SourceLimits
from tasks.sources.members import Member
from tasks.sources.tables import ReadingNotes, open_sources, read_table
from tasks.sources.tweets import cells_of, find_columns

TEXTS, LABELS = "_text.txt", "_labels.txt"
FEWEST_CLASSES, MOST_CLASSES = 2, 50
FEWEST_TEXTS = 10  # of a class, on average: a column of ids or places has classes of one
FEWEST_OF_CLASS = 5  # a stray header, a slip: its rows carry no label


class LabelledTexts(NamedTuple):
    """Texts of one table or folder (null where there is none), and the label of each in every task (null likewise).

    `events` names the event of each text, null where none is told.
    """

    name: str
    texts: pa.ChunkedArray
    labels: dict[str, pa.ChunkedArray]
    events: pa.ChunkedArray


def read_labelled_texts(
    location: str | Path,
    limits: SourceLimits = DEFAULT_LIMITS,
    events: str | None = None,
    text_column: str | None = None,
) -> list[LabelledTexts]:
    """Everything at this place that carries labels, files of one layout in one piece, in the order of the files.

    Tasks are named by folder and column, `CrisisLexT26/Informativeness`, or by the folder of a pair of files. `events`
    says where the event of a text stands, see `tasks.sources.events`; the column of the text is found where none is
    named.
    Raises SourceError for what cannot be read, and when nothing there carries labels.
    """
    pieces: dict[tuple[str, ...], list[tuple[str, pa.Table]]] = {}
    for member in open_sources(location, tables_only=False, notes=ReadingNotes(), limits=limits):
        if member.name.endswith((TEXTS, LABELS)):
            line_files = pieces.setdefault(("lines", os.path.dirname(member.name)), [])
            lines = list(_lines(member))
            named = {EVENT: event_column(events, member.name, len(lines))} if events else {}
            line_files.append((member.name, pa.table({"line": lines, **named})))
        elif not member.name.endswith(".txt") and (table := _table(member, limits, events, text_column)) is not None:
            pieces.setdefault(("table", *table.column_names), []).append((member.name, table))
    found = [_paired(files) if kind == "lines" else _of_table(files) for (kind, *_), files in pieces.items()]
    labelled = [each for each in found if each.labels]
    if not labelled:
        raise SourceError(
            f"nothing at {location} carries labels: give tables with a text column and a column of "
            f"{FEWEST_CLASSES} to {MOST_CLASSES} classes, or pairs of files x{TEXTS} and x{LABELS}"
        )
    return labelled


def _lines(member: Member) -> Iterator[str]:
    """Lines ended by a line feed alone: tweets hold every other mark that Python would break a line at."""
    with open_text(member, detect_encoding(member)) as stream:
        text = stream.read()
    yield from text.encode("utf-8", "replace").decode("utf-8").removesuffix("\n").split("\n")


def _paired(files: Sequence[tuple[str, pa.Table]]) -> LabelledTexts:
    by_name = dict(files)
    texts, labels, events = [], [], []
    for name, table in files:
        if not name.endswith(TEXTS):
            continue
        other = by_name.get(name.removesuffix(TEXTS) + LABELS)
        if other is None:
            continue
        if len(other) != len(table):
            raise SourceError(
                f"{name} has {counted(len(table), 'line')} and its labels {len(other):,}: one label a line is needed"
            )
        texts.append(table["line"])
        events.append(_events(table))
        labels.append(pc.utf8_trim_whitespace(other["line"]))
    task = os.path.dirname(files[0][0]) or "labels"
    of_texts, of_task, of_events = (
        pa.chunked_array([chunk for each in column for chunk in each.chunks], pa.string())
        for column in (texts, labels, events)
    )
    return LabelledTexts(task, of_texts, _tasks({task: of_task}), of_events)


def _table(member: Member, limits: SourceLimits, events: str | None, text_column: str | None) -> pa.Table | None:
    """The text as column `text`, every other column under its own name, all of them strings; None without any text.

    The event of each text, where it is asked for, stands in the column EVENT.
    Descriptions of the data lie beside it, and are tables too.
    """
    batches, found = [], None
    for batch in read_table(member, table_format(member), None, ReadingNotes(), limits):
        found = found or find_columns(ColumnMap(text=text_column), batch, member, ())
        if "text" not in found:
            return None
        names = [field.name for field in batch.schema.field("record").type if field.name != found["text"]]
        columns = {"text": cells_of(batch, found["text"]), **{name: cells_of(batch, name) for name in names}}
        if events:
            columns[EVENT] = events_of(batch, member.name, events)
        batches.append(pa.table(columns))
    return pa.concat_tables(batches)


def _of_table(files: Sequence[tuple[str, pa.Table]]) -> LabelledTexts:
    folder = os.path.commonpath([os.path.dirname(name) or "." for name, _ in files])
    prefix = "" if folder in ("", ".") else f"{folder}/"
    table = pa.concat_tables([table for _, table in files])
    names = [name for name in table.column_names if name not in ("text", EVENT)]
    columns = {f"{prefix}{name}": pc.utf8_trim_whitespace(table[name]) for name in names}
    return LabelledTexts(folder, table["text"], _tasks(columns), _events(table))


def _events(table: pa.Table) -> pa.ChunkedArray:
    """The event of each row; null where it was not asked for."""
    if EVENT in table.column_names:
        return table[EVENT]
    return pa.chunked_array([pa.nulls(len(table), pa.string())])


def _tasks(columns: dict[str, pa.ChunkedArray]) -> dict[str, pa.ChunkedArray]:
    """The columns that sort texts into classes, those of a handful of texts taken for no label."""
    tasks = {}
    for name, column in columns.items():
        counts = Counter(column.drop_null().to_pylist())
        if sum(counts.values()) < FEWEST_TEXTS * len(counts):
            continue
        classes = [label for label, count in counts.items() if count >= FEWEST_OF_CLASS and label]
        if FEWEST_CLASSES <= len(classes) <= MOST_CLASSES:
            known = pc.is_in(column, pa.array(classes, pa.string()))
            tasks[re.sub(r"\s+", " ", name)] = pc.if_else(known, column, pa.scalar(None, pa.string()))
    return tasks
