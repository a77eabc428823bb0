"""Lines that can be read again, so that a quote which never closes costs one line and not the rest of the file."""

import io
from collections import deque
from typing import TextIO

from tasks.sources.limits import SourceError

BLOCK_CHARACTERS = 1 << 20
ROW_CHARACTERS = 1 << 20  # no tweet, and few articles, are longer; beyond it a quote was not closed
REREAD_CHARACTERS = 64 << 20  # quotes made to open for ever would have every line read again to the end of the file
REREAD_RATIO = 4
LINE_ENDS = ("\n", "\r")


class RunawayRowError(Exception):
    """A row goes on and on."""


class Lines:
    """Lines of a file; those of the row in progress are remembered, so that they can be read again."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream, self._name = stream, name
        self._again: deque[str] = deque()
        self.row: list[str] = []
        self.characters = self._read = self._read_again = 0

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read_line()
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
        self._read += len(line)
        if len(line) < ROW_CHARACTERS or line.endswith(LINE_ENDS):
            return line
        while (rest := self._stream.readline(ROW_CHARACTERS)) and not rest.endswith(LINE_ENDS):
            pass
        return line + "\n"

    @property
    def pending(self) -> bool:
        """Whether lines wait to be read again."""
        return bool(self._again)

    def read_block(self) -> str:
        """Whole lines, about a block of them, ending where every quote seems to be closed."""
        block = self._stream.read(BLOCK_CHARACTERS)
        self._read += len(block)
        while block and not (block.endswith(LINE_ENDS) and block.count('"') % 2 == 0):
            line = self._read_line()
            if not line or len(block) > BLOCK_CHARACTERS + ROW_CHARACTERS:
                return block + line
            block += line
        return block

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
        self._read_again += self.characters
        if self._read_again > max(REREAD_CHARACTERS, REREAD_RATIO * self._read):
            raise SourceError(
                f"{self._name}: too many quotes in it do not close; save it with every quote inside a field doubled"
            )
        self._again.extendleft(reversed(rest))
        return first

    def peek(self) -> str:
        """The first line that is not blank; it will be read again."""
        line = next((line for line in self if line.strip()), "")
        self._again.extendleft(reversed(self.row))
        self.start_row()
        return line
