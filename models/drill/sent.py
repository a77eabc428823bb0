"""When a tweet was sent: its id holds the time.

Since 4 November 2010 ids are snowflakes: the bits above the 22 lowest count milliseconds since then.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

EPOCH = 1_288_834_974_657  # of snowflakes, in milliseconds of Unix time
SEQUENCE_BITS = 22
LEAST = 1 << 40  # ids before snowflakes ran in sequence, and stayed far below
DAY = 86_400_000


def sent_at(ids: pa.StringArray | pa.ChunkedArray) -> np.ndarray:
    """The Unix time of each id in milliseconds, int64 (tweets,).

    >>> sent_at(pa.array(["266269932671606786"]))
    array([1352318673662])

    Raises ValueError, naming it, for an id that tells no time.
    """
    whole = pc.match_substring_regex(ids, r"^\d{1,18}$")
    if not pc.all(whole, min_count=0).as_py():
        raise ValueError(_no_time(pc.filter(ids, pc.invert(whole))[0].as_py()))
    numbers = pc.cast(ids, pa.int64()).to_numpy(zero_copy_only=False) if len(ids) else np.zeros(0, np.int64)
    if np.any(numbers < LEAST):
        raise ValueError(_no_time(str(numbers[numbers < LEAST][0])))
    times: np.ndarray = (numbers >> SEQUENCE_BITS) + EPOCH
    return times


def _no_time(identity: str) -> str:
    return f"the id {identity} tells no time: a drill needs the ids that Twitter gave since November 2010"


def night_of(times: np.ndarray) -> np.ndarray:
    """The day of UTC, counted from 1970, at whose end each tweet is looked at, int64 (tweets,)."""
    nights: np.ndarray = times // DAY
    return nights
