"""Files of word vectors, plain, packed or as a snapshot: read without a copy where they lie unpacked on disk."""

import mmap
from pathlib import Path
from typing import TYPE_CHECKING

from models.wording import counted
from tasks.sources.errors import SourceError
from tasks.sources.limits import DEFAULT_LIMITS, SourceLimits

if TYPE_CHECKING:
    from models.vectors import WordVectors
    from tasks.sources.members import Member

FORMATS = (
    "Give word2vec text or binary (GloVe too), a fastText .vec or .bin, or Parquet with the columns token and vector."
)


def read_word_vectors(
    location: str | Path, limit: int | None = None, limits: SourceLimits = DEFAULT_LIMITS
) -> "WordVectors":
    """The vectors of one file, recognised by its content, plain or in an archive; with a limit, of its first words.

    Raises SourceError when there are several files, or what is there holds no vectors that can be read.
    """
    from tasks.sources.archives import open_members
    from tasks.sources.snapshots import snapshot_files

    members = open_members(snapshot_files(location), limits)
    first = next(members, None)
    if first is None:
        raise SourceError(f"{location} holds no file: give a file of word vectors")
    if first.one_of_many:
        names = [first.name, *(each.name for each in members)]
        raise SourceError(
            f"{location} holds {counted(len(names), 'file')} ({', '.join(names[:5])}): unpack it and give one"
        )
    vectors = _read(first, limit)
    if (second := next(members, None)) is not None:
        raise SourceError(f"{location} is several files ({first.name}, {second.name}, ...): give one of them")
    return vectors


def _read(member: "Member", limit: int | None) -> "WordVectors":
    import pyarrow as pa

    from models.vectors.recognition import from_any

    with member.open() as stream:
        data: bytes | mmap.mmap
        if member.path is None:
            data = stream.read()
        else:  # a model of gigabytes, of which only the rows that are used need be read
            size = member.path.stat().st_size
            data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
    if not len(data):
        raise SourceError(f"{member.name} is empty: give a file of word vectors")
    try:
        return from_any(data, limit)
    except (ValueError, pa.ArrowException) as error:
        raise SourceError(f"{member.name} holds no word vectors that can be read: {error}. {FORMATS}") from error
