"""Batches of rows as a file holds them: every column of the original kept, and what is wrong with a row beside it.

Schema of a batch: `record` struct of the file's own columns (null where a row did not fit them), `malformed` and
`undecodable` string (why the row cannot be used, else null), `original` string (the row as JSON, where the struct does
not hold it whole, else null).
"""

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from models.wording import counted
from tasks.sources.encodings import is_undecodable
from tasks.sources.errors import SourceError

# A row that no table took: where it stood, as it was, and why.
QUARANTINE = pa.schema(
    [
        ("source", pa.string()),
        ("source_row", pa.int64()),
        ("record", pa.string()),
        ("rule", pa.string()),
        ("reason", pa.string()),
    ]
)
BATCH_ROWS = 100_000
MOST_COLUMNS = 2_000
BATCH_CHARACTERS = 32 << 20  # so that long rows do not make a batch of gigabytes


class BatchBuilder:
    """Gathers rows of strings until they fill a batch."""

    def __init__(self, names: Sequence[str], encoding: str) -> None:
        self.names = tuple(names)
        self._encoding = encoding
        self._pieces: list[pa.RecordBatch] = []
        self._count = self._characters = 0
        self.taken = 0
        self._clear()

    def _clear(self) -> None:
        self._rows: list[Sequence[str | None]] = []
        self._malformed: dict[int, str] = {}
        self._undecodable: dict[int, str] = {}
        self._original: dict[int, str] = {}

    def add(self, row: Sequence[str | None], characters: int, original: str | None = None) -> None:
        """Add a sound row, one string or None for each name; `original` is its JSON if that holds more."""
        if original is not None:
            self._original[len(self._rows)] = original
        self._rows.append(row)
        self._count += 1
        self._characters += characters

    def extend(self, rows: Sequence[Sequence[str | None]], characters: int) -> None:
        """Add many sound rows, `characters` long together; as columns at once, for a million lists slow Python down."""
        self._flush()
        self._rows.extend(rows)
        self._count += len(rows)
        self._characters += characters
        self._flush()

    def add_malformed(self, pieces: Any, reason: str, characters: int) -> None:
        """Add a row that did not fit the columns: what was read of it, and what is wrong."""
        self._malformed[len(self._rows)] = reason
        self.add((None,) * len(self.names), characters, to_json(pieces))

    @property
    def full(self) -> bool:
        """Whether it is time to `take` the batch."""
        return self._count >= BATCH_ROWS or self._characters >= BATCH_CHARACTERS

    @property
    def pending(self) -> bool:
        """Whether there are rows to `take`."""
        return self._count > 0

    def take(self) -> pa.RecordBatch:
        """The batch gathered so far; the next one starts empty."""
        self._flush(even_if_empty=not self._pieces)
        batch = pa.concat_batches(self._pieces)
        self._pieces = []
        self._count = self._characters = 0
        self.taken += 1
        return batch

    def _flush(self, even_if_empty: bool = False) -> None:
        """Turn the rows into a piece of the batch."""
        if not self._rows and not even_if_empty:
            return
        columns = self._columns()
        broken = pa.array([number in self._malformed for number in range(len(self._rows))], pa.bool_())
        piece = assemble(
            pa.StructArray.from_arrays(columns, list(self.names), mask=broken),
            *(self._sparse(cells) for cells in (self._malformed, self._undecodable, self._original)),
        )
        self._pieces.append(piece)
        self._clear()

    def _columns(self) -> list[pa.Array]:
        if not self._rows:
            return [pa.array([], pa.string()) for _ in self.names]
        try:
            return [pa.array(column, pa.string()) for column in zip(*self._rows, strict=True)]
        except UnicodeEncodeError:
            self._set_undecodable_aside()
            return [pa.array(column, pa.string()) for column in zip(*self._rows, strict=True)]

    def _set_undecodable_aside(self) -> None:
        for number, row in enumerate(self._rows):
            faulty = [name for name, text in zip(self.names, row, strict=True) if text and is_undecodable(text)]
            if faulty:
                self._undecodable[number] = (
                    f"{', '.join(faulty)}: bytes that are not {self._encoding}; "
                    "if the whole file is in another encoding, declare it"
                )
                self._original.setdefault(number, to_json(dict(zip(self.names, row, strict=True))))
                self._rows[number] = (None,) * len(self.names)

    def _sparse(self, cells: dict[int, str]) -> pa.Array:
        if not cells:
            return pa.nulls(len(self._rows), pa.string())
        return pa.array([cells.get(number) for number in range(len(self._rows))], pa.string())


def assemble(record: pa.StructArray, malformed: pa.Array, undecodable: pa.Array, original: pa.Array) -> pa.RecordBatch:
    """A batch of its four columns."""
    return pa.RecordBatch.from_arrays(
        [record, malformed, undecodable, original], ["record", "malformed", "undecodable", "original"]
    )


def records_json(batch: pa.RecordBatch) -> list[str]:
    """The original of every row of a batch, whole, as JSON."""
    originals = batch["original"].to_pylist()
    rows = batch["record"].to_pylist()
    return [to_json(row) if original is None else original for original, row in zip(originals, rows, strict=True)]


def to_json(value: Any) -> str:
    """JSON that can always be stored: half characters, which stand for bytes that did not decode, are escaped."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return json.dumps(value, default=str) if is_undecodable(text) else text


def unique_names(names: Sequence[str]) -> list[str]:
    """Column names without blanks around them; an empty one is named by its place, a second of a name gets a number.

    >>> unique_names(["tweet id", " tweet", "", "tweet"])
    ['tweet id', 'tweet', 'column_3', 'tweet_2']

    Raises SourceError for more columns than any table of tweets or documents has: rows times columns fill a memory.
    """
    if len(names) > MOST_COLUMNS:
        raise SourceError(f"{counted(len(names), 'column')}, {MOST_COLUMNS:,} are the limit: is this a table of texts?")
    taken: dict[str, int] = {}
    unique = []
    for place, given in enumerate(names, start=1):
        name = given.strip().lstrip("\ufeff") or f"column_{place}"
        taken[name] = taken.get(name, 0) + 1
        unique.append(name if taken[name] == 1 else f"{name}_{taken[name]}")
    return unique
