"""Corpora of sentences: CoNLL-U, one word a line with its annotations, and Leipzig's numbered sentences."""

import re
from collections.abc import Iterable, Iterator
from typing import TextIO

from tasks.sources.documents import DOCUMENT_CHARACTERS, Document

CONLLU_COLUMNS = 10
WORD_NUMBER = re.compile(r"\d+([-.]\d+)?$")
TEXT_COMMENT = re.compile(r"# ?text ?= ?(?P<text>.*)")
ID_COMMENT = re.compile(r"# ?sent_id ?= ?(?P<id>.*)")
NUMBERED = re.compile(r"\d+\t[^\t]*[^\W\d_][^\t]*$")


def is_conllu(head: str) -> bool:
    """Whether these lines are comments and words in ten columns, the first a number."""
    lines = [line for line in _whole_lines(head) if line.strip() and not line.startswith("#")]
    return bool(lines) and all(_is_word(line) for line in lines)


def is_numbered(head: str) -> bool:
    """Whether every line is a number, a tab and a sentence, the numbers all different."""
    lines = [line.rstrip("\r") for line in _whole_lines(head) if line.strip()]
    numbers = [line.partition("\t")[0] for line in lines]
    return bool(lines) and all(map(NUMBERED.match, lines)) and len(set(numbers)) == len(numbers)


def read_conllu(stream: TextIO) -> Iterator[Document]:
    """Sentences, as the comment `# text =` has them, else put together from their words."""
    for lines in _blocks(stream):
        text = next((found["text"] for line in lines if (found := TEXT_COMMENT.match(line))), None)
        name = next((found["id"] for line in lines if (found := ID_COMMENT.match(line))), "")
        words = [line.split("\t") for line in lines if not line.startswith("#")]
        text = _joined(words) if text is None else text.strip()
        if text:
            yield Document(name.strip(), None, text)


def read_numbered(stream: TextIO) -> Iterator[Document]:
    """Sentences behind their numbers."""
    while line := stream.readline(DOCUMENT_CHARACTERS):
        number, _, sentence = line.partition("\t")
        if sentence.strip():
            yield Document(number.strip(), None, sentence.strip())
        elif number.strip():  # the rest of a line without end
            yield Document("", None, number.strip())


def _whole_lines(head: str) -> list[str]:
    """The lines of the first part of a file; the last one may be cut."""
    lines = head.split("\n")
    return lines[:-1] or lines


def _is_word(line: str) -> bool:
    fields = line.split("\t")
    return len(fields) == CONLLU_COLUMNS and WORD_NUMBER.match(fields[0]) is not None


def _blocks(stream: TextIO) -> Iterator[list[str]]:
    block: list[str] = []
    while line := stream.readline(DOCUMENT_CHARACTERS):
        if line.strip():
            block.append(line.rstrip("\r\n"))
        elif block:
            yield block
            block = []
        if len(block) > DOCUMENT_CHARACTERS:  # a file that never ends a sentence
            yield block
            block = []
    if block:
        yield block


def _joined(words: Iterable[list[str]]) -> str:
    """The words with blanks between them but where `SpaceAfter=No` says otherwise.

    A word that is written as one and annotated as several (2-3 du) stands for its parts; words that were left out by
    the author (8.1) are not written.
    """
    text, inside = "", 0
    for fields in words:
        if len(fields) < 2 or "." in fields[0]:
            continue
        first, _, last = fields[0].partition("-")
        if last.isdecimal():
            inside = int(last)
        elif first.isdecimal() and int(first) <= inside:
            continue
        text += fields[1] + ("" if "SpaceAfter=No" in fields[-1] else " ")
    return text.strip()
