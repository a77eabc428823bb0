"""The words of a sample of the kept texts, and which of them stand out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from models.settings import TextSettings
from models.text import tokenize_texts
from models.text.log_odds_words import weighted_log_odds

TOKENS = 20
SAMPLE_ROWS = 50_000  # of rows read; about two thirds of them are training rows
NO_LABEL, TWO = "none", 2  # in place of the number of a class; classes of a label that names none


class TokenSample:
    """Texts with their label ("0", "1", ... or "none"), gathered batch by batch. The caller keeps the sample small."""

    def __init__(self, classes: Sequence[str] = ()) -> None:
        self._classes = classes
        self._tables: list[pa.Table] = []

    def add(self, texts: pa.ChunkedArray, labels: pa.ChunkedArray) -> None:
        """Add some texts."""
        self._tables.append(pa.table({"text": texts, "label": labels}))

    def include(self, later: "TokenSample") -> None:
        """Add the texts of a later sample."""
        self._tables += later._tables

    def top(self) -> dict[str, list[dict[str, Any]]]:
        """For each label its tokens with counts: those that set its class apart, the commonest where no label is."""
        if not self._tables:
            return {}
        sample = pa.concat_tables(self._tables)
        tokens = tokenize_texts(sample["text"], TextSettings())
        labels = np.repeat(sample["label"].to_numpy(zero_copy_only=False), tokens.lengths)
        size = len(tokens.words)
        known = tuple(map(str, range(len(self._classes) or TWO)))
        counts = {label: np.bincount(tokens.codes[labels == label], minlength=size) for label in (*known, NO_LABEL)}
        words, labelled = np.array(tokens.words.to_pylist(), object), sum(counts[each] for each in known)
        order = {label: weighted_log_odds(counts[label], labelled - counts[label]) for label in known}
        order[NO_LABEL] = counts[NO_LABEL]
        return {label: self._ranked(words, order[label], counts, label) for label in counts if counts[label].any()}

    def _ranked(
        self, words: np.ndarray, scores: np.ndarray, counts: Mapping[str, np.ndarray], label: str
    ) -> list[dict[str, Any]]:
        """The best tokens, ties by name."""
        best = np.lexsort((words, -scores))[:TOKENS]
        return [
            {
                "token": words[code],
                **count_classes({each: int(rows[code]) for each, rows in counts.items()}, self._classes),
                "rows": int(sum(rows[code] for rows in counts.values())),
            }
            for code in best
            if counts[label][code]
        ]


def count_classes(counts: Mapping[str, int], classes: Sequence[str]) -> dict[str, Any]:
    """Counts by label as reports have them: the positives of two classes, or the count of each by its name.

    >>> count_classes({"0": 5, "1": 2}, ()), count_classes({"0": 5, "1": 2, "2": 3}, ("no", "yes", "drill"))
    ({'positives': 2}, {'classes': {'no': 5, 'yes': 2, 'drill': 3}})
    """
    if not classes:
        return {"positives": counts["1"]}
    return {"classes": {name: counts[str(number)] for number, name in enumerate(classes)}}
