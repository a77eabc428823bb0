"""What a worked example is: lines of two values that should agree, and the erratum where the text's does not."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Line:
    """One line of an example: what it is about, the value on the left, the one on the right, and why they differ."""

    item: str
    left: str
    right: str
    erratum: str = ""

    @property
    def agrees(self) -> bool:
        """Whether both values are the same."""
        return self.left == self.right


@dataclass(frozen=True)
class Example:
    """A worked example: its name, title, what it shows, how its lines are computed, and what stands left and right."""

    name: str
    title: str
    shows: str
    lines: Callable[[], list[Line]]
    left: str = "the text prints"
    right: str = "computed"


BY_HAND = {"left": "by hand, in NumPy", "right": "by the network"}


def numbers(values: np.ndarray, form: str = "{:.3f}") -> str:
    """An array on one line.

    >>> numbers(np.array([0.5, -1.0]))
    '0.500 -1.000'
    """
    # Adding zero turns the -0 that rounding leaves into 0.
    return " ".join(form.format(round(float(value), 6) + 0.0) for value in np.ravel(values))
