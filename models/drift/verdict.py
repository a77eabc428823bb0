"""From measures to a verdict: which of them moved, how sure that is, and whether the rows could have shown it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from models.drift.two_sample import Shift, detectable_effect

Verdict = Literal["same", "shifted", "cannot tell"]

LEVEL = 0.01  # chance of one false alarm, over all measures of all windows that are ever watched
SMALL = 0.1  # half of what Cohen calls small: a smaller shift does not matter, however certain
MEDIUM = 0.5  # rows that could not have shown this much say nothing


@dataclass(frozen=True)
class Measured:
    """A measure of a window: its shift, p corrected for the measures and windows watched, and its verdict."""

    name: str
    effect: float
    p: float
    p_corrected: float
    verdict: Verdict


def spent_share(window: int) -> float:
    """The share of LEVEL for the how-many-th window of a model: 1/2, 1/6, 1/12, ..., which add up to 1.

    So the correction holds for as many windows as will ever be watched, without knowing their number.

    >>> round(sum(spent_share(window) for window in range(1, 1_000)), 3)
    0.999
    """
    if window < 1:
        raise ValueError(f"windows are counted from 1, got {window}")
    return 1 / (window * (window + 1))


def judge(shifts: Mapping[str, Shift], rows: tuple[int, int], window: int) -> list[Measured]:
    """Each measure with its verdict, from the rows of reference and window, by Bonferroni's correction."""
    factor = len(shifts) / spent_share(window)
    enough = detectable_effect(*rows, LEVEL / factor) <= MEDIUM
    found = []
    for name, shift in shifts.items():
        corrected = min(1.0, shift.p * factor)
        verdict: Verdict = "same" if enough else "cannot tell"
        if corrected < LEVEL and abs(shift.effect) >= SMALL:
            verdict = "shifted"
        found.append(Measured(name, shift.effect, shift.p, corrected, verdict))
    return found


def overall(measures: Sequence[Measured]) -> Verdict:
    """The verdict on the window: shifted if any measure is, else "cannot tell" if any cannot."""
    verdicts = {each.verdict for each in measures}
    return next(each for each in ("shifted", "cannot tell", "same") if each in verdicts)
