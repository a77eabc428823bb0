"""The parts of the held-out rows on which a new model must do no harm."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Slices = Mapping[str, np.ndarray]

MARKS = {"link": r"https?://|www\.", "mention": r"@\w", "hashtag": r"#\w"}
# Characters; a third each of the Kaggle tweets. Fixed, so that a slice means the same on other rows.
LENGTHS = {"short": (0, 88), "medium length": (88, 126), "long": (126, None)}
KEYWORDS = 5


def slices_of(texts: pa.Array, keywords: pa.Array) -> dict[str, np.ndarray]:
    """Masks over the rows by name: with and without link, mention, hashtag; by length; the most frequent keywords.

    >>> masks = slices_of(pa.array(["fire at http://t.co/x", "my exam"]), pa.array(["fire", None]))
    >>> masks["link"].tolist(), masks["no link"].tolist(), masks["keyword fire"].tolist()
    ([True, False], [False, True], [True, False])
    """
    masks: dict[str, np.ndarray] = {}
    for name, pattern in MARKS.items():
        found = _mask(pc.match_substring_regex(texts, pattern))
        masks |= {name: found, f"no {name}": ~found}
    lengths = pc.fill_null(pc.utf8_length(texts), 0).to_numpy(zero_copy_only=False)
    for name, (low, high) in LENGTHS.items():
        masks[name] = (lengths >= low) & (lengths < (high or np.inf))
    masks["no keyword"] = _mask(pc.equal(pc.fill_null(keywords, ""), ""))
    return masks | {f"keyword {word}": _mask(pc.equal(keywords, word)) for word in _frequent(keywords)}


def _frequent(keywords: pa.Array) -> list[str]:
    """The keywords of the most rows, ties by name."""
    counts = Counter(word for word in keywords.to_pylist() if word)
    return sorted(counts, key=lambda word: (-counts[word], word))[:KEYWORDS]


def _mask(found: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False), bool)
