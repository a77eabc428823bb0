"""Simulated answers of two models on the same rows, to try the promotion gate where the truth is known.

Shaped after networks on the Kaggle tweets: 80 % accurate, two seeds of one recipe disagree on 9 % of the rows, and one
row in five is a near-duplicate of another (1,575 test rows are 1,393 groups).
"""

import numpy as np

from models.gate import Answers, HeldOut

POSITIVE_SHARE = 0.43
COPIED_SHARE = 0.13  # of groups; each of them has two rows
SIGNAL = 0.8416  # in standard deviations of the rest: 80 % right
SHARED = 0.92  # correlation of what two seeds add to the signal; 9 % of the rows are called differently


def held_out_rows(random: np.random.Generator, count: int) -> HeldOut:
    """Labelled rows in groups of near-duplicates, which have one label."""
    groups = np.repeat(np.arange(count), 1 + (random.random(count) < COPIED_SHARE))[:count]
    return HeldOut((random.random(count) < POSITIVE_SHARE)[groups].astype(int), groups)


def seeds_of_one_recipe(random: np.random.Generator, rows: HeldOut, count: int) -> list[Answers]:
    """Models that are equally good on all tweets there are; rows hard for one are mostly hard for the others."""
    difficulty = random.normal(size=len(rows))[rows.groups]
    return [_seed(random, rows, difficulty) for _ in range(count)]


def _seed(random: np.random.Generator, rows: HeldOut, difficulty: np.ndarray) -> Answers:
    own = random.normal(size=len(rows))[rows.groups]
    score = SIGNAL * (2 * rows.labels - 1) + np.sqrt(SHARED) * difficulty + np.sqrt(1 - SHARED) * own
    probabilities = 1 / (1 + np.exp(-1.7 * score))
    return Answers(probabilities, probabilities >= 0.5)


def planted_change(
    random: np.random.Generator, rows: HeldOut, gain: float | np.ndarray, discordance: float, accuracy: float = 0.8
) -> tuple[Answers, Answers]:
    """A champion that is right on `accuracy` of all rows, and a challenger right on `gain` more of them.

    They disagree on `discordance` of the rows, or as many as the gain takes. `gain` is one for all rows, or for each.
    """
    gains = np.broadcast_to(gain, len(rows)).astype(float)
    differing = np.maximum(discordance, np.abs(gains))
    only_second, only_first = (differing + gains) / 2, (differing - gains) / 2
    draw = random.random(len(rows))[rows.groups]  # near-duplicates fare alike
    second_alone, first_alone = draw < only_second, (draw >= only_second) & (draw < differing)
    both = (draw >= differing) & (draw < differing + accuracy - only_first)
    sure = random.beta(2, 1, len(rows)) / 2
    return _right_on(rows, both | first_alone, sure), _right_on(rows, both | second_alone, sure)


def _right_on(rows: HeldOut, right: np.ndarray, sure: np.ndarray) -> Answers:
    """A model that is right on these rows, so sure of each: 0 to 0.5 from the middle."""
    called = (rows.labels == 1) == right
    return Answers(np.where(called, 0.5 + sure, 0.5 - sure), called)
