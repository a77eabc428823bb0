"""An event day by day: what was said of it, and how much of it was called what it is."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.drill.sent import night_of
from models.metrics.events import count_labels


def days_of(times: np.ndarray, labels: np.ndarray, classes: Sequence[str] = ()) -> list[dict[str, Any]]:
    """`day` (ISO date, UTC), `tweets` and `real` of each day of an event that has tweets.

    Times are Unix milliseconds in order, labels 0/1, both (tweets,). Of several classes, by name, in place of `real`
    the tweets of each, as `classes`.

    >>> days_of(np.array([0, 1, 90_000_000]), np.array([1, 0, 0]))
    [{'day': '1970-01-01', 'tweets': 2, 'real': 1}, {'day': '1970-01-02', 'tweets': 1, 'real': 0}]
    """
    nights, members = np.unique(night_of(times), return_inverse=True)
    days = nights.astype("datetime64[D]").astype(str)
    if classes:
        counts = [count_labels(labels[members == place], classes) for place in range(len(nights))]
        return [
            {"day": str(day), "tweets": sum(each["classes"].values()), **each}
            for day, each in zip(days, counts, strict=True)
        ]
    columns = (np.bincount(members), np.bincount(members, weights=labels == 1).astype(int))
    return [
        {"day": str(day), "tweets": tweets, "real": real}
        for day, tweets, real in zip(days, *(column.tolist() for column in columns), strict=True)
    ]


def right_so_far(times: np.ndarray, labels: np.ndarray, called: np.ndarray) -> list[float]:
    """Of all tweets until the end of each day of `days_of`, the share that is called what it is.

    >>> right_so_far(np.array([0, 1, 90_000_000]), np.array([1, 0, 0]), np.array([True, True, False]))
    [0.5, 0.6666666666666666]
    """
    right = np.cumsum(called.astype(np.int64) == labels)
    last = np.flatnonzero(np.diff(night_of(times), append=np.iinfo(np.int64).max))
    shares: list[float] = (right[last] / (last + 1)).tolist()
    return shares
