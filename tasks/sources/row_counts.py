"""What the rows of a source are like, counted while they are read."""

from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from models.text import repair_texts
from tasks.sources.columns import fold_labels

FIRST_ROWS = 5
SHOWN_CHARACTERS, SHOWN_ID = 200, 40
SHOWN = ("id", "text", "keyword", "location", "label")
TWEET_ID_DIGITS = range(15, 20)  # since 2010
WHOLE_NUMBER = r"^-?\d+$"


class RowCounts:
    """What the rows of `tasks.sources.read_tweets` or `read_documents` are like, batch by batch."""

    def __init__(self) -> None:
        self.rows = self.malformed = self.undecodable = self.no_text = 0
        self.labels: Counter[str] = Counter()  # as `fold_word` folds them
        self.first_rows: list[dict[str, Any]] = []
        self.fault: str | None = None  # of the first row that does not fit the columns
        self.id_form: str | None = None

    def add(self, batch: pa.RecordBatch) -> None:
        """Count a batch."""
        self.rows += batch.num_rows
        faulty = pc.or_(pc.is_valid(batch["malformed"]), pc.is_valid(batch["undecodable"]))
        self.malformed += batch.num_rows - batch["malformed"].null_count
        self.undecodable += batch.num_rows - batch["undecodable"].null_count
        self.no_text += pc.sum(pc.and_(pc.is_null(batch["text"]), pc.invert(faulty)), min_count=0).as_py()
        if self.fault is None:
            self.fault = next(iter(batch["malformed"].drop_null().slice(0, 1).to_pylist()), None)
        if "label" in batch.schema.names:
            for each in pc.value_counts(fold_labels(batch["label"]).drop_null()).to_pylist():
                self.labels[each["values"]] += each["counts"]
        if self.id_form is None and "id" in batch.schema.names and batch.num_rows:
            self.id_form = id_form(batch["id"])
        self._keep_first(batch)

    def include(self, later: "RowCounts", rows_before: int = 0) -> None:
        """Add the counts of rows that come after these; so many rows of their file come before them."""
        for name in ("rows", "malformed", "undecodable", "no_text"):
            setattr(self, name, getattr(self, name) + getattr(later, name))
        self.labels.update(later.labels)
        self.fault = self.fault if self.fault is not None else later.fault
        self.id_form = self.id_form if self.id_form is not None else later.id_form
        wanted = FIRST_ROWS - len(self.first_rows)
        self.first_rows += [row | {"source_row": row["source_row"] + rows_before} for row in later.first_rows[:wanted]]

    def _keep_first(self, batch: pa.RecordBatch) -> None:
        wanted = FIRST_ROWS - len(self.first_rows)
        if not wanted or not batch.num_rows:
            return
        first = batch.slice(0, wanted)
        names = [name for name in ("source", "source_row", *SHOWN, "title", "malformed") if name in batch.schema.names]
        texts = repair_texts(first["text"])[0].to_pylist()
        for row, text in zip(first.select(names).to_pylist(), texts, strict=True):
            row["text"] = text[:SHOWN_CHARACTERS] + "…" * (len(text) > SHOWN_CHARACTERS) if row["text"] else None
            self.first_rows.append(row)


def id_form(ids: pa.Array) -> str:
    """What ids look like, in words.

    >>> id_form(pa.array(["1200000000000000000", "1200000007919023757"])), id_form(pa.array(["a.csv:1"]))
    ('tweet ids: whole numbers of 19 digits', "texts such as 'a.csv:1'")
    """
    given = ids.drop_null()
    if not len(given):
        return "none given"
    others = given.filter(pc.invert(pc.match_substring_regex(given, WHOLE_NUMBER)))
    if len(others):
        return f"texts such as {others[0].as_py()[:SHOWN_ID]!r}"
    lengths = pc.min_max(pc.utf8_length(given)).as_py()
    digits = f"{lengths['min']} to {lengths['max']}" if lengths["min"] < lengths["max"] else str(lengths["max"])
    likely = lengths["min"] in TWEET_ID_DIGITS and lengths["max"] in TWEET_ID_DIGITS
    return f"{'tweet ids: ' if likely else ''}whole numbers of {digits} digit{'s' * (lengths['max'] > 1)}"
