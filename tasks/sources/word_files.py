"""Files about words, which are neither tweets nor a corpus: word vectors, word pairs with scores, analogies."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.vectors.evaluation_files import Analogy, Similarity, parse_analogies, parse_similarities
from tasks.sources.archives import open_members
from tasks.sources.encodings import detect_encoding, open_text
from tasks.sources.errors import SourceError
from tasks.sources.formats import binary_format
from tasks.sources.limits import DEFAULT_LIMITS, SourceLimits
from tasks.sources.members import Member
from tasks.sources.snapshots import snapshot_files

HEADING = re.compile(rb"(\d+) (\d+)\s*\n")
FEWEST_DIMENSIONS = 5  # of a file without heading
HEAD_LINES = 50
MOST_BYTES = 16 << 20  # of pairs and analogies
MOST_WORDS_IN_A_CELL = 2.0  # on average; more are texts, not words
SHOWN_WORDS = 5
HEAD_CHARACTERS = 1 << 16
JSON_BEGINNINGS = ("[", "{")


def recognise_word_file(location: str | Path, limits: SourceLimits = DEFAULT_LIMITS) -> dict[str, Any] | None:
    """What a source of one file is, if it holds word vectors, word pairs or analogies; None for anything else."""
    files = snapshot_files(location)
    if len(files) != 1:
        return None
    for member in open_members(files, limits):
        if member.one_of_many:
            return None
        kind = binary_format(member)
        if kind is not None:
            return _vector_table(member) if kind == "parquet" and member.path else None
        return _vectors(member) or _judgements(member, next(iter(files.values())).stat().st_size)
    return None


def _described(member: Member, kind: str, form: str, used_by: str, **facts: Any) -> dict[str, Any]:
    """What every such file is described by."""
    return {
        "refused": None,
        "kind": kind,
        "files": [{"name": member.name, "format": form}],
        "used_by": used_by,
        **facts,
    }


def _vector_table(member: Member) -> dict[str, Any] | None:
    assert member.path is not None
    try:
        with pq.ParquetFile(member.path) as file:
            if not {"token", "vector"} <= set(file.schema_arrow.names):
                return None
            words = file.metadata.num_rows
    except (pa.ArrowException, OSError):  # damaged: the reader of tweets says so
        return None
    return _described(member, "word vectors", "parquet", "--vectors", words=words, dimensions=None)


def _vectors(member: Member) -> dict[str, Any] | None:
    """Word vectors as word2vec and GloVe write them, by the first lines."""
    head = member.head()
    heading = HEADING.match(head)
    lines = head[heading.end() if heading else 0 :].split(b"\n")[:HEAD_LINES]
    lines = [line for line in (lines[:-1] or lines) if line.strip()]
    if heading is None:
        widths = Counter(len(line.split(b" ")) - 1 for line in lines)
        width = max(widths, key=lambda each: widths[each], default=0)
        if width < FEWEST_DIMENSIONS or not all(_numbers(line, width) for line in lines):
            return None
        return _described(member, "word vectors", "GloVe text", "--vectors", words=None, dimensions=width)
    words, width = map(int, heading.groups())
    text = any(_numbers(line, width) for line in lines)
    if not text and (not width or member.head()[heading.end() :].isascii()):
        return None
    form = f"word2vec {'text' if text else 'binary'}"
    return _described(member, "word vectors", form, "--vectors", words=words, dimensions=width)


def _numbers(line: bytes, width: int) -> bool:
    """Whether a line ends in so many numbers."""
    fields = line.split()
    try:
        return len(fields) > width > 0 and all(float(field) == float(field) for field in fields[-width:])
    except ValueError:
        return False


def _judgements(member: Member, size: int) -> dict[str, Any] | None:
    if size > MOST_BYTES:
        return None
    try:
        with open_text(member, detect_encoding(member)) as stream:
            text = stream.read(HEAD_CHARACTERS)
            if text.lstrip().startswith(JSON_BEGINNINGS):
                return None
            if rest := stream.read(MOST_BYTES):
                _parse_judgements(text[: text.rfind("\n") + 1])  # a table of another kind shows it in its first lines
        sections, pairs = _parse_judgements(text + rest)
    except (ValueError, SourceError):
        return None
    if sections:
        questions = sum(map(len, sections.values()))
        return _described(member, "analogies", "text", "--analogies", questions=questions, sections=len(sections))
    cells = [word for one, other, _ in pairs for word in (one, other)]
    if sum(len(cell.split()) for cell in cells) > MOST_WORDS_IN_A_CELL * len(cells):
        return None
    shown = [f"{one} {other} {score:g}" for one, other, score in pairs[:SHOWN_WORDS]]
    return _described(member, "word pairs", "text", "--similarities", pairs=len(pairs), first_pairs=shown)


def _parse_judgements(text: str) -> tuple[dict[str, list[Analogy]], list[Similarity]]:
    """The analogies of a text, or else its word pairs. Raises ValueError where it holds neither."""
    return (parse_analogies(text), []) if text.lstrip().startswith(":") else ({}, parse_similarities(text))
