"""Groups of near-duplicate tweets, and the split each group belongs to, for ever.

A group is the digest of a folded text; a split is a hash of the group against fixed thresholds. Neither looks at other
rows, so whatever arrives later, a training row of one model never becomes a test row of the next.
"""

import hashlib
from collections.abc import Callable
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from models.settings import SplitSettings
from models.text import repair_texts

Strings: TypeAlias = pa.Array | pa.ChunkedArray

# What two copies of a tweet may differ in, in RE2: addresses, mentions, and all but letters. Latin letters beyond a-z
# go too (and other scripts stay), so that garbled "cafÃ©" and mended "café" meet.
FOLDED_AWAY = r"(?:http\S*|www\.\S+|@\w+|[^\p{L}\p{M}]|[\x{80}-\x{36F}])+"
RETWEET_MARKS = r"^(?:rt )+"


def fold_texts(texts: Strings) -> pa.StringArray:
    """The texts without all that copies of one tweet differ in: case, addresses, mentions, digits, punctuation.

    A text of nothing else keeps its letters, digits and marks, in lower case: two bare links are not copies. Null
    becomes "".

    >>> fold_texts(pa.array(["RT @bbc: FIRE in Spokane, 300 homes! http://t.co/x", "http://t.co/x", None])).to_pylist()
    ['fire in spokane homes', 'http://t.co/x', '']
    """
    lowered = pc.utf8_lower(_plain(texts))
    folded = pc.utf8_trim(pc.replace_substring_regex(lowered, FOLDED_AWAY, " "), " ")
    folded = pc.replace_substring_regex(folded, RETWEET_MARKS, "")
    odd = pc.invert(pc.string_is_ascii(folded))  # wide and fancy letters; only now, for "™" would become letters
    folded = pc.replace_with_mask(folded, odd, pc.utf8_lower(pc.utf8_normalize(folded.filter(odd), "NFKC")))
    empty = pc.equal(folded, "")
    bare = pc.replace_substring_regex(pc.utf8_trim_whitespace(lowered.filter(empty)), r"\s+", " ")
    return pc.replace_with_mask(folded, empty, bare)


def group_digests(texts: Strings) -> pa.StringArray:
    """The group of every text: 32 hexadecimal digits, equal for texts that fold alike."""
    return _map_distinct(fold_texts(texts), lambda folded: hashlib.blake2b(folded.encode(), digest_size=16).hexdigest())


def raw_groups(texts: Strings) -> pa.StringArray:
    """The group of every raw text (rows,), as ingestion finds it: of the text repaired; null is grouped as "".

    >>> raw_groups(pa.array(["Fire in Ohio"])) == group_digests(pa.array(["fire in OHIO!"]))
    True
    """
    return group_digests(repair_texts(texts)[0])


def assign_splits(groups: Strings, settings: SplitSettings) -> pa.StringArray:
    """The split of every group: "train", "validation" or "test".

    Shares are of groups, in expectation; which rows and labels that gives is for a report to say.
    """
    return _map_distinct(_plain(groups), lambda group: _split_of(group, settings))


def _split_of(group: str, settings: SplitSettings) -> str:
    """Thresholds on a hash, test first: a larger validation share then takes from the training rows only."""
    drawn = hashlib.blake2b(f"{settings.seed}/{group}".encode(), digest_size=8).digest()
    place = int.from_bytes(drawn, "big") / 2**64
    if place < settings.test_share:
        return "test"
    return "validation" if place < settings.test_share + settings.validation_share else "train"


def _map_distinct(texts: pa.StringArray, function: Callable[[str], str]) -> pa.StringArray:
    encoded = texts.dictionary_encode()
    return pa.array([function(text) for text in encoded.dictionary.to_pylist()], pa.string()).take(encoded.indices)


def _plain(texts: Strings) -> pa.StringArray:
    column = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    return column.cast(pa.string()).fill_null("")
