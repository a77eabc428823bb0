"""What every training watches for: numbers that are none, weights out of range, and a loss that rises.

A training that diverges goes on to its end without an error and leaves numbers that look like any others. So each one
measures its loss, on the same sample every time, and stops where the loss or the weights show that it learns nothing.
"""

import math
from dataclasses import dataclass, field

import numpy as np

MOST_NORM = 1000.0  # of a row of weights; the longest word vector of ten million words of real text has 18
MOST_LOSS = 1.5  # times the loss of knowing nothing
MOST_RISE = 1.5  # times the lowest loss so far, where the loss is that of knowing nothing again


class DivergenceError(ArithmeticError):
    """A training went wrong: its message says what was seen, since when, and what to change."""


@dataclass
class TrainingWatch:
    """Checks a training as it runs; remembers when all was well for the last time.

    `nothing` is the loss of a model that knows nothing and gives every class the same chance. A loss below it is no
    reason to stop, even one that rises: a text that is learned piece by piece makes it go up and down.
    """

    name: str
    remedy: str
    nothing: float = math.inf
    most_norm: float = math.inf
    sound: str = "before the first step"
    lowest: float = field(default=math.inf, init=False)

    def check(self, when: str, loss: float, norm: float = 0.0) -> None:
        """Take note of a loss and of the longest row of weights. Raises DivergenceError when one is out of range."""
        if wrong := self._wrong(loss, norm):
            raise DivergenceError(
                f"the training of {self.name} diverged: {wrong} {when}; all was well {self.sound}. {self.remedy}"
            )
        self.lowest = min(self.lowest, loss)
        self.sound = f"{when} (loss {loss:.4g})"

    def _wrong(self, loss: float, norm: float) -> str:
        """What is out of range, in words; empty when nothing is."""
        if not math.isfinite(loss):
            return f"its loss is {loss}"
        if not math.isfinite(norm) or norm > self.most_norm:
            return f"the norm of a row of weights is {norm:.4g}, at most {self.most_norm:.4g} is sound,"
        if loss > MOST_LOSS * self.nothing:
            return f"its loss is {loss:.4g}, where knowing nothing costs {self.nothing:.4g},"
        if loss > self.nothing and loss > MOST_RISE * self.lowest:
            return (
                f"its loss rose from {self.lowest:.4g} to {loss:.4g}, where knowing nothing costs {self.nothing:.4g},"
            )
        return ""


def longest_row(weights: np.ndarray) -> float:
    """The largest norm along the last axis; 0 for weights without any; NaN where a number is none."""
    return float(np.sqrt(np.max(np.sum(np.square(np.atleast_1d(weights), dtype=np.float64), axis=-1), initial=0.0)))
