"""Lines that can be read again, so that a quote which never closes costs one line and not the rest of the file."""

import io
import re
from collections import deque
from collections.abc import Callable
from typing import TextIO

from tasks.sources.errors import SourceError

BLOCK_CHARACTERS = 1 << 20
ROW_CHARACTERS = 1 << 20  # no tweet, and few articles, are longer; beyond it a quote was not closed
REREAD_CHARACTERS = 64 << 20  # quotes made to open for ever would have every line read again to the end of the file
REREAD_RATIO = 4
LINE_ENDS = ("\n", "\r")
BARE_END = "\ufdd0"  # a noncharacter of Unicode: stands for a CR that is text in a file whose lines end in LF alone
FEWEST_MIXED = 3  # rows that end in CRLF below a header that ends in LF, before CR is not a character
SEPARATOR_LINE = re.compile(r'\s*"?sep=([^"\r\n])"?[ \t]*(?:\r\n|\n|\r|\Z)')  # the first line that Excel understands


class RunawayRowError(Exception):
    """A row is longer than the limit."""


class Lines:
    """Lines of a file; those of the row in progress are remembered, so that they can be read again."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream, self._name = stream, name
        self._again: deque[str] = deque()
        self._held: str | None = None
        self.row: list[str] = []
        self.characters = self.blocks = self.read_again = self._read = 0
        self.line_end = "any"
        self.quote = '"'
        self.translate: Callable[[str], str] | None = None  # of a block or line, before it is parsed
        self.separator: str | None = None

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._translated(self._read_line())
        if not line:
            raise StopIteration
        self.row.append(line)
        self.characters += len(line)
        if self.characters > ROW_CHARACTERS:
            raise RunawayRowError(f"longer than {ROW_CHARACTERS:,} characters: a quote that is not closed?")
        return line

    def _read_line(self) -> str:
        """The next line; of one without end, the beginning, marked by one character too many."""
        line = self._stream.readline(ROW_CHARACTERS)
        while line and len(line) < ROW_CHARACTERS and not self._ended(line):
            more = self._stream.readline(ROW_CHARACTERS - len(line))
            if not more:
                break
            line += more
        self._read += len(line)
        if len(line) < ROW_CHARACTERS or self._ended(line):
            return line
        while (rest := self._stream.readline(ROW_CHARACTERS)) and not self._ended(rest):
            pass
        return line + "\n"

    def _ended(self, text: str) -> bool:
        """Whether a text ends where a line does, not at the length asked for or at a character that is text here."""
        return text.endswith(LINE_ENDS if self.line_end == "any" else self.line_end)

    def _translated(self, text: str) -> str:
        if self.line_end != "any":
            text = text.replace("\r" if self.line_end == "\n" else "\n", BARE_END)
        return self.translate(text) if self.translate else text

    def look_ahead(self) -> tuple[str, bool]:
        """The first block and whether it is the whole file; it will be read again. Sets `line_end` and `separator`."""
        block = self._stream.read(BLOCK_CHARACTERS)
        complete = len(block) < BLOCK_CHARACTERS
        if found := SEPARATOR_LINE.match(block):
            self.separator, block = found[1], block[found.end() :]
        self.line_end = choose_line_end(block)
        self._held = self._completed(block)
        return self._held, complete

    @property
    def pending(self) -> bool:
        """Whether lines wait to be read again."""
        return bool(self._again)

    def read_block(self) -> str:
        """Whole lines, about a block of them, ending where every quote seems to be closed."""
        return self._translated(self.skip_block())

    def skip_block(self) -> str:
        """The same, as it stands in the file: enough for who looks for the places where blocks end."""
        self.blocks += 1
        if self._held is not None:
            block, self._held = self._held, None
            return block
        return self._completed(self._stream.read(BLOCK_CHARACTERS))

    @property
    def place(self) -> int:
        """Where the stream goes on, for its `seek`, once no line waits to be read again."""
        return self._stream.tell()

    def _completed(self, block: str) -> str:
        """The block with the rest of its last row."""
        self._read += len(block)
        start = len(block)
        while block and not (self._ended(block) and self._open_quotes(block) % 2 == 0):
            line = self._read_line()
            if not line or len(block) > start + ROW_CHARACTERS:
                return block + line
            block += line
        return block

    def _open_quotes(self, block: str) -> int:
        return block.count(self.quote) if self.quote else 0

    def push_back(self, block: str) -> None:
        """Let this block be read line by line."""
        self._again.extend(io.StringIO(block, newline=""))

    def start_row(self) -> None:
        """Forget the row before: it was understood."""
        self.row.clear()
        self.characters = 0

    def give_up_first(self) -> str:
        """The first line of the row in progress, alone; the lines after it will be read again.

        Raises SourceError once far more was read again than read.
        """
        first, *rest = self.row
        self.read_again += self.characters
        if self.read_again > max(REREAD_CHARACTERS, REREAD_RATIO * self._read):
            raise SourceError(
                f"{self._name}: too many quotes in it do not close; save it with every quote inside a field doubled, "
                "or say --quoting none if quotes are characters, --escape backslash if backslashes stand before them"
            )
        self._again.extendleft(reversed(rest))
        return first


def choose_line_end(text: str) -> str:
    """What ends a row: any line end, or LF alone (or CR) where the header ends so and the other one is a character.

    pandas leaves a bare CR without quotes where its lines end in LF, Python's csv a bare LF where they end in CR.
    """
    found = re.search(r"\r\n|\n|\r", text)
    if found is None or found[0] == "\r\n":
        return "any"
    both = text.count("\r\n")
    if found[0] == "\r":
        return "\r" if text.endswith("\r") or text.count("\n") < text.count("\r") else "any"
    mixed = text.endswith("\r\n") and both >= FEWEST_MIXED and both * 2 > text.count("\n") - both
    return "any" if mixed else "\n"
