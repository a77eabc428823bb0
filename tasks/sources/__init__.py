"""Where text comes from: files, folders, archives, HTTP, object stores; tweets and documents in every usual form."""

from pathlib import Path

from tasks.sources.columns import ColumnMap, MissingColumnError
from tasks.sources.corpora import read_documents
from tasks.sources.errors import SourceError
from tasks.sources.limits import DEFAULT_LIMITS, SourceLimits
from tasks.sources.snapshots import check_source, fetch, local_paths, provenance, snapshot_files
from tasks.sources.tables import ReadingNotes, SourceFile
from tasks.sources.tweets import read_tweets

__all__ = [
    "ColumnMap",
    "MissingColumnError",
    "ReadingNotes",
    "SourceError",
    "SourceFile",
    "SourceLimits",
    "check_source",
    "fetch",
    "local_paths",
    "provenance",
    "read_documents",
    "read_text",
    "read_tweets",
    "snapshot_files",
]

SMALL_CHARACTERS = 64 << 20


def read_text(source: str | Path, limits: SourceLimits = DEFAULT_LIMITS) -> str:
    """The text of one small file, from wherever `fetch` reads; UTF-8 unless it has a byte order mark or cannot be.

    Raises SourceError when the source is several files, or large.
    """
    from tasks.sources.archives import open_members
    from tasks.sources.encodings import detect_encoding, open_text

    members = open_members(snapshot_files(fetch(source, limits)), limits)
    member = next(members)
    with open_text(member, detect_encoding(member)) as text:
        content = text.read(SMALL_CHARACTERS + 1)
    if len(content) > SMALL_CHARACTERS:
        raise SourceError(f"{source} is longer than {SMALL_CHARACTERS:,} characters: no list of words is")
    if next(members, None) is not None:
        raise SourceError(f"{source} is several files: give one of them")
    return content
