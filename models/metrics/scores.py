"""How good a classifier is: one definition of every score, for a point estimate and for its bootstrap alike.

Every score is computed from rows that carry weights. Weights of one give the score itself; the counts of a bootstrap
resample give the score of that resample, a thousand resamples at a time, without copying or sorting rows again.
"""

from typing import Literal

import numpy as np
from scipy.special import expit, logit

from models.seeds import generator

METRICS = (
    "accuracy",
    "f1",
    "precision",
    "recall",
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "ece",
)
CALIBRATION_BINS = 10
# Weights held at once while resampling: 4 M float64, 32 MB a table.
WEIGHTS_AT_ONCE = 4_000_000

CERTAIN = 1e-6  # where models are compared a surer answer counts as this sure: one row may not outweigh all others

Objective = Literal["accuracy", "f1"]


def classification_metrics(labels: np.ndarray, probabilities: np.ndarray, threshold: float = 0.5) -> dict[str, float]:
    """Scores of P(target = 1) against labels 0/1, under the names of METRICS.

    A row is called positive when its probability is at least `threshold`. `f1`, `precision` and `recall` are those of
    the positive class, 0 where their denominator is 0. `ece` is the expected calibration error over ten equally wide
    bins of the probability. Where labels hold one class only, `roc_auc` and `average_precision` mean nothing and are
    left out; no score is ever NaN. Raises ValueError on no rows, unequal lengths, labels that are not 0 or 1 and
    probabilities outside 0-1.
    """
    labels, probabilities = check_scored_rows(labels, probabilities)
    scores = weighted_metrics(labels, probabilities, threshold, np.ones((1, len(labels))))
    return {name: float(values[0]) for name, values in scores.items() if not np.isnan(values[0])}


def choose_threshold(
    labels: np.ndarray, probabilities: np.ndarray, objective: Objective = "accuracy", miss_costs: float | None = None
) -> float:
    """The probability from which to call a row positive: the best `objective` to expect of rows like these.

    With `miss_costs` that of least cost instead, where a missed positive costs so many false alarms: of probabilities
    that are true, 1 / (1 + miss_costs) (Elkan 2001).

    Give validation rows. The best on the rows themselves would chase their noise (over halves of 1,100 tweets it
    wanders by 0.07, this one by 0.03). So probabilities are calibrated on the labels by a line in the log-odds, and the
    score is what the calibrated probabilities foretell. Equally good: the one nearest to 0.5. One class only gives 0.5.
    """
    labels, probabilities = check_scored_rows(labels, probabilities)
    if labels.min() == labels.max():
        return 0.5
    values, place = np.unique(-probabilities, return_inverse=True)
    expected = np.bincount(place, weights=_calibrated(labels, probabilities))
    hits, called, positives = np.cumsum(expected), np.cumsum(np.bincount(place)), expected.sum()
    if miss_costs is not None:
        score = -(miss_costs * (positives - hits) + called - hits) / len(labels)
    elif objective == "accuracy":
        score = (2 * hits - called + len(labels) - positives) / len(labels)
    else:
        score = 2 * hits / (called + positives)
    # Midway to the next lower probability, so that an unseen row falls to the nearer side.
    thresholds = (-values - np.append(values[1:], 0)) / 2
    best = np.flatnonzero(score >= score.max() - 1e-12)
    return float(thresholds[best[np.argmin(np.abs(thresholds[best] - 0.5))]])


def mean_cost(labels: np.ndarray, probabilities: np.ndarray, threshold: float, miss_costs: float) -> float:
    """What a row costs on average, in false alarms, when a missed positive costs `miss_costs` of them.

    >>> mean_cost(np.array([1, 1, 0, 0]), np.array([0.9, 0.1, 0.7, 0.2]), 0.5, 5)
    1.5
    """
    labels, probabilities = check_scored_rows(labels, probabilities)
    called = probabilities >= threshold
    misses, alarms = np.sum(~called & (labels == 1)), np.sum(called & (labels == 0))
    return float((miss_costs * misses + alarms) / len(labels))


