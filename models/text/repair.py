"""Mends what transport did to a text. One pure function, used at ingestion, in training and in serving alike.

Nothing here judges what a text means: characters that some program garbled on the way become what their author typed.
Repairing twice changes nothing. Most texts are sound, so the vectorised form lets RE2 find the few that may not be and
hands only those to `repair_text`; the two cannot differ.
"""

import html
import re
import unicodedata
from collections.abc import Callable
from typing import Literal
from urllib.parse import unquote_to_bytes

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.text.mojibake import CLUE_FOR_RE2, SPREADSHEET_CLUE, decode_mojibake, join_surrogates
from models.text.tokens import Strings

RepairKind = Literal["html_entities", "mojibake", "newlines", "normal_form", "percent_escapes"]

# "&amp;lt;" went through two programs: all "amp;" in a row go at once, then the entity itself is decoded.
NESTED_AMPERSAND = re.compile(r"&(?:(?:amp|AMP|\#0{0,5}38|\#[xX]0{0,5}26);)+")
HTML_ENTITY = re.compile(
    r"""
    & (?: \# \d{1,7} | \# [xX] [0-9a-fA-F]{1,6} | [A-Za-z][A-Za-z0-9]{1,31} )
    ;   # without it, "?a=b&copy=1" of an address would lose its name
    """,
    re.VERBOSE,
)
# What Python's splitlines() and Twitter's own export take for the end of a line. U+0085 is left to the mojibake rule:
# in tweets it is never a line end but an ellipsis that was saved as Windows-1252.
LINE_ENDS = "\n\r\v\f\u2028\u2029"
NEWLINES = re.compile(f"[{LINE_ENDS}]+")
NESTED_PERCENT = re.compile(r"%(?:25)+(?=[0-9A-Fa-f]{2})")  # "%2520" was escaped twice
PERCENT_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
# What `repair_text` may change, normal forms aside, in RE2: the other texts are not looked at in Python.
SUSPECT = rf"&[#A-Za-z]|[{LINE_ENDS}]|{CLUE_FOR_RE2}|{SPREADSHEET_CLUE}"


def repair_text(text: str | None) -> str:
    r"""The text as its author typed it, on one line; "" for None.

    >>> repair_text("Fire &amp;amp; smoke")
    'Fire & smoke'
    >>> repair_text("it\x89Ûªs burning\x89Û_")
    'it’s burning…'
    >>> repair_text("cafÃ© on fire")
    'café on fire'
    >>> repair_text("two\r\nlines\n")
    'two lines'
    """
    return _repair(join_surrogates(text or ""), TEXT_REPAIRS)[0]


def repair_texts(texts: Strings) -> tuple[pa.StringArray, dict[RepairKind, int]]:
    """Every text repaired, and in how many texts each kind of repair changed something. Null becomes ""."""
    return _repair_suspects(texts, SUSPECT, TEXT_REPAIRS)


def repair_keyword(keyword: str | None) -> str:
    """A keyword as its author typed it: `repair_text` and percent escapes, which in a tweet may belong to an address.

    >>> repair_keyword("forest%20fire")
    'forest fire'
    """
    return _repair(join_surrogates(keyword or ""), KEYWORD_REPAIRS)[0]


def repair_keywords(keywords: Strings) -> tuple[pa.StringArray, dict[RepairKind, int]]:
    """As `repair_texts`, for a column of keywords; a missing keyword stays missing."""
    repaired, counts = _repair_suspects(keywords, SUSPECT + r"|%[0-9A-Fa-f]", KEYWORD_REPAIRS)
    missing = pc.is_null(keywords)
    missing = missing.combine_chunks() if isinstance(missing, pa.ChunkedArray) else missing
    return pc.if_else(missing, pa.scalar(None, pa.string()), repaired), counts


def decode_entities(text: str) -> str:
    """The characters that HTML entities stand for.

    >>> decode_entities("&lt;3 &amp;#8217; AT&T ?a=1&copy=2")
    '<3 ’ AT&T ?a=1&copy=2'
    """
    if "&" not in text:
        return text
    return HTML_ENTITY.sub(lambda entity: html.unescape(entity[0]), NESTED_AMPERSAND.sub("&", text))


