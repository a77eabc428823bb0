"""Large delimited tables in pieces for several processes: where each begins, and what is known of the table there.

Places are found by going over the text as the reader does, block by block, without parsing it. What the parser makes of
a block may move the next one, or change the dialect. So a piece says where it really ended, and as what: only the piece
that begins there follows it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TextIO

import pyarrow as pa

from tasks.sources.delimited import PIECE_BLOCKS, Table, TableState, batches_of
from tasks.sources.encodings import open_text
from tasks.sources.errors import SourceError
from tasks.sources.formats import table_format
from tasks.sources.lines import BLOCK_CHARACTERS, Lines
from tasks.sources.members import Member
from tasks.sources.options import ReadingOptions
from tasks.sources.tables import SourceFile, text_file

# Codecs of several bytes a character in whose midst a stream is known to go on; those of one byte do, too.
WIDE = frozenset({"utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})
ALL_BYTES = bytes(range(256))
STATEFUL = ("iso2022", "hz", "utf-7")  # each byte is a character, until some of them say otherwise


@dataclass(frozen=True)
class PieceEnd:
    """How the reading of a piece ended: `state` is that of the table there, None where the table ended, too.

    `faults` are rows that contradict the quoting decided, `read_again` the characters read more than once.
    """

    state: TableState | None
    decided_again: bool
    faults: int
    read_again: int

    def leads_to(self, guess: TableState | None) -> bool:
        """Whether the piece that begins so follows; None stands for no piece."""
        if self.state is None or guess is None:
            return self.state is guess
        same = (self.state.place, self.state.header_left) == (guess.place, guess.header_left)
        return same and not self.decided_again


@dataclass
class Piece:
    """A table from a place on, where it is `state`, None at its beginning. `end` is known once all rows were read."""

    file: SourceFile
    state: TableState | None
    options: ReadingOptions
    end: PieceEnd | None = field(default=None, init=False)
    began: TableState | None = field(default=None, init=False)

    def read(self, member: Member) -> Iterator[pa.RecordBatch]:
        """The rows of the piece, in the batches that a reader of the whole table makes of them."""
        with open_text(member, self.file.encoding) as stream:
            table = _table(stream, member.name, self)
            self.began = table.state
            yield from batches_of(table, one_piece=True)
            state = table.end_of_piece() if table.piece_ended else None
            again = table.state.kinds is not self.began.kinds
            self.end = PieceEnd(state, again, table.faults, table.read_again)


def cut_file(member: Member, encoding: str | None) -> SourceFile | None:
    """The notes of a file that is read in pieces; None of one that stays whole.

    Whole stay small files, what is packed, what is no delimited text, and text of an encoding in which no process can
    begin in the middle.
    """
    if member.path is None or member.path.stat().st_size <= PIECE_BLOCKS * BLOCK_CHARACTERS:
        return None
    try:
        kind = table_format(member)
        noted = text_file(member, kind, encoding) if kind == "delimited" else None
    except SourceError:  # whoever reads it says what is wrong
        return None
    return noted if noted and can_begin_anywhere(noted.encoding) else None


def can_begin_anywhere(encoding: str) -> bool:
    """Whether a stream of this encoding can go on at a place that was noted before.

    >>> can_begin_anywhere("cp1252"), can_begin_anywhere("utf-8"), can_begin_anywhere("cp932")
    (True, True, False)
    """
    if encoding in WIDE or encoding.startswith(STATEFUL):
        return encoding in WIDE
    return len(ALL_BYTES.decode(encoding, "surrogateescape")) == len(ALL_BYTES)


def guess_states(member: Member, piece: Piece) -> Iterator[TableState | None]:
    """The state of a table where each piece begins, from this piece on, if no row moves one.

    Raises SourceError where the table cannot be read at all.
    """
    yield piece.state
    with open_text(member, piece.file.encoding) as stream:
        table = _table(stream, member.name, piece)
        while table.skip_piece():
            yield table.end_of_piece().below_header()


def _table(stream: TextIO, name: str, piece: Piece) -> Table:
    lines = Lines(stream, name)
    if piece.state is None:
        return Table.begin(lines, name, piece.options, piece.file.encoding)
    stream.seek(piece.state.place)
    return Table(lines, name, piece.file.encoding, piece.state)