def _calibrated(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The probabilities after Platt scaling of their log-odds."""
    log_odds = logit(np.clip(probabilities, 1e-6, 1 - 1e-6))
    slope, offset = platt_line(log_odds, labels)
    calibrated: np.ndarray = expit(np.stack([log_odds, np.ones_like(log_odds)], axis=1) @ [slope, offset])
    return calibrated


def platt_line(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Slope a and offset b of greatest likelihood for P(target = 1) = sigmoid(a score + b) (Platt 1999).

    Both are held near 1 and 0 by one row's weight, so that separable rows have a line too.
    """
    inputs, prior = np.stack([scores, np.ones_like(scores)], axis=1), np.array([1.0, 0.0])

    def loss_and_slope(line: np.ndarray) -> tuple[float, np.ndarray]:
        values = inputs @ line
        loss = np.sum(np.logaddexp(0, values) - labels * values) + 0.5 * np.sum((line - prior) ** 2)
        return float(loss), inputs.T @ (expit(values) - labels) + line - prior

    from scipy.optimize import minimize  # takes a second to import, and few need it

    slope, offset = minimize(loss_and_slope, prior, jac=True, method="BFGS").x
    return float(slope), float(offset)


def row_losses(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The log loss of each row, float64 (rows,), of P(target = 1) kept CERTAIN away from 0 and 1.

    >>> row_losses(np.array([1, 0]), np.array([0.5, 0.75])).round(3).tolist()
    [0.693, 1.386]
    """
    safe = np.clip(probabilities, CERTAIN, 1 - CERTAIN)
    losses: np.ndarray = -np.where(labels == 1, np.log(safe), np.log1p(-safe))
    return losses


def bootstrap_intervals(
    labels: np.ndarray,
    probabilities: np.ndarray,
    threshold: float,
    seed: int,
    resamples: int = 1_000,
    coverage: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap interval (low, high) of every score of `classification_metrics`.

    Rows are drawn with replacement, the model stays as it is: the interval is that of the test rows, not of training.
    Scores that a resample leaves undefined (one class only) are taken over the others, and left out when there is none.
    """
    labels, probabilities = check_scored_rows(labels, probabilities)
    random, rows = generator(seed, "metrics/bootstrap"), len(labels)
    parts: list[dict[str, np.ndarray]] = []
    step = max(1, WEIGHTS_AT_ONCE // rows)
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        drawn = random.integers(0, rows, (count, rows)) + np.arange(count)[:, None] * rows
        weights = np.bincount(drawn.ravel(), minlength=count * rows).reshape(count, rows).astype(float)
        parts.append(weighted_metrics(labels, probabilities, threshold, weights))
    tails = [50 * (1 - coverage), 50 * (1 + coverage)]
    drawn_scores = {name: np.concatenate([part[name] for part in parts]) for name in METRICS}
    defined = {name: values[~np.isnan(values)] for name, values in drawn_scores.items()}
    return {
        name: (float(low), float(high))
        for name, values in defined.items()
        if values.size
        for low, high in [np.percentile(values, tails)]
    }


def weighted_metrics(
    labels: np.ndarray, probabilities: np.ndarray, threshold: float | np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Every score of METRICS under each row of `weights` (resamples, rows); NaN where a score is undefined.

    `threshold` is one for all rows, or one for each, (rows,).
    """
    called = probabilities >= threshold
    total = weights.sum(axis=1)
    positives, predicted = weights @ labels, weights @ called
    hits = weights @ (called & (labels == 1))
    # As scikit-learn does: a certain and wrong row costs 36, not infinity.
    safe = np.clip(probabilities, np.finfo(float).eps, 1 - np.finfo(float).eps)
    surprise = -np.where(labels == 1, np.log(safe), np.log1p(-safe))
    auc, average_precision = ranking_scores(labels, probabilities, weights)
    return {
        "accuracy": (total - positives - predicted + 2 * hits) / total,
        "f1": _share(2 * hits, predicted + positives),
        "precision": _share(hits, predicted),
        "recall": _share(hits, positives),
        "roc_auc": auc,
        "average_precision": average_precision,
        "log_loss": weights @ surprise / total,
        "brier": weights @ (probabilities - labels) ** 2 / total,
        "ece": calibration_error(labels, probabilities, weights),
    }


def check_scored_rows(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 vectors; ValueError where no score could be worked out from them."""
    labels, probabilities = np.asarray(labels, dtype=float), np.asarray(probabilities, dtype=float)
    if labels.shape != probabilities.shape or labels.ndim != 1:
        raise ValueError(f"one probability per label is needed, got {labels.shape} and {probabilities.shape}")
    if not labels.size:
        raise ValueError("no rows to score: give at least one labelled row")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(f"labels must be 0 or 1, got {labels[~np.isin(labels, (0, 1))][0]}")
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError(f"probabilities must lie in 0-1, got {probabilities.min()} to {probabilities.max()}")
    return labels, probabilities


def calibration_bins(probabilities: np.ndarray) -> np.ndarray:
    """Bin 0 to CALIBRATION_BINS - 1 of each probability; 1.0 belongs to the last."""
    bins: np.ndarray = np.minimum((probabilities * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return bins


def wilson_interval(share: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of a share seen in `count` rows (Wilson 1927): never outside 0-1, never empty."""
    z = 1.96
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    reach = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return np.minimum(centre - reach, share), np.maximum(centre + reach, share)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    shares: np.ndarray = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return shares


def calibration_error(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Distance of the mean probability from the share of positives in each bin, weighted by the bin's rows."""
    members = np.eye(CALIBRATION_BINS)[calibration_bins(probabilities)]
    gaps = weights @ (members * (probabilities - labels)[:, None])
    errors: np.ndarray = np.abs(gaps).sum(axis=1) / weights.sum(axis=1)
    return errors


def ranking_scores(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Area under the ROC curve and average precision; rows of one probability count as one step of either curve."""
    order = np.argsort(-probabilities, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(probabilities[order])), len(order) - 1)
    ordered = weights[:, order]
    true = np.cumsum(ordered * labels[order], axis=1)[:, ends]
    false = np.cumsum(ordered, axis=1)[:, ends] - true
    positives, negatives = true[:, -1], false[:, -1]
    gained = np.diff(true, axis=1, prepend=0)
    lost = np.diff(false, axis=1, prepend=0)
    precision = np.divide(true, true + false, out=np.zeros_like(true), where=true + false > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        auc = (lost * (true - gained / 2)).sum(axis=1) / (positives * negatives)
        average_precision = (gained * precision).sum(axis=1) / positives
    one_class = (positives == 0) | (negatives == 0)
    return np.where(one_class, np.nan, auc), np.where(one_class, np.nan, average_precision)
