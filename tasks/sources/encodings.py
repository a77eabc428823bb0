"""Bytes to text, so that nothing is lost: what does not decode stays in the text as lone surrogates.

A row with lone surrogates goes to quarantine with its bytes recoverable (`record.encode(encoding, "surrogateescape")`).
"""

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, TextIO

from tasks.sources.errors import SourceError
from tasks.sources.guessing import guess_encoding
from tasks.sources.members import BYTE_ORDER_MARKS, Member
from tasks.sources.no_text import what_magic_says

PIECE_BYTES = 1 << 20
HALF_CHARACTER = re.compile(
    "\udced[\udca0-\udcbf][\udc80-\udcbf]"
)  # what a careless UTF-8 writer makes of half an emoji
UNDECODABLE = re.compile("[\udc80-\udcff]")
MULTIBYTE = re.compile("[^\x00-\x7f\udc80-\udcff]")
# A Windows-1252 letter or typographic mark (undefined bytes, and the rare þ and ÿ, left out).
LATIN_BYTE = re.compile("[\udc80\udc82-\udc8c\udc8e\udc91-\udc9c\udc9e-\udcfd]")
ENOUGH_LATIN_BYTES = 3
ENOUGH_ODD_BYTES = 20  # of any kind; fewer are damage, and their rows are set aside
SAMPLE_BYTES = 1 << 16


class Detected(NamedTuple):
    """An encoding, how it is known, and how clean the text is in it, 0 to 1."""

    encoding: str
    known_by: str
    confidence: float = 1.0


def detect_encoding(member: Member, declared: str | None = None) -> str:
    """The encoding alone of what `detect` finds."""
    return detect(member, declared).encoding


def detect(member: Member, declared: str | None = None) -> Detected:
    """The declared encoding, or what a byte order mark says, or UTF-8; else what the bytes show beyond doubt.

    A file with at least three bytes that UTF-8 does not allow, and no more valid sequences than these, is in another
    encoding (damaged UTF-8 looks different): Windows-1252 (which holds Latin-1) or what `tasks.sources.guessing` finds.
    Raises SourceError for a declared encoding that does not exist, where a guess would be a doubtful one, and for what
    is not text.
    """
    if declared:
        return Detected(_checked(declared), "declared")
    with member.scan() as stream:
        mark = stream.read(16)
    for magic, encoding in BYTE_ORDER_MARKS:
        if mark.startswith(magic):
            return Detected(encoding, "byte order mark")
    if what := what_magic_says(mark):
        raise SourceError(f"{member.name} is {what}")
    with member.scan() as stream:
        sample = _foreign_lines(stream)
    if not sample:
        return Detected("utf-8", "its bytes")
    guess = guess_encoding(sample, member.name)
    return Detected(guess.encoding, "guessed", round(guess.confidence, 3))


def is_utf8(member: Member) -> bool:
    """Whether a file needs no other encoding: a mark says what it is, or every byte of it is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with member.open() as stream:
        piece = stream.read(PIECE_BYTES)
        if any(piece.startswith(magic) for magic, _ in BYTE_ORDER_MARKS):
            return True
        try:
            while piece:
                decoder.decode(piece)
                piece = stream.read(PIECE_BYTES)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


@contextmanager
def open_text(member: Member, encoding: str, scan: bool = False) -> Iterator[TextIO]:
    """The text of a file. Line ends stay as they are, any of CRLF, LF and CR ends a line.

    `scan`: even for a look, all of it where that is quick.

    Raises SourceError where an encoding of several bytes a character gets out of step: nothing after it can be read.
    """
    with member.scan() if scan else member.open() as binary:
        stream = io.TextIOWrapper(binary, encoding=encoding, errors="surrogateescape", newline="")
        try:
            yield stream
        except UnicodeEncodeError as error:  # a reader that writes on met a byte that did not decode
            raise SourceError(
                f"{member.name} holds bytes that are not {encoding}: say which encoding it is in with --encoding"
            ) from error
        except UnicodeError as error:
            raise SourceError(f"{member.name} is not {encoding}: {error}; say which it is with --encoding") from error


def is_undecodable(text: str) -> bool:
    """Whether a text holds what cannot be written down again as UTF-8: bytes that did not decode, half characters."""
    return not text.isascii() and re.search("[\ud800-\udfff]", text) is not None


def _checked(encoding: str) -> str:
    try:
        "".encode(encoding)  # refuses what is not an encoding of text, such as hex or zip
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError):
        raise SourceError(
            f"unknown encoding {encoding!r}: give one that Python knows, such as utf-8 or latin-1"
        ) from None
    return "utf-8-sig" if name == "utf-8" else name


def _foreign_lines(stream: BinaryIO) -> bytes:
    """Lines of a file that is not in UTF-8, those that show it; nothing of one that is, damaged or not."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    odd = latin = valid = 0
    sample = bytearray()
    while piece := stream.read(PIECE_BYTES):
        text = HALF_CHARACTER.sub("", decoder.decode(piece))
        if text.isascii():
            continue
        found = len(UNDECODABLE.findall(text))
        if not found and not odd and MULTIBYTE.search(text):
            return b""
        odd, latin = odd + found, latin + len(LATIN_BYTE.findall(text))
        valid += len(MULTIBYTE.findall(text))
        if found and len(sample) < SAMPLE_BYTES:
            lines = [line for line in text.splitlines(keepends=True) if UNDECODABLE.search(line)]
            sample += "".join(lines)[:SAMPLE_BYTES].encode("utf-8", "surrogateescape")
    foreign = odd > valid and (odd == latin >= ENOUGH_LATIN_BYTES or odd >= ENOUGH_ODD_BYTES)
    return bytes(sample) if foreign else b""
