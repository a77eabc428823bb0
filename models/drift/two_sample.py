"""Tests whether two samples are of one kind, each with an effect that does not depend on how large they are.

Every test is exact or on the safe side under its null: the p values of shares are Fisher's, those of ranks allow ties.
Effects are zero in expectation where nothing differs, and of one scale: .2 is small, .5 medium, .8 large (Cohen 1988).
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shift:
    """How far the second sample lies from the first: `effect`, signed where it has a direction, and two-sided p."""

    effect: float
    p: float


def compare_shares(first: np.ndarray, second: np.ndarray) -> Shift:
    """The shift of a share, given whether each row has the feature: Cohen's h, and Fisher's exact p.

    >>> same = compare_shares(np.array([True] * 50 + [False] * 50), np.array([True] * 5 + [False] * 5))
    >>> same.effect, round(same.p, 6)
    (0.0, 1.0)
    """
    from scipy.stats import fisher_exact

    if not len(first) or not len(second):
        return Shift(0.0, 1.0)
    counts = [[int(first.sum()), int((~first).sum())], [int(second.sum()), int((~second).sum())]]
    return Shift(cohens_h(float(first.mean()), float(second.mean())), float(fisher_exact(counts).pvalue))


def cohens_h(first: float, second: float) -> float:
    """The difference of two shares on the scale on which equal distances are equally visible.

    >>> round(cohens_h(0.5, 0.65), 2)
    0.3
    """
    return float(2 * np.arcsin(np.sqrt(second)) - 2 * np.arcsin(np.sqrt(first)))


def compare_ranks(first: np.ndarray, second: np.ndarray) -> Shift:
    """The shift of a number: Mann and Whitney's test, and the chance that a second one is larger, as a distance.

    The chance P(second > first) becomes the number of standard deviations between two normal distributions with that
    chance.
    """
    from scipy.stats import mannwhitneyu

    if not len(first) or not len(second):
        return Shift(0.0, 1.0)
    found = mannwhitneyu(second, first, method="asymptotic")
    chance = float(found.statistic) / (len(first) * len(second))
    return Shift(distance_of_chance(chance), _p(found.pvalue))


def distance_of_chance(chance: float) -> float:
    """The distance in standard deviations of two normal distributions of which one is the larger with this chance.

    >>> distance_of_chance(0.5), round(distance_of_chance(0.76), 2)
    (0.0, 1.0)
    """
    from scipy.stats import norm

    return float(np.sqrt(2) * norm.ppf(np.clip(chance, 1e-6, 1 - 1e-6)))


def compare_distributions(first: np.ndarray, second: np.ndarray) -> Shift:
    """The shift of a whole distribution: Kolmogorov and Smirnov's p, and the energy distance (Székely & Rizzo 2013).

    The effect is twice the root of the energy coefficient, which is estimated without bias and may fall below zero; it
    is about the distance in standard deviations where two normal distributions differ by their means alone.
    """
    from scipy.stats import ks_2samp

    if len(first) < 2 or len(second) < 2:
        return Shift(0.0, 1.0)
    between = _mean_distance(first, second)
    excess = 2 * between - _mean_within(first) - _mean_within(second)
    coefficient = excess / (2 * between) if between > 0 else 0.0
    return Shift(2 * signed_root(coefficient), _p(ks_2samp(first, second, method="asymp").pvalue))


def signed_root(value: float) -> float:
    """The root of a square that was estimated without bias, and so may fall below zero; with its sign."""
    return float(np.sign(value) * np.sqrt(abs(value)))


def _mean_within(values: np.ndarray) -> float:
    """Mean distance of two different rows of one sample."""
    ordered, count = np.sort(values), len(values)
    return float(2 * np.sum((2 * np.arange(count) - count + 1) * ordered) / (count * (count - 1)))


def _mean_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Mean distance of a row of the one from a row of the other: from the distances within each and within both."""
    both = np.concatenate([first, second])
    pairs = [_mean_within(each) * len(each) * (len(each) - 1) / 2 for each in (both, first, second)]
    return float((pairs[0] - pairs[1] - pairs[2]) / (len(first) * len(second)))


def _p(value: float) -> float:
    """The p value; 1 where nothing varies, for which SciPy has none."""
    return float(value) if value == value else 1.0


def detectable_effect(first: int, second: int, level: float, power: float = 0.9) -> float:
    """The effect that a two-sided test of this level finds with this power in samples of these sizes."""
    from scipy.stats import norm

    if not first or not second:
        return float("inf")
    return float((norm.isf(level / 2) + norm.ppf(power)) * np.sqrt(1 / first + 1 / second))
