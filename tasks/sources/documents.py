"""Text files as documents: WikiExtractor's `<doc>` files, WikiText's `.tokens`, and plain text."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice, pairwise
from typing import NamedTuple, TextIO

import pyarrow as pa

from tasks.sources.records import BatchBuilder

DOCUMENT_CHARACTERS = 1 << 20  # a longer document is cut: text8 is one line of 100 million characters
HEAD_LINES = 1000  # a text in paragraphs shows it by then
LINES_IN_PARAGRAPH = 20  # on average at most; rarer blank lines are accidents in a file of one text per line
DOC_TAG = re.compile(r'<doc id="(?P<id>[^"]*)".*?\btitle="(?P<title>.*)">\s*$')
# WikiText writes "well @-@ known" and "1 @,@ 000 @.@ 5", so that blanks separate tokens; here they become text again.
JOINED_MARK = re.compile(r" @([-,.])@ ")
HEADING = re.compile(r"\s*= (?P<title>(?!= )\S.*?) =\s*$")
SECTION = re.compile(r"\s*(?:= ){2,}(?P<title>.*?)(?: =){2,}\s*$")


class Document(NamedTuple):
    """One document as it stands in its file; the name is "" where the file gives none."""

    name: str
    title: str | None
    text: str


def batched(documents: Iterable[Document], encoding: str) -> Iterator[pa.RecordBatch]:
    """Batches of documents, long ones cut; schema as `tasks.sources.records`, record: id, title, text."""
    builder = BatchBuilder(("id", "title", "text"), encoding)
    for document in documents:
        for name, text in _cut(document):
            builder.add((name, document.title, text), len(text))
            if builder.full:
                yield builder.take()
    if builder.pending or not builder.taken:
        yield builder.take()


def read_extracted(stream: TextIO) -> Iterator[Document]:
    """Articles of a WikiExtractor file. Lines outside any article are a document of their own, without name."""
    tag: re.Match[str] | None = None
    lines: list[str] = []
    for line in _lines(stream):
        start = DOC_TAG.match(line)
        if start is None and not line.startswith("</doc>"):
            lines.append(line)
            continue
        if tag is not None or any(each.strip() for each in lines):
            yield _article(tag, lines)
        tag, lines = start, []
    if tag is not None or any(each.strip() for each in lines):
        yield _article(tag, lines)


def _article(tag: re.Match[str] | None, lines: list[str]) -> Document:
    if tag is None:
        return Document("", None, "".join(lines).strip())
    if lines and lines[0].strip() == tag["title"]:  # the title is repeated as the first line
        lines = lines[1:]
    return Document(tag["id"], tag["title"], "".join(lines).strip())


def read_wikitext(stream: TextIO) -> Iterator[Document]:
    """Articles of a WikiText file: a heading of one equals sign, alone between blank lines, starts each."""
    title: str | None = None
    lines: list[str] = []
    before = ""
    for line, after in pairwise(chain(_lines(stream), [""])):
        heading = None if before.strip() or after.strip() else HEADING.match(line)
        if heading and (title is not None or any(each.strip() for each in lines)):
            yield Document("", title, "".join(lines).strip())
        if heading:
            title, lines = JOINED_MARK.sub(r"\1", heading["title"]), []
        else:
            section = SECTION.match(line)
            lines.append(JOINED_MARK.sub(r"\1", f"{section['title']}\n" if section else line))
        before = line
    if title is not None or any(each.strip() for each in lines):
        yield Document("", title, "".join(lines).strip())


def read_plain(stream: TextIO) -> Iterator[Document]:
    """Paragraphs, where blank lines separate them; in a file with hardly any blank line every line stands alone."""
    head = list(islice(_lines(stream), HEAD_LINES))
    blank = sum(not line.strip() for line in head)
    by_paragraph = blank * LINES_IN_PARAGRAPH >= len(head)
    paragraph: list[str] = []
    for line in chain(head, _lines(stream)):
        if by_paragraph and line.strip():
            paragraph.append(line)
        elif by_paragraph and paragraph:
            yield Document("", None, "".join(paragraph).strip())
            paragraph = []
        elif not by_paragraph and line.strip():
            yield Document("", None, line.strip())
    if paragraph:
        yield Document("", None, "".join(paragraph).strip())


def _lines(stream: TextIO) -> Iterator[str]:
    """Lines with their ends; one without end comes in pieces, cut at blanks."""
    rest = ""
    while line := rest + stream.readline(DOCUMENT_CHARACTERS):
        place = len(line)
        if place >= DOCUMENT_CHARACTERS and line[-1] not in "\r\n":
            place = line.rfind(" ", 0, DOCUMENT_CHARACTERS) + 1 or DOCUMENT_CHARACTERS
        rest = line[place:]
        yield line[:place]


def _cut(document: Document) -> Iterator[tuple[str, str]]:
    """Name and text of the pieces of a document, cut at blanks; one piece for nearly all.

    Pieces without a name stay without: the row number names them, where "/1" would be the name of many.
    """
    text, piece = document.text, 1
    while len(text) > DOCUMENT_CHARACTERS:
        place = text.rfind(" ", 0, DOCUMENT_CHARACTERS) + 1 or DOCUMENT_CHARACTERS
        yield document.name and f"{document.name}/{piece}", text[:place]
        text, piece = text[place:], piece + 1
    yield f"{document.name}/{piece}" if document.name and piece > 1 else document.name, text
