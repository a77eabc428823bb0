"""What is inside a file, by its content first and its name second."""

import codecs
import json
import re
from typing import Literal

from tasks.sources import wikis as wiki_dumps
from tasks.sources.annotated import is_conllu, is_numbered
from tasks.sources.archives import document_kind, is_archive, is_workbook
from tasks.sources.errors import SourceError
from tasks.sources.members import BYTE_ORDER_MARKS, Member
from tasks.sources.no_text import why_no_text

Format = Literal[
    "parquet",
    "workbook",
    "json",
    "json-lines",
    "json-documents",
    "delimited",
    "wikiextractor",
    "wikitext",
    "wiki-dump",
    "conllu",
    "numbered",
    "text",
]

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".parquet", ".pq", ".xlsx"})
JSON_SUFFIXES = frozenset({".json", ".jsonl", ".ndjson"})
DELIMITED_SUFFIXES = frozenset({".csv", ".tsv", ".tab"})
PACKED = "an archive inside an archive, or of a kind that is not opened: unpack it first"
NOT_DATA_NAME = re.compile(r"(?i)(^|/)(readme|licen[cs]e|copying|notice|sources|changelog|sha\d+sums|md5sums)(\.\w+)?$")
SETTINGS_SUFFIX = frozenset({".yaml", ".yml", ".toml"})
NO_TABLE_SUFFIX = frozenset({".md", ".html", ".htm", ".pdf", ".py", ".png", ".jpg"})  # may be text: see the content
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
    if kind := binary_format(member):
        return kind
    _, head = _sniff(member)
    if wiki_dumps.START.match(head):
        raise SourceError(f"{member.name} is a wiki dump, no table: read it as a corpus")
    if suffix(member.name) in DELIMITED_SUFFIXES:
        return "delimited"
    return _json_format(member, head) or "delimited"


def document_format(member: Member) -> Format:
    """How a file holds documents. Raises SourceError when it cannot."""
    if kind := binary_format(member):
        return kind
    data, head = _sniff(member)
    if suffix(member.name) in DELIMITED_SUFFIXES:
        return "delimited"
    return _marked_format(member, head) or _json_format(member, head) or _text_format(member, data, head)


def not_data(member: Member, tables_only: bool, texts_only: bool = False) -> str | None:
    """Why a file among others is passed over; None when it is to be read. Texts are recognised by their content."""
    if NOT_DATA_NAME.search(member.name) or suffix(member.name) in SETTINGS_SUFFIX:
        return "not data, by its name"
    if not texts_only and suffix(member.name) in NO_TABLE_SUFFIX:
        return "not data, by its name"
    head = member.head()
    if not head:
        return "empty"
    if reason := _not_opened(member, head) or _other_archive(head):
        return reason
    if tables_only:
        known = suffix(member.name) in TABLE_SUFFIXES or OTHER_ARCHIVE.match(head) or binary_format(member)
        return None if known else f"no table, by its suffix: {', '.join(sorted(TABLE_SUFFIXES))} are"
    if not texts_only:
        return None
    try:
        document_format(member)
    except SourceError as error:
        return str(error).removeprefix(f"{member.name} is ")
    return None


def binary_format(member: Member) -> Format | None:
    """Parquet or workbook, by its content; None for any other file."""
    head = member.head()
    if head.startswith(b"PAR1"):
        return "parquet"
    return "workbook" if head.startswith(b"PK") and is_workbook(member.zip_file()) else None


def _not_opened(member: Member, head: bytes) -> str | None:
    """Why a file is not opened, if it is an archive or a document that is packed like one."""
    if head.startswith(b"PK"):
        if is_workbook(member.zip_file()):
            return None
        if kind := document_kind(member.zip_file()):
            return kind
    return PACKED if is_archive(head) else None


def _other_archive(head: bytes) -> str | None:
    part = OTHER_ARCHIVE.match(head)
    if part is None or TWEET_ARCHIVE.match(part[0].decode() + "["):
        return None
    return f"the part {part[1].decode()!r} of an account archive, which holds no tweets"


def _sniff(member: Member) -> tuple[bytes, str]:
    """The first bytes of a file, and the same decoded. Raises SourceError for what is neither table nor text."""
    head = member.head()
    if not head:
        raise SourceError(f"{member.name} is empty")
    if reason := _not_opened(member, head) or _other_archive(head):
        raise SourceError(f"{member.name} is {reason}")
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if head.startswith(mark)), "utf-8")
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    if WEB_PAGE.match(text):
        raise SourceError(
            f"{member.name} is a web page, not data, and its markup is not text: give the address of the file itself, "
            "or save the page as plain text"
        )
    return head, text


def _marked_format(member: Member, head: str) -> Format | None:
    """The format of a file that says itself what it is."""
    if head.lstrip().startswith("<doc "):
        return "wikiextractor"
    if wiki_dumps.START.match(head):
        return "wiki-dump"
    return "wikitext" if suffix(member.name) == ".tokens" or WIKITEXT_TITLE.match(head) else None


def _text_format(member: Member, data: bytes, head: str) -> Format:
    if is_conllu(head):
        return "conllu"
    if reason := why_no_text(data, head):
        raise SourceError(f"{member.name} is {reason}")
    return "numbered" if is_numbered(head) else "text"


def _json_format(member: Member, head: str) -> Format | None:
    """The kind of JSON: objects show it by themselves, strings and numbers where the name says JSON."""
    start = head.lstrip()
    if start.startswith("{"):
        return "json-documents" if _spans_lines(start) else "json-lines"
    if re.match(r"\[\s*([\[{\]]|$)", start) or TWEET_ARCHIVE.match(start):
        return "json"
    if suffix(member.name) not in JSON_SUFFIXES or not start:
        return None
    return "json" if start.startswith("[") else "json-lines"


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
