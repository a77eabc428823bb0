"""Texts that the platform itself cut: what is missing is not in the file; it is counted and reported."""

import re

import pyarrow as pa
import pyarrow.compute as pc

SHORTEST_CUT = 100  # Twitter cuts at 140 characters, the link of 24 included; a person's ellipsis stands anywhere
CUT = re.compile(r"(…|\x89Û_|â€¦)(\s+https?://\S*)?\s*$")


def count_truncated(texts: pa.StringArray) -> int:
    """How many texts end with the ellipsis, perhaps garbled, and the link that Twitter puts where it cuts.

    >>> count_truncated(pa.array(["Fire" * 30 + "… https://t.co/a", "well…", None]))
    1
    """
    long = pc.greater_equal(pc.utf8_length(texts), SHORTEST_CUT)
    suspects = pc.and_(long, pc.match_substring_regex(texts, "…|\x89Û_|â€¦"))
    return sum(CUT.search(text) is not None for text in texts.filter(suspects).to_pylist() if text)
