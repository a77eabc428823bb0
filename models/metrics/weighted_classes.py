"""The scores of several classes from rows that carry weights: for a point estimate and for its bootstrap alike."""

import numpy as np

from models.metrics.scores import calibration_error, ranking_scores


def check_class_rows(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels as int64 (rows,) and probabilities as float64; ValueError where no score could be worked out from them."""
    labels, probabilities = np.asarray(labels).astype(np.int64), np.asarray(probabilities, dtype=float)
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
        raise ValueError(
            f"a probability of each class per label is needed, got {probabilities.shape} for {labels.shape}"
        )
    if not labels.size:
        raise ValueError("no rows to score: give at least one labelled row")
    if labels.min() < 0 or labels.max() >= probabilities.shape[1]:
        raise ValueError(f"labels must be 0 to {probabilities.shape[1] - 1}, got {labels.min()} to {labels.max()}")
    if not (probabilities >= 0).all() or not np.allclose(probabilities.sum(axis=1), 1, atol=1e-4):
        raise ValueError("probabilities of the classes of a row must lie in 0-1 and sum to 1")
    return labels, probabilities


def weighted_class_metrics(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Every score of METRICS under each row of `weights` (resamples, rows); NaN where a score is undefined.

    Give what `check_class_rows` returns. The likeliest class is called. `f1`, `precision` and `recall` are means over
    the classes that occur, in truth or among those called; `roc_auc` and `average_precision` over those with rows, each
    against all others, undefined where one class has all rows. `brier` is the sum over classes (Brier 1950), 0-2;
    `ece` that of the called class.
    """
    one_hot, total = np.eye(probabilities.shape[1]), weights.sum(axis=1)
    truth, called = one_hot[labels], one_hot[probabilities.argmax(axis=1)]
    right = (truth * called).sum(axis=1)
    rows, said, hits = weights @ truth, weights @ called, weights @ (truth * called)
    occur = rows + said > 0
    own = np.clip(probabilities[np.arange(len(labels)), labels], np.finfo(float).eps, 1)
    auc, average_precision = _ranking(truth, probabilities, weights)
    return {
        "accuracy": weights @ right / total,
        "f1": _mean_share(2 * hits, rows + said, occur),
        "precision": _mean_share(hits, said, occur),
        "recall": _mean_share(hits, rows, occur),
        "roc_auc": auc,
        "average_precision": average_precision,
        "log_loss": weights @ -np.log(own) / total,
        "brier": weights @ np.sum((probabilities - truth) ** 2, axis=1) / total,
        "ece": calibration_error(right, probabilities.max(axis=1), weights),
    }


def _mean_share(part: np.ndarray, whole: np.ndarray, occur: np.ndarray) -> np.ndarray:
    """The mean share (resamples,) of the classes that occur, a class without rows or calls counting as 0."""
    shares = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    means: np.ndarray = shares.sum(axis=1) / occur.sum(axis=1)
    return means


def _ranking(truth: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the ROC curve and average precision, (2, resamples): means over the classes that have them."""
    each = [ranking_scores(truth[:, n], probabilities[:, n], weights) for n in range(truth.shape[1])]
    found = np.array(each)
    known = (~np.isnan(found)).sum(axis=0)
    means: np.ndarray = np.divide(np.nansum(found, axis=0), known, out=np.full(known.shape, np.nan), where=known > 0)
    return means
