"""Addresses: what scheme a source has, which checksum it asks for, and what file it names."""

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from tasks.sources.errors import SourceError

# "::" chains the schemes of fsspec, as in simplecache::s3://; two letters at least, so that C:// is not a scheme.
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)(?:://|::)")
CHECKSUM = re.compile(r"#sha256=(?P<digest>[^#]*)$")


class Address(NamedTuple):
    """A source as typed, taken apart."""

    scheme: str  # "" for a local path or glob
    location: str
    sha256: str | None


def parse(source: str) -> Address:
    """Scheme, location and checksum of a source.

    >>> parse("https://example.org/tweets.csv#sha256=" + "ab" * 32).location
    'https://example.org/tweets.csv'
    >>> parse("data/*.csv").scheme
    ''

    Raises SourceError for a checksum that is none.
    """
    found = CHECKSUM.search(source)
    if found and not re.fullmatch(r"[0-9A-Fa-f]{64}", found["digest"]):
        raise SourceError(f"#sha256= must be followed by 64 hexadecimal digits, got {found['digest']!r}")
    location = source[: found.start()] if found else source
    scheme = SCHEME.match(location)
    return Address(scheme[1].lower() if scheme else "", location, found["digest"].lower() if found else None)


def file_name(url: str) -> str:
    """A plain file name for what is behind a URL.

    >>> file_name("https://example.org/sets/tweets%20of%20May.csv?raw=1"), file_name("https://example.org/")
    ('tweets of May.csv', 'download')
    """
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    name = re.sub(r"[\x00-\x1f/\\]", "_", name).lstrip(".")
    return name[:200] or "download"
