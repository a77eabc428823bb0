"""The words of a sample of the kept texts, and which of them stand out."""

from typing import Any

import numpy as np
import pyarrow as pa

from models.settings import TextSettings
from models.text import tokenize_texts
from models.text.log_odds_words import weighted_log_odds

TOKENS = 20
SAMPLE_ROWS = 50_000  # of rows read; about two thirds of them are training rows
LABELS = ("0", "1", "none")


class TokenSample:
    """Texts with their label ("0", "1" or "none"), gathered batch by batch. The caller keeps the sample small."""

    def __init__(self) -> None:
        self._tables: list[pa.Table] = []

    def add(self, texts: pa.ChunkedArray, labels: pa.ChunkedArray) -> None:
        """Add some texts."""
        self._tables.append(pa.table({"text": texts, "label": labels}))

    def top(self) -> dict[str, list[dict[str, Any]]]:
        """For each label its tokens with counts: those that set 1 and 0 apart, the commonest where no label is."""
        if not self._tables:
            return {}
        sample = pa.concat_tables(self._tables)
        tokens = tokenize_texts(sample["text"], TextSettings())
        labels = np.repeat(sample["label"].to_numpy(zero_copy_only=False), tokens.lengths)
        size = len(tokens.words)
        counts = {label: np.bincount(tokens.codes[labels == label], minlength=size) for label in LABELS}
        scores = weighted_log_odds(counts["1"], counts["0"])
        words = np.array(tokens.words.to_pylist(), object)
        order = {"0": -scores, "1": scores, "none": counts["none"]}
        return {label: _ranked(words, order[label], counts, label) for label in LABELS if counts[label].any()}


def _ranked(words: np.ndarray, scores: np.ndarray, counts: dict[str, np.ndarray], label: str) -> list[dict[str, Any]]:
    """The best tokens, ties by name."""
    best = np.lexsort((words, -scores))[:TOKENS]
    return [
        {
            "token": words[code],
            "positives": int(counts["1"][code]),
            "rows": int(sum(counts[each][code] for each in LABELS)),
        }
        for code in best
        if counts[label][code]
    ]
