"""The learning curve: scores on the same held-out rows after training on nested shares of the training groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from models.metrics.cross_validation import HeldOut
from models.metrics.significance import interval_of
from tasks.store import formats


@dataclass(frozen=True)
class CurvePoint:
    """One model at one training size: pooled scores, with intervals over groups of near-duplicates."""

    model: str
    training_share: float
    training_rows: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    f1: float
    f1_low: float
    f1_high: float


def training_rows(tables: Sequence[Path]) -> float:
    """The mean number of training rows of these folds."""
    return sum(len(formats.rows_in(formats.read_tweets(each), "train")) for each in tables) / len(tables)


def curve_points(parts: Sequence[pa.Table], share: float, rows: float) -> list[CurvePoint]:
    """Each model's point, from its predictions on all folds at one training share."""
    held_out = HeldOut.from_table(pa.concat_tables(parts))
    return [_point(held_out, name, share, rows) for name in held_out.models]


def _point(held_out: HeldOut, name: str, share: float, rows: float) -> CurvePoint:
    scores, resampled = held_out.scores(name), held_out.resampled[name]
    accuracy, f1 = interval_of(resampled["accuracy"]), interval_of(resampled["f1"])
    return CurvePoint(name, share, rows, scores["accuracy"], *accuracy, scores["f1"], *f1)