def join_lines(text: str) -> str:
    r"""The text on one line; line ends around it are dropped.

    >>> join_lines(" a\r\nb\n")
    ' a b'
    """
    if text.isprintable():  # no line end is; far quicker than the search
        return text
    return NEWLINES.sub(" ", text.strip(LINE_ENDS))


def compose(text: str) -> str:
    r"""Unicode normal form C: one way to write é, and no change of meaning as form KC would bring.

    >>> compose("cafe\N{COMBINING ACUTE ACCENT}") == "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
    True
    """
    return unicodedata.normalize("NFC", text)


def decode_percent_escapes(text: str) -> str:
    """The characters of %20 and its like, also where a program escaped them twice.

    >>> decode_percent_escapes("body%2520bags%20100%")
    'body bags 100%'
    """
    return PERCENT_ESCAPES.sub(_unquote, NESTED_PERCENT.sub("%", text))


def _unquote(escapes: re.Match[str]) -> str:
    """The characters of a run of escapes, or the run itself when its bytes are no UTF-8."""
    try:
        return unquote_to_bytes(escapes[0]).decode()
    except UnicodeDecodeError:
        return escapes[0]


Repair = tuple[RepairKind, Callable[[str], str]]
# Entities first, for they can hide bytes of mojibake; lines after mojibake, whose letters can look like line ends.
TEXT_REPAIRS: tuple[Repair, ...] = (
    ("html_entities", decode_entities),
    ("mojibake", decode_mojibake),
    ("newlines", join_lines),
    ("normal_form", compose),
)
KEYWORD_REPAIRS: tuple[Repair, ...] = (("percent_escapes", decode_percent_escapes), *TEXT_REPAIRS)


def _repair(text: str, repairs: tuple[Repair, ...]) -> tuple[str, set[RepairKind]]:
    """The text once no repair changes it any more, and the kinds that did.

    A second round is rare: "&#195;&#169;" is mojibake once decoded, and composed letters can spell mojibake. It ends
    because every change either shortens the text or brings it into a form that the same repair leaves alone.
    """
    kinds: set[RepairKind] = set()
    before = None
    while text != before and not _is_plain(text):
        before = text
        for kind, repair in repairs:
            repaired = repair(text)
            if repaired != text:
                kinds.add(kind)
                text = repaired
    return text, kinds


def _is_plain(text: str) -> bool:
    """Whether this is text that no repair changes, as a first look shows."""
    return text.isascii() and text.isprintable() and "&" not in text and "%" not in text


def _repair_suspects(
    texts: Strings, suspect: str, repairs: tuple[Repair, ...]
) -> tuple[pa.StringArray, dict[RepairKind, int]]:
    counts: dict[RepairKind, int] = {kind: 0 for kind, _ in repairs}
    column = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    column = column.cast(pa.string()).fill_null("")
    suspects = _find_suspects(column, suspect)
    mended = []
    for text in column.filter(suspects).to_pylist():
        repaired, kinds = _repair(text, repairs)
        mended.append(repaired)
        for kind in kinds:
            counts[kind] += 1
    if not mended:
        return column, counts
    return pc.replace_with_mask(column, suspects, pa.array(mended, pa.string())), counts


def _find_suspects(column: pa.StringArray, suspect: str) -> pa.BooleanArray:
    """Which texts a repair may change. Python judges the normal form: Arrow's utf8_normalize does not compose."""
    matched = pc.match_substring_regex(column, suspect).to_numpy(zero_copy_only=False)
    unread = np.flatnonzero(~matched & ~pc.string_is_ascii(column).to_numpy(zero_copy_only=False))
    texts = column.take(pa.array(unread)).to_pylist()
    matched[unread] = [not unicodedata.is_normalized("NFC", text) for text in texts]
    return pa.array(matched)
