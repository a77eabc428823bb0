"""How a source was understood, in a few values: what an ingest and a look at a source both show."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tasks.sources.columns import ColumnMap, read_classes
from tasks.sources.doubts import find_doubts
from tasks.sources.row_counts import RowCounts
from tasks.sources.tables import ReadingNotes

FIRST_ROWS = 5
MOST_LABELS = 20
SHOWN_CHARACTERS, SHOWN_ID = 200, 40
SHOWN = ("id", "text", "keyword", "location", "label")
TWEET_ID_DIGITS = range(15, 20)  # since 2010
WHOLE_NUMBER = r"^-?\d+$"


def summarise_tweets(counts: RowCounts, notes: ReadingNotes, columns: ColumnMap) -> dict[str, Any]:
    """How tweets were understood, as plain values: the keys of `inspect --json` that are about tweets alone."""
    summary = summarise_rows(counts, notes, columns)
    labels = _labels(counts.labels, columns) if "label" in notes.columns else []
    ids = counts.id_form if "id" in notes.columns else "none: rows are numbered, file:row"
    summary |= {"kind": "tweets", "id_form": ids, "labels": labels}
    return summary | {"doubts": [each.report() for each in find_doubts(counts, notes, columns)]}


def summarise_rows(counts: RowCounts, notes: ReadingNotes, columns: ColumnMap) -> dict[str, Any]:
    """How the rows of whatever tables or texts were understood, as plain values."""
    return {
        "files": [each._asdict() for each in notes.files],
        "passed_over": notes.passed_over,
        "header": columns.header,
        "columns": notes.columns,
        "columns_left": [name for name in notes.names if name not in notes.columns.values()],
        "rows": counts.rows,
        "malformed": counts.malformed,
        "undecodable": counts.undecodable,
        "without_text": counts.no_text,
        **notes.shapes.report(),
        "first_rows": counts.first_rows,
    }


def _labels(counts: Counter[str], columns: ColumnMap) -> list[dict[str, Any]]:
    """The commonest label words with their rows, and what they mean: 1, 0 or null, or the name of a class."""
    known: Mapping[str, int | str] = read_classes(columns.classes) or columns.labels()
    return [{"label": word, "rows": rows, "means": known.get(word)} for word, rows in counts.most_common(MOST_LABELS)]
