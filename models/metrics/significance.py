"""Is one classifier better than another on the same rows, or was it luck? McNemar's test and the grouped bootstrap."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.metrics.scores import METRICS, WEIGHTS_AT_ONCE, check_scored_rows, weighted_metrics
from models.metrics.weighted_classes import check_class_rows, weighted_class_metrics
from models.seeds import generator

Interval = tuple[float, float]


@dataclass(frozen=True)
class McNemar:
    """Rows that only the first of two classifiers gets right, those that only the second does, and two-sided p."""

    only_first: int
    only_second: int
    exact: float
    mid_p: float


@dataclass(frozen=True)
class Difference:
    """How much higher a score is for one model than for another, with its interval and two-sided p."""

    value: float
    interval: Interval
    p: float


@dataclass(frozen=True)
class Predictions:
    """P(target = 1) of each row, and the threshold from which it was called positive, which may differ by fold.

    Of several classes the probability of each (rows, classes); the likeliest is called, whatever the thresholds.
    """

    probabilities: np.ndarray
    thresholds: np.ndarray

    @property
    def called(self) -> np.ndarray:
        """The class that each row was called: of two, bool, whether positive; of several int64."""
        if self.probabilities.ndim == 2:
            likeliest: np.ndarray = self.probabilities.argmax(axis=1)
            return likeliest
        return self.probabilities >= self.thresholds

    def checked(self, labels: np.ndarray) -> "tuple[np.ndarray, Predictions]":
        """Labels and predictions as `scores` takes them; ValueError where no score could be worked out from them."""
        check = check_class_rows if self.probabilities.ndim == 2 else check_scored_rows
        checked, probabilities = check(labels, self.probabilities)
        return checked, Predictions(probabilities, self.thresholds)

    def scores(self, labels: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Every score of METRICS under each row of `weights` (resamples, rows); NaN where a score is undefined."""
        if self.probabilities.ndim == 2:
            return weighted_class_metrics(labels, self.probabilities, weights)
        return weighted_metrics(labels, self.probabilities, self.thresholds, weights)


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> McNemar:
    """McNemar's test (1947) of two classifiers, given whether each gets each row right.

    `exact` is conditional on the rows on which they differ; `mid_p`, which counts half of the outcome that occurred,
    keeps its level nearly always and is less timid (Fagerland, Lydersen & Laake 2013). Both take rows for independent.
    """
    from scipy.stats import binom

    first_right, second_right = np.asarray(first_right, bool), np.asarray(second_right, bool)
    if first_right.shape != second_right.shape:
        raise ValueError(f"both must judge the same rows, got {first_right.shape} and {second_right.shape}")
    only_first = int((first_right & ~second_right).sum())
    only_second = int((second_right & ~first_right).sum())
    differing, fewer = only_first + only_second, min(only_first, only_second)
    if not differing:
        return McNemar(0, 0, 1.0, 1.0)
    exact = min(1.0, 2 * float(binom.cdf(fewer, differing, 0.5)))
    occurred = float(binom.pmf(fewer, differing, 0.5))
    mid_p = 1 - occurred / 2 if only_first == only_second else exact - occurred
    return McNemar(only_first, only_second, exact, mid_p)


def bootstrap_scores(
    labels: np.ndarray, groups: np.ndarray, models: Mapping[str, Predictions], seed: int, resamples: int = 1_000
) -> dict[str, dict[str, np.ndarray]]:
    """For each model the scores of METRICS (resamples,) of one and the same resamples of the rows.

    Whole groups are drawn with replacement, all rows of one together, for near-duplicates, and one tweet scored under
    several seeds, are not independent. `groups` (rows,) says which rows belong together.
    """
    members = np.unique(groups, return_inverse=True)[1]
    count, random = int(members.max(initial=-1)) + 1, generator(seed, "comparison/bootstrap")
    checked = {name: each.checked(labels) for name, each in models.items()}
    parts: dict[str, list[dict[str, np.ndarray]]] = {name: [] for name in models}
    step = max(1, WEIGHTS_AT_ONCE // max(len(members), 1))
    for start in range(0, resamples, step):
        weights = _drawn(random, min(step, resamples - start), count)[:, members]
        for name, (truth, said) in checked.items():
            parts[name].append(said.scores(truth, weights))
    return {
        name: {metric: np.concatenate([part[metric] for part in each]) for metric in METRICS}
        for name, each in parts.items()
    }


def _drawn(random: np.random.Generator, resamples: int, groups: int) -> np.ndarray:
    """How often each group is drawn in each resample, float64 (resamples, groups)."""
    drawn = random.integers(0, groups, (resamples, groups)) + np.arange(resamples)[:, None] * groups
    return np.bincount(drawn.ravel(), minlength=resamples * groups).reshape(resamples, groups).astype(float)


def interval_of(scores: np.ndarray, coverage: float = 0.95) -> Interval:
    """The percentile interval of resampled scores; those that a resample left undefined do not count."""
    low, high = np.nanpercentile(scores, [50 * (1 - coverage), 50 * (1 + coverage)])
    return float(low), float(high)


def paired_difference(value: float, first: np.ndarray, second: np.ndarray) -> Difference:
    """The difference `value` of two scores with its interval, from scores of the same resamples.

    p is twice the share of resamples on the less frequent side of zero, never below 2 / (resamples + 1): a bootstrap
    cannot vouch for less.
    """
    differences = first - second
    differences = differences[~np.isnan(differences)]
    side = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    p = min(1.0, 2 * (side + 1) / (len(differences) + 1))
    return Difference(value, interval_of(differences), p)
