"""In which script a text is written: Latin, Arabic, Cyrillic, Han."""

import unicodedata
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Addresses, mentions and hashtags are in Latin letters whatever language surrounds them; hashtags count: they are said.
NOT_WRITTEN = r"(?:https?:|www\.)\S*|@\w+|<\w+>"
NAMED_OTHERWISE = {"CJK": "Han", "PHAGS-PA": "Phags-pa"}
# NFKC leaves letters of these first names over, which say nothing of the script around them.
NO_SCRIPTS = ("MODIFIER", "FEMININE", "MASCULINE", "MATHEMATICAL", "FULLWIDTH", "HALFWIDTH", "MICRO", "SQUARED")
LISTED = 0x20000  # from here on nearly all letters are Han, and all that are in use
TEXTS_AT_ONCE = 20_000


def dominant_scripts(texts: pa.Array | pa.ChunkedArray) -> pa.StringArray:
    """The script of most letters of each text; null where a text has no letter. Addresses and mentions do not count.

    >>> texts = pa.array(["Fire! http://t.co/x", "زلزال قوي #quake", "Пожар", "東京で地震", "12:30 🔥"])
    >>> dominant_scripts(texts).to_pylist()
    ['Latin', 'Arabic', 'Cyrillic', 'Han', None]
    """
    column = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    column = pc.fill_null(column.cast(pa.string()), "")
    written = pc.replace_substring_regex(column, NOT_WRITTEN, " ")
    ascii_only = pc.string_is_ascii(written)
    latin = pc.match_substring_regex(written, "[A-Za-z]")
    found = pc.if_else(pc.and_(ascii_only, latin), "Latin", pa.scalar(None, pa.string()))
    others = pc.invert(ascii_only)
    return pc.replace_with_mask(found, others, _of_any(pc.utf8_normalize(written.filter(others), "NFKC")))


def _of_any(texts: pa.StringArray) -> pa.StringArray:
    values = texts.to_pylist()
    parts = [_of_few(values[start : start + TEXTS_AT_ONCE]) for start in range(0, len(values), TEXTS_AT_ONCE)]
    return pa.array([script for part in parts for script in part], pa.string())


def _of_few(texts: list[str]) -> list[str | None]:
    """Scripts by counting the letters of each; of two that are as frequent, the one that Unicode lists first."""
    numbers, names = _table()
    points = np.frombuffer("".join(texts).encode("utf-32-le", "replace"), np.uint32)
    scripts = np.where(points < LISTED, numbers[np.minimum(points, LISTED - 1)], names.index("Han"))
    owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    counts = np.bincount(owners * len(names) + scripts, minlength=len(texts) * len(names))
    counts = counts.reshape(len(texts), len(names))[:, 1:]
    return [names[1 + best] if most else None for best, most in zip(counts.argmax(1), counts.max(1), strict=True)]


@cache
def _table() -> tuple[np.ndarray, list[str]]:
    """The number of the script of each code point below LISTED, and the names by number; 0 is not a letter."""
    names, numbers = [""], np.zeros(LISTED, np.int64)
    places: dict[str, int] = {}
    for point in range(LISTED):
        letter = chr(point)
        if unicodedata.category(letter)[0] != "L":
            continue
        first = unicodedata.name(letter, "").partition(" ")[0]
        if not first or first in NO_SCRIPTS:
            continue
        name = NAMED_OTHERWISE.get(first, first.capitalize())
        if name not in places:
            places[name] = len(names)
            names.append(name)
        numbers[point] = places[name]
    return numbers, names
