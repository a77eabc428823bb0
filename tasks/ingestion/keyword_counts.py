"""How often each keyword occurs under each label, in bounded memory, however the rows are cut into batches."""

from collections import Counter
from typing import TypeAlias

import numpy as np
import pyarrow as pa

REMEMBERED = 20_000
WINDOW_ROWS = 1 << 17
Counts: TypeAlias = "Counter[tuple[str, str]]"


class KeywordCounts:
    """Counts of (keyword, label).

    Rows are counted in windows of the source. The rare keywords go where a window ends, never in the middle, so that
    batches of any size, and parts that are counted elsewhere, come to the same.
    """

    def __init__(self) -> None:
        self._windows: dict[int, Counts] = {}
        self._settled: Counts = Counter()

    def add(self, keywords: pa.ChunkedArray, labels: pa.ChunkedArray, rows: np.ndarray) -> None:
        """Count keywords, none of them null; `rows` are their places in the source."""
        table = pa.table({"window": rows // WINDOW_ROWS, "keyword": keywords, "label": labels})
        counted = table.group_by(table.column_names).aggregate([([], "count_all")]).to_pylist()
        for each in counted:
            of_window = self._windows.setdefault(each["window"], Counter())
            of_window[each["keyword"], each["label"]] += each["count_all"]

    def include(self, other: "KeywordCounts") -> None:
        """Add what was counted of other rows, none of it settled."""
        for window, counts in other._windows.items():
            self._windows.setdefault(window, Counter()).update(counts)

    def settle(self, rows: int) -> None:
        """Add up the windows that lie within the first rows of the source, and forget what is rare."""
        for window in [each for each in sorted(self._windows) if (each + 1) * WINDOW_ROWS <= rows]:
            self._settled = _frequent(self._settled + self._windows.pop(window))

    def totals(self) -> Counts:
        """The counts of all windows, the rare keywords left out."""
        totals = self._settled
        for window in sorted(self._windows):
            totals = _frequent(totals + self._windows[window])
        return totals


def _frequent(counts: Counts) -> Counts:
    """The counts without the rare ones, of equal ones those later in the alphabet: a report shows the frequent."""
    if len(counts) <= REMEMBERED:
        return counts
    ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return Counter(dict(ranked[: REMEMBERED // 2]))
