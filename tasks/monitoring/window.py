"""Which rows of a source are compared: different tweets, at most so many.

Copies of a tweet are not independent evidence. Groups are named by digests, so the rows with the smallest names are a
random sample of the distinct tweets, found in one pass and the same one every time.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from models.splitting.splits import raw_groups

MOST_ROWS = 10_000  # the reference has some thousand: more rows here would hardly sharpen the comparison
SCHEMA = pa.schema([("group", pa.string()), ("text", pa.string()), ("keyword", pa.string()), ("learned", pa.bool_())])


@dataclass(frozen=True)
class Window:
    """The rows to compare (text, keyword, learned), and how many were read, could not be, and were learned from."""

    rows: pa.Table
    read: int
    without_text: int
    learned: int


def draw_window(chunks: Iterable[pa.Table], learned: pa.StringArray, most: int = MOST_ROWS) -> Window:
    """The window of `tasks.scoring.rows` chunks, given the groups that the model has learned from."""
    kept = SCHEMA.empty_table()
    read = without_text = known = 0
    for chunk in chunks:
        readable = chunk.filter(pc.is_null(chunk["reason"]))
        groups = raw_groups(readable["text"])
        seen = pc.is_in(groups, learned)
        read, without_text = read + len(chunk), without_text + len(chunk) - len(readable)
        known += pc.sum(seen, min_count=0).as_py()
        new = pa.table([groups, readable["text"], readable["keyword"].cast(pa.string()), seen], schema=SCHEMA)
        if len(kept) == most:
            new = new.filter(pc.less(new["group"], kept["group"][-1]))
        kept = first_of_groups(pa.concat_tables([kept, new])).slice(0, most).combine_chunks()
    return Window(kept.select(["text", "keyword", "learned"]), read, without_text, known)


def first_of_groups(rows: pa.Table) -> pa.Table:
    """The first row of each group, by the names of the groups: copies of a tweet are not independent evidence."""
    numbered = rows.append_column("number", pa.array(range(len(rows)), pa.int64()))
    first = numbered.group_by("group", use_threads=False).aggregate([("number", "min")]).sort_by("group")
    return rows.take(first["number_min"])
