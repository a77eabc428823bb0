"""Golden tweets: texts as transport brings them, on which a served model must answer as the pipeline did.

Stored texts are repaired: a service that forgot how to repair would answer them rightly, and tomorrow's tweets wrongly.
So three of four are damaged again, each in one of the ways that `models.text.repair` mends, and in none that it does
not undo to the letter. Whatever file the tweets came in, each kind of damage that their letters allow is among them.
"""

import html
import unicodedata
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa

from models.classifiers.pipeline import tokenize_rows
from models.settings import TextSettings
from models.text import Tokens, repair_keyword, repair_keywords, repair_text, repair_texts
from models.text.mojibake import spreadsheet_mojibake

LEFT_ALONE = 4  # every fourth: repair must not touch what is sound
SHOWN_CHARACTERS, SHOWN_TOKENS = 60, 8
Damage = Callable[[str], str]


class Reader(Protocol):
    """What the gate needs of the classifier inside a logged model."""

    def tokenize(self, texts: pa.Array, keywords: pa.Array | None = None) -> Tokens:
        """The tokens of raw texts, keywords in front where the classifier wants them."""


def write_entities(text: str) -> str:
    """The text with its marks as HTML entities, or its first letter where it has none.

    >>> write_entities("Fire & smoke"), write_entities("Fire")
    ('Fire &amp; smoke', '&#70;ire')
    """
    escaped = html.escape(text)
    return escaped if escaped != text else f"&#{ord(text[0])};{text[1:]}"


def break_line(text: str) -> str:
    """The text with its first blank as the end of a line, as Windows has it."""
    return text.replace(" ", "\r\n", 1)


def misread(text: str) -> str:
    """The text as UTF-8 that was read as Windows-1252; itself where that cannot be.

    >>> misread("it’s")
    'itâ€™s'
    """
    try:
        return text.encode().decode("cp1252")
    except UnicodeDecodeError:
        return text


def through_spreadsheet(text: str) -> str:
    """The text as a spreadsheet of the 2010s left it."""
    return "".join(letter if letter.isascii() else spreadsheet_mojibake(letter) for letter in text)


def decompose(text: str) -> str:
    """The text with letters and their accents apart."""
    return unicodedata.normalize("NFD", text)


DAMAGES: tuple[Damage, ...] = (write_entities, break_line, lambda text: write_entities(write_entities(text)))
FOREIGN_DAMAGES: tuple[Damage, ...] = (misread, through_spreadsheet, decompose)  # of letters that ASCII lacks


def as_they_came(texts: Sequence[str | None]) -> list[str | None]:
    """Raw texts that repair to these; the same for the same texts.

    >>> as_they_came(["Fire here", "it’s", "Fire & smoke", "sound"])
    ['&#70;ire here', 'itâ€™s', 'Fire &amp;amp; smoke', 'sound']
    """
    return [_damaged(text, row) if text else text for row, text in enumerate(texts)]


def _damaged(text: str, row: int) -> str:
    if row % LEFT_ALONE == LEFT_ALONE - 1:
        return text
    ways = (*(() if text.isascii() else _from(FOREIGN_DAMAGES, row // LEFT_ALONE)), *_from(DAMAGES, row))
    found = (damaged for way in ways if (damaged := way(text)) != text and repair_text(damaged) == text)
    return next(found, text)


def _from(ways: tuple[Damage, ...], row: int) -> tuple[Damage, ...]:
    first = row % len(ways)
    return ways[first:] + ways[:first]


def keywords_as_they_came(keywords: Sequence[str | None]) -> list[str | None]:
    """Keywords with their blanks escaped, as the addresses that they were taken from have them.

    >>> keywords_as_they_came(["forest fire", None])
    ['forest%20fire', None]
    """
    escaped = [word and word.replace(" ", "%20") for word in keywords]
    return [raw if raw and repair_keyword(raw) == word else word for raw, word in zip(escaped, keywords, strict=True)]


def golden_tweets(stored: pa.Table) -> pa.Table:
    """Text and keyword of these repaired tweets, raw."""
    texts, keywords = (stored[name].to_pylist() for name in ("text", "keyword"))
    columns = {"text": as_they_came(texts), "keyword": keywords_as_they_came(keywords)}
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def what_differs(served: Reader, settings: TextSettings, stored: pa.Table, raw: pa.Table) -> str:
    """Where a served classifier parts from this code, in words, with the first tweet on which it does.

    What it reads otherwise when it is repaired already, its tokenizer reads otherwise; what only raw, its repair.
    """
    for part, rows in (("tokenizer", stored), ("repair", raw)):
        texts, keywords = (rows[name].combine_chunks() for name in ("text", "keyword"))
        theirs = served.tokenize(texts, keywords)
        ours = tokenize_rows(repair_texts(texts)[0], repair_keywords(keywords)[0], settings)
        for row in np.flatnonzero(_differing(theirs, ours))[:1]:
            text = texts[int(row)].as_py()
            read, expected = (_shown(tokens.take(np.array([row])).to_lists()[0]) for tokens in (theirs, ours))
            return f"its {part} is not the pipeline's: {_cut(text)!r} is read as {read}, not as {expected}"
    return "it reads all of them as the pipeline does: its features, weights, calibration or threshold are not the same"


def _differing(one: Tokens, other: Tokens) -> np.ndarray:
    return np.array([left != right for left, right in zip(one.to_lists(), other.to_lists(), strict=True)])


def _shown(tokens: list[str]) -> str:
    return f"[{' '.join(tokens[:SHOWN_TOKENS])}{' ...' if len(tokens) > SHOWN_TOKENS else ''}]"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
