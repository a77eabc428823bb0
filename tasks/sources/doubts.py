"""What is doubtful about a reading, in sentences, each with the flags that would change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from models.wording import counted
from tasks.sources.columns import DATA_LIKE, ColumnMap, label_doubt

if TYPE_CHECKING:
    from tasks.sources.row_counts import RowCounts
    from tasks.sources.tables import ReadingNotes

SHOWN_CHARACTERS = 60
LIKELY_SHARE = 0.9  # of clean text: below it an encoding is worth a second look
FEW_CELLS = 2


class Doubt(NamedTuple):
    """One doubt and the flags that would change the reading."""

    doubt: str
    flags: tuple[str, ...] = ()

    def report(self) -> dict[str, Any]:
        """The doubt as plain values."""
        return {"doubt": self.doubt, "flags": list(self.flags)}


def find_doubts(counts: RowCounts, notes: ReadingNotes, columns: ColumnMap) -> list[Doubt]:
    """All doubts of this reading, in words."""
    rules: tuple[Callable[[RowCounts, ReadingNotes, ColumnMap], Iterator[Doubt]], ...] = (
        _encodings,
        _header,
        _faults,
        _texts,
        _labels,
        _platforms,
    )
    return [doubt for rule in rules for doubt in rule(counts, notes, columns)]


def _encodings(counts: RowCounts, notes: ReadingNotes, columns: ColumnMap) -> Iterator[Doubt]:
    for file in notes.files:
        if file.encoding_known_by == "guessed":
            confidence = f"{file.encoding_confidence or 0:.0%} clean in it"
            yield Doubt(f"the encoding of {file.name} is a guess: {file.encoding}, {confidence}", ("--encoding",))


def _header(counts: RowCounts, notes: ReadingNotes, columns: ColumnMap) -> Iterator[Doubt]:
    strange = next((name for name in notes.names if DATA_LIKE.match(name)), None)
    if delimited(notes) and columns.header and strange is not None and not all(name.isdigit() for name in notes.names):
        yield Doubt(f"the first line may be a row: a column is called {strange[:SHOWN_CHARACTERS]!r}", ("--no-header",))
    for meaning, name in notes.columns.items():
        if (second := f"{name}_2") in notes.names:
            yield Doubt(f"the {meaning} is read from column {name}, not from {second}", (f"--{meaning}-column",))


def delimited(notes: ReadingNotes) -> bool:
    """Whether any file is a delimited table."""
    return any(file.format == "delimited" for file in notes.files)


def _faults(counts: RowCounts, notes: ReadingNotes, columns: ColumnMap) -> Iterator[Doubt]:
    if counts.malformed:
        yield Doubt(
            f"{_rows(counts.malformed)} not fit the columns (the first: {counts.fault})",
            ("--delimiter", "--quoting", "--escape") if delimited(notes) else (),
        )
    if counts.undecodable:
        yield Doubt(f"{_rows(counts.undecodable)} not decode", ("--encoding",))


def _texts(counts: RowCounts, notes: ReadingNotes, columns: ColumnMap) -> Iterator[Doubt]:
    if counts.no_text:
        yield Doubt(f"{_rows(counts.no_text)} not hold any text", ("--text-column",))


def _labels(counts: RowCounts, notes: ReadingNotes, columns: ColumnMap) -> Iterator[Doubt]:
    flags = ("--label-class",) if columns.classes else ("--positive-label", "--negative-label", "--label-class")
    if "label" not in notes.columns:
        return
    if words := label_doubt(counts.labels, columns):
        yield Doubt(f"ingest refuses {words}", flags)
        return
    known = columns.labels()
    unknown = {word: rows for word, rows in counts.labels.items() if word not in known}
    if unknown:
        words = ", ".join(repr(word[:SHOWN_CHARACTERS]) for word in list(unknown)[:5])
        yield Doubt(f"{_rows(sum(unknown.values()))} not carry a label that is known ({words}, ...)", flags)
    if len({known[word] for word in counts.labels if word in known}) < FEW_CELLS and counts.rows:
        yield Doubt("all labels that are known mean the same", ("--label-column", *flags))


def _platforms(counts: RowCounts, notes: ReadingNotes, columns: ColumnMap) -> Iterator[Doubt]:
    shapes = notes.shapes
    if shapes.truncated:
        yield Doubt(f"cut by the platform: {counted(shapes.truncated, 'text')}; the full text is not in the file")
    for what, number in shapes.no_texts.items():
        yield Doubt(f"{what}, {counted(number, 'time')}: no text, passed over")
    for name, what in shapes.left_out.items():
        yield Doubt(f"the field {name} is left out: it holds {what}, no cell of text")


def _rows(number: int) -> str:
    """A subject whose verb follows with `not`."""
    return f"{counted(number, 'row')} {'does' if number == 1 else 'do'}"
