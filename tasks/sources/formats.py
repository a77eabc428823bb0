"""What is inside a file, by its content first and its name second."""

import codecs
import json
import re
from typing import Literal

from tasks.sources.archives import Member, is_archive
from tasks.sources.encodings import BYTE_ORDER_MARKS
from tasks.sources.limits import SourceError

Format = Literal["parquet", "json", "json-lines", "json-documents", "delimited", "wikiextractor", "wikitext", "text"]

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".parquet", ".pq"})
DELIMITED_SUFFIXES = frozenset({".csv", ".tsv", ".tab"})
NOT_DATA_NAME = re.compile(r"(?i)(^|/)(readme|licen[cs]e|copying|notice|sources|changelog|sha\d+sums|md5sums)(\.\w+)?$")
NOT_DATA_SUFFIX = frozenset({".md", ".html", ".htm", ".pdf", ".py", ".png", ".jpg", ".xml", ".yaml", ".yml", ".toml"})
WEB_PAGE = re.compile(r"(?i)\s*<(!doctype\s+html|html|head)\b")
TWEET_ARCHIVE = re.compile(r"window\.YTD\.(tweets?|community_tweets?|note_tweet)\.part\d+\s*=\s*\[")
OTHER_ARCHIVE = re.compile(rb"window\.YTD\.(\w+)\.part\d+\s*=")
WIKITEXT_TITLE = re.compile(r"\s*= [^=\n][^\n]* =\s*(\n|$)")


def suffix(name: str) -> str:
    """The lower-case suffix of the last part of a name, "" if it has none."""
    last = name.rpartition("/")[2]
    return last[last.rindex(".") :].lower() if "." in last else ""


def table_format(member: Member) -> Format:
    """How a file holds a table. Raises SourceError when it cannot be one."""
    head = _sniff(member)
    if head == "parquet" or suffix(member.name) in DELIMITED_SUFFIXES:
        return "parquet" if head == "parquet" else "delimited"
    return _json_format(head) or "delimited"


def document_format(member: Member) -> Format:
    """How a file holds documents. Raises SourceError when it cannot."""
    head = _sniff(member)
    if head == "parquet" or suffix(member.name) in DELIMITED_SUFFIXES:
        return "parquet" if head == "parquet" else "delimited"
    if head.lstrip().startswith("<doc "):
        return "wikiextractor"
    if suffix(member.name) == ".tokens" or WIKITEXT_TITLE.match(head):
        return "wikitext"
    return _json_format(head) or "text"


def refuse_other_archive(member: Member, head: bytes) -> None:
    """Raise SourceError for a part of an account archive that holds no tweets."""
    if reason := _other_archive(head):
        raise SourceError(f"{member.name} is {reason}")


def _other_archive(head: bytes) -> str | None:
    part = OTHER_ARCHIVE.match(head)
    if part is None or TWEET_ARCHIVE.match(part[0].decode() + "["):
        return None
    return f"the part {part[1].decode()!r} of an account archive, which holds no tweets"


def not_data(member: Member, tables_only: bool) -> str | None:
    """Why a file among others is passed over; None when it is to be read."""
    if NOT_DATA_NAME.search(member.name) or suffix(member.name) in NOT_DATA_SUFFIX:
        return "not data, by its name"
    head = member.head()
    if reason := _other_archive(head):
        return reason
    if tables_only and suffix(member.name) not in TABLE_SUFFIXES and not OTHER_ARCHIVE.match(head):
        return f"no table, by its suffix: {', '.join(sorted(TABLE_SUFFIXES))} are"
    if is_archive(head):
        return "an archive inside an archive, or of a kind that is not opened: unpack it first"
    return None if head else "empty"


def _sniff(member: Member) -> str:
    """The first characters of a file, or "parquet"."""
    head = member.head()
    if head.startswith(b"PAR1"):
        return "parquet"
    if not head:
        raise SourceError(f"{member.name} is empty")
    if is_archive(head):
        raise SourceError(f"{member.name} is an archive inside an archive, or of a kind that is not opened: unpack it")
    refuse_other_archive(member, head)
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if head.startswith(mark)), "utf-8")
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    if WEB_PAGE.match(text):
        raise SourceError(f"{member.name} is a web page, not data: give the address of the file itself")
    return text


def _json_format(head: str) -> Format | None:
    start = head.lstrip()
    if start.startswith("{"):
        return "json-documents" if _spans_lines(start) else "json-lines"
    return "json" if re.match(r"\[\s*([\[{\]]|$)", start) or TWEET_ARCHIVE.match(start) else None


def _spans_lines(start: str) -> bool:
    """Whether the first object goes on in the second line, as a document that is printed for reading does."""
    first, _, rest = start.partition("\n")
    try:
        json.loads(first)
    except ValueError:
        return re.match(r'\s*["}]', rest) is not None
    except RecursionError:
        return False
    return False
