"""What is inside a file, by its content first and its name second."""

import codecs
import re
from typing import Literal

from tasks.sources.archives import Member, is_archive
from tasks.sources.encodings import BYTE_ORDER_MARKS
from tasks.sources.limits import SourceError

Format = Literal["parquet", "json", "json-lines", "delimited", "wikiextractor", "wikitext", "text"]

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".parquet", ".pq"})
DELIMITED_SUFFIXES = frozenset({".csv", ".tsv", ".tab"})
NOT_DATA_NAME = re.compile(r"(?i)(^|/)(readme|licen[cs]e|copying|notice|sources|changelog|sha\d+sums|md5sums)(\.\w+)?$")
NOT_DATA_SUFFIX = frozenset({".md", ".html", ".htm", ".pdf", ".py", ".png", ".jpg", ".xml", ".yaml", ".yml", ".toml"})
WEB_PAGE = re.compile(r"(?i)\s*<(!doctype\s+html|html|head)\b")
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


def not_data(member: Member, tables_only: bool) -> str | None:
    """Why a file among others is passed over; None when it is to be read."""
    if NOT_DATA_NAME.search(member.name) or suffix(member.name) in NOT_DATA_SUFFIX:
        return "not data, by its name"
    if tables_only and suffix(member.name) not in TABLE_SUFFIXES:
        return f"no table, by its suffix: {', '.join(sorted(TABLE_SUFFIXES))} are"
    head = member.head()
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
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if head.startswith(mark)), "utf-8")
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    if WEB_PAGE.match(text):
        raise SourceError(f"{member.name} is a web page, not data: give the address of the file itself")
    return text


def _json_format(head: str) -> Format | None:
    start = head.lstrip()
    if start.startswith("{"):
        return "json-lines"
    return "json" if re.match(r"\[\s*(\{|\]|$)", start) else None
