"""Further labels of a text beside whether it reports a disaster: what it tells of, who tells it, and the like.

A kind sorts texts into classes. A network gives a logit for every class of every kind, side by side behind its
log-odds; here they become probabilities.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy.special import log_softmax, softmax

from models.classifiers.calibration import COLDEST, HOTTEST

NO_LABEL = -1  # in place of the number of a class
FEWEST_TO_CALIBRATE = 50  # rows; fewer would fit their own noise


class TextKind(NamedTuple):
    """What a text is sorted by, into which classes, and the temperature of the probabilities."""

    name: str
    classes: tuple[str, ...]
    temperature: float = 1.0

    def described(self) -> dict[str, Any]:
        """The kind as JSON has it."""
        return {"name": self.name, "classes": list(self.classes), "temperature": self.temperature}


def read_kinds(about: Mapping[str, Any]) -> tuple[TextKind, ...]:
    """The kinds in the description of a classifier; none in one without."""
    described = about.get("kinds", ())
    return tuple(TextKind(each["name"], tuple(each["classes"]), float(each["temperature"])) for each in described)


def split_logits(logits: np.ndarray, kinds: Sequence[TextKind], first: int = 1) -> list[np.ndarray]:
    """The logits (rows, classes) of each kind, of logits (rows, first + classes of all kinds).

    The first are the log-odds of the label, or the logits of its several classes.
    """
    ends = np.cumsum([first, *(len(kind.classes) for kind in kinds)])
    return [logits[:, start:end] for start, end in pairwise(ends)]


def class_probabilities(logits: np.ndarray, kinds: Sequence[TextKind], first: int = 1) -> list[np.ndarray]:
    """Of each kind the probability of every class, float64 (rows, classes), of logits as `split_logits` takes them.

    >>> kind = TextKind("source", ("eyewitness", "media"))
    >>> class_probabilities(np.array([[7.0, 1.0, 1.0]]), [kind])[0].tolist()
    [[0.5, 0.5]]
    """
    parts = zip(kinds, split_logits(logits, kinds, first), strict=True)
    return [softmax(part / kind.temperature, axis=1) for kind, part in parts]


def fit_class_temperature(labels: np.ndarray, logits: np.ndarray) -> float:
    """The temperature that gives these rows, labels the numbers of classes, the least log loss (Guo et al. 2017).

    Give validation rows, logits (rows, classes). Of fewer than FEWEST_TO_CALIBRATE rows it is 1.
    """
    if len(labels) < FEWEST_TO_CALIBRATE:
        return 1.0
    from scipy.optimize import minimize_scalar  # takes a second to import

    rows = np.arange(len(labels))

    def loss(logarithm: float) -> float:
        return -float(np.mean(log_softmax(logits / np.exp(logarithm), axis=1)[rows, labels]))

    found = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x))
