"""A source of tweets in parts that several processes read: small files together, large ones alone, tables in pieces."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from tasks.sources.columns import ColumnMap
from tasks.sources.delimited import TableState
from tasks.sources.limits import DEFAULT_LIMITS
from tasks.sources.members import Member
from tasks.sources.pieces import Piece, PieceEnd, cut_file, guess_states
from tasks.sources.snapshots import snapshot_files
from tasks.sources.tables import ReadingNotes, SourceFile, open_sources, with_dialect
from tasks.sources.tweets import read_tweets, required_columns, tweets_of

PART_BYTES = 8 << 20  # of small files that are read together


@dataclass(frozen=True)
class Part:
    """What one process reads: whole files, or of a table that is cut, as `file` tells, a piece from a state on."""

    names: tuple[str, ...]
    file: SourceFile | None = None
    state: TableState | None = None


@dataclass
class PartReading:
    """One part of a source of tweets being read; `notes` and `end` are known once all rows were read."""

    location: Path
    part: Part
    columns: ColumnMap
    encoding: str | None
    labelled: bool | None
    notes: ReadingNotes = field(default_factory=lambda: ReadingNotes(aloud=False))
    end: PieceEnd | None = None  # of a piece

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows as `read_tweets` gives them; those of a piece are numbered from 1, the first of the piece.

        Raises what `read_tweets` raises.
        """
        if self.part.file is None:
            yield from read_tweets(
                self.location, self.columns, self.encoding, self.labelled, self.notes, only=self.part.names
            )
            return
        piece = Piece(self.part.file, self.part.state, self.columns)
        member = _member(self.location, self.part.names[0])
        required = required_columns(self.columns, self.labelled)
        yield from tweets_of(member, piece.read(member), self.columns, required, self.notes)
        self.end = piece.end
        if self.part.state is None and piece.began is not None:
            self.notes.files.append(with_dialect(self.part.file, piece.began.dialect))
            self.notes.dialects[member.name] = piece.began.dialect


def plan_parts(location: Path, encoding: str | None) -> list[Part]:
    """The parts of a source in their order; one for each table that is cut, from its beginning on."""
    parts: list[Part] = []
    together: list[str] = []
    size = 0
    for name, path in snapshot_files(location).items():
        file, more = _cut(location, name, path, encoding), path.stat().st_size
        if together and (file is not None or size + more > PART_BYTES):
            parts.append(Part(tuple(together)))
            together, size = [], 0
        if file is not None:
            parts.append(Part((name,), file))
        else:
            together, size = [*together, name], size + more
    return [*parts, Part(tuple(together))] if together else parts


def pieces_of(location: Path, part: Part, columns: ColumnMap) -> Iterator[Part]:
    """The pieces of a table that is cut, from this one on, as far as no row moves one; of whole files the part itself.

    Raises SourceError where the table cannot be read at all.
    """
    if part.file is None:
        yield part
        return
    piece = Piece(part.file, part.state, columns)
    for state in guess_states(_member(location, part.names[0]), piece):
        yield replace(part, state=state)


def _cut(location: Path, name: str, path: Path, encoding: str | None) -> SourceFile | None:
    if path.stat().st_size <= PART_BYTES:
        return None
    members = list(open_sources(location, True, ReadingNotes(aloud=False), DEFAULT_LIMITS, only=(name,)))
    return cut_file(members[0], encoding) if len(members) == 1 else None


def _member(location: Path, name: str) -> Member:
    """A plain file of the source."""
    (member,) = open_sources(location, True, ReadingNotes(aloud=False), DEFAULT_LIMITS, only=(name,))
    return member
