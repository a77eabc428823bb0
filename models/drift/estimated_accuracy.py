"""How well a model probably judges texts without labels, from its own calibrated confidence.

Confidence-based performance estimation (Guillory et al. 2021; NannyML's CBPE): where a probability of .8 means that 8
of 10 such texts are positive, the model is expected to be right on 8 of 10. Calibration is fitted on labelled reference
texts. Where the window has shifted, reference texts that look like it count for more, by the odds of the classifier
that tells the two apart; fewer texts then carry the estimate, and its interval widens by itself.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax

from models.classifiers.calibration import fit_line, log_odds, log_probabilities
from models.metrics.classes import macro_f1_of
from models.metrics.scores import platt_line
from models.seeds import generator
from models.wording import counted

CERTAIN = 1e-6
RESAMPLES = 200
LEAST_ROWS = 100
# Ironic tweets leave 162 of 1,100, and an estimate of .80 where .94 is true; a mixture with a third of them leaves 400.
LEAST_EFFECTIVE = 200.0
MOST_FOREIGN = 0.2  # of the window: texts of a script or language that the model has not learned
LARGEST_WEIGHT = 20.0  # one reference text may not stand for hundreds


@dataclass(frozen=True)
class Estimate:
    """Accuracy and F1 as estimated, with 95 % intervals of what labels would show; None, and why, without one.

    Of several classes F1 is the macro F1.
    """

    accuracy: float | None
    accuracy_interval: tuple[float, float] | None
    f1: float | None
    f1_interval: tuple[float, float] | None
    why_not: str = ""

    @classmethod
    def cannot_say(cls, why: str) -> "Estimate":
        """No estimate, for this reason."""
        return cls(None, None, None, None, why)


@dataclass(frozen=True)
class Judged:
    """What the model said of texts: P(target = 1) and whether it calls them positive, both (rows,).

    Of several classes the probability of each, (rows, classes), and the number of the one that it calls.
    """

    probabilities: np.ndarray
    called: np.ndarray

    def __len__(self) -> int:
        return len(self.called)


def density_ratios(reference: np.ndarray, window: np.ndarray) -> np.ndarray:
    """How many times as frequent texts like each of the reference are in the window, of mean 1, float (rows,).

    From log-odds (rows,) of a classifier that tells the two apart and did not learn from the text itself.
    """
    scores = np.concatenate([reference, window])
    slope, offset = platt_line(scores, np.repeat([0, 1], [len(reference), len(window)]))
    odds = np.exp(np.clip(slope * reference + offset, -30, 30)) * len(reference) / max(len(window), 1)
    clipped = np.minimum(odds, LARGEST_WEIGHT)
    weights: np.ndarray = clipped / clipped.mean()
    return weights


def estimate(
    reference: Judged, labels: np.ndarray, window: Judged, weights: np.ndarray | None = None, foreign: float = 0.0
) -> Estimate:
    """The scores that labels of the window would probably show; `labels` are 0/1, or classes, of the reference.

    `weights` (reference rows,) are given where the window has shifted; `foreign` is the share of its texts that the
    model cannot judge. The interval holds what is uncertain of the calibration, by bootstrap of the reference, and the
    luck of labels drawn from the probabilities; with weights it spans what both calibrations, with and without them,
    leave open.
    """
    if (why := _obstacle(reference, labels, window, weights, foreign)) is not None:
        return Estimate.cannot_say(why)
    ends = [_scores(reference, labels, window, each) for each in ([None] if weights is None else [None, weights])]
    accuracy, f1 = ends[-1][0]
    low = np.min([each[1] for each in ends], axis=0)
    high = np.max([each[2] for each in ends], axis=0)
    return Estimate(accuracy, (float(low[0]), float(high[0])), f1, (float(low[1]), float(high[1])))


def _scores(
    reference: Judged, labels: np.ndarray, window: Judged, weights: np.ndarray | None
) -> tuple[tuple[float, float], np.ndarray, np.ndarray]:
    """Accuracy and F1 as expected, and the lower and upper ends of their intervals, each (2,)."""
    chances = np.full(len(labels), 1 / len(labels)) if weights is None else weights / weights.sum()
    random, size = generator(0, "drift/estimated-accuracy"), round(1 / np.sum(chances**2))
    draws = (random.choice(len(labels), size, p=chances) for _ in range(RESAMPLES))
    drawn = [_resample(reference, labels, window, rows, random) for rows in draws]
    known = [each for each in drawn if each is not None]
    low, high = np.percentile(known, [2.5, 97.5], axis=0)
    rows = np.arange(len(labels)) if weights is None else random.choice(len(labels), 4 * len(labels), p=chances)
    accuracy, f1 = expected_scores(_calibrated(reference, labels, window, rows), window.called)
    if window.probabilities.ndim == 2:
        # A class that the window may lack altogether has an F1 in some draws and none in others.
        f1 = float(np.mean([each[1] for each in known]))
    return (accuracy, f1), low, high


def _obstacle(
    reference: Judged, labels: np.ndarray, window: Judged, weights: np.ndarray | None, foreign: float
) -> str | None:
    """Why there can be no estimate, None if there can."""
    several = reference.probabilities.shape[1] if reference.probabilities.ndim == 2 else 0
    rarest = int(np.bincount(labels, minlength=several or 2).min())
    if len(reference) < LEAST_ROWS or rarest < LEAST_ROWS // 10:
        of_each = f"all {counted(several, 'class', 'classes')}" if several else "both classes"
        return f"{len(reference):,} labelled texts of {of_each} are too few to calibrate on"
    if len(window) < LEAST_ROWS:
        return f"{counted(len(window), 'text')} are too few: it takes {LEAST_ROWS}"
    if foreign > MOST_FOREIGN:
        return f"{foreign:.0%} of the texts are in a script or language that the model has not learned"
    if weights is not None and (held := weights.sum() ** 2 / np.sum(weights**2)) < LEAST_EFFECTIVE:
        return f"too few labelled texts look like these: they count for {held:.0f}, it takes {LEAST_EFFECTIVE:.0f}"
    return None


def _calibrated(reference: Judged, labels: np.ndarray, window: Judged, rows: np.ndarray) -> np.ndarray:
    """The window's probabilities after the line in the log-odds that these rows of the reference ask for.

    Of several classes a line in the logarithms of the probabilities, with an offset for each class.
    """
    if reference.probabilities.ndim == 2:
        scores, asked = (log_probabilities(each.probabilities, CERTAIN) for each in (reference, window))
        slope, offsets = fit_line(labels[rows], scores[rows])
        several: np.ndarray = softmax(slope * asked + np.array(offsets), axis=1)
        return several
    slope, offset = platt_line(log_odds(reference.probabilities[rows], CERTAIN), labels[rows])
    calibrated: np.ndarray = expit(slope * log_odds(window.probabilities, CERTAIN) + offset)
    return calibrated


def _resample(
    reference: Judged, labels: np.ndarray, window: Judged, rows: np.ndarray, random: np.random.Generator
) -> tuple[float, float] | None:
    """Accuracy and F1 of the window with labels drawn, by a calibration on these rows; None of rows of one class."""
    if labels[rows].min() == labels[rows].max():
        return None
    chances = _calibrated(reference, labels, window, rows)
    if chances.ndim == 2:
        drawn = (random.random((len(chances), 1)) > np.cumsum(chances, axis=1)[:, :-1]).sum(axis=1)
        return expected_scores(np.eye(chances.shape[1])[drawn], window.called)
    return expected_scores((random.random(len(chances)) < chances).astype(float), window.called)


def expected_scores(chances: np.ndarray, called: np.ndarray) -> tuple[float, float]:
    """Accuracy and F1 of calls of texts that are positive with these chances (0/1 of labels), both (rows,).

    Of several classes chances are (rows, classes), calls their numbers, and F1 the macro F1 of the rows to expect.

    >>> expected_scores(np.array([1.0, 0.5, 0.0, 0.5]), np.array([True, True, False, False]))
    (0.75, 0.75)
    >>> expected_scores(np.eye(3)[[0, 1, 2, 2]], np.array([0, 1, 2, 1]))
    (0.75, 0.7777777777777777)
    """
    if chances.ndim == 2:
        counts = np.stack([chances[called == number].sum(axis=0) for number in range(chances.shape[1])], axis=1)
        return float(np.trace(counts) / len(called)), float(macro_f1_of(counts[None])[0])
    hits, missed = float(chances[called].sum()), float(chances[~called].sum())
    right = hits + float((~called).sum()) - missed
    positives = 2 * hits + float(called.sum()) - hits + missed
    return right / len(called), 2 * hits / positives if positives else 0.0
