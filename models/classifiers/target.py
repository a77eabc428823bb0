"""What the label of a text can be: two classes or several, and how a classifier of it is scored and calibrated.

A classifier of two classes gives P(target = 1), (rows,), and calls a row positive from a threshold on. One of several
gives a probability for each class, (rows, classes), and calls the likeliest. Labels are numbers of classes, from 0 on.
Whoever trains, judges or compares classifiers asks a `Target` and need not know which of both it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.classifiers.calibration import fit_temperature, log_probabilities
from models.classifiers.text_kinds import fit_class_temperature
from models.metrics import classes as of_classes
from models.metrics.scores import (
    CERTAIN,
    bootstrap_intervals,
    choose_threshold,
    classification_metrics,
    row_losses,
)
from models.settings import ThresholdSettings


class Target(Protocol):
    """The classes of a label, and all that depends on how many they are."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names that were given to the classes; none of two, which are disaster and no disaster."""

    @property
    def size(self) -> int:
        """How many classes there are."""

    @property
    def f1_name(self) -> str:
        """What the score `f1` is, in words."""

    def scores(self, labels: np.ndarray, probabilities: np.ndarray, threshold: float | None = None) -> dict[str, float]:
        """Scores of the probabilities under the names of METRICS; `threshold` is that of two classes, 0.5 if None."""

    def intervals(
        self, labels: np.ndarray, probabilities: np.ndarray, threshold: float | None
    ) -> dict[str, tuple[float, float]]:
        """95 % bootstrap intervals over rows, of accuracy and F1 at least."""

    def losses(self, labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """The log loss of each row, float64 (rows,), of probabilities kept CERTAIN away from 0 and 1."""

    def choose_threshold(
        self, labels: np.ndarray, probabilities: np.ndarray, settings: ThresholdSettings
    ) -> float | None:
        """From which probability on to call a row positive; None where the likeliest class is called."""

    def fit_temperature(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        """The temperature that gives these rows the least log loss."""

    def refuse_missing_class(self, labels: np.ndarray) -> None:
        """Raise ValueError where the labels to learn from lack a class."""


@dataclass(frozen=True)
class TwoClasses:
    """Disaster and no disaster; F1 is that of disasters."""

    names: tuple[str, ...] = ()
    size: int = 2
    f1_name: str = "F1"

    def scores(self, labels: np.ndarray, probabilities: np.ndarray, threshold: float | None = None) -> dict[str, float]:
        """See Target."""
        return classification_metrics(labels, probabilities, 0.5 if threshold is None else threshold)

    def intervals(
        self, labels: np.ndarray, probabilities: np.ndarray, threshold: float | None
    ) -> dict[str, tuple[float, float]]:
        """See Target."""
        return bootstrap_intervals(labels, probabilities, 0.5 if threshold is None else threshold, seed=0)

    def losses(self, labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """See Target."""
        return row_losses(labels, probabilities)

    def choose_threshold(
        self, labels: np.ndarray, probabilities: np.ndarray, settings: ThresholdSettings
    ) -> float | None:
        """See Target."""
        return choose_threshold(labels, probabilities, settings.aim, settings.miss_costs)

    def fit_temperature(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        """See Target."""
        return fit_temperature(labels, probabilities)

    def refuse_missing_class(self, labels: np.ndarray) -> None:
        """See Target."""
        if np.min(labels) == np.max(labels):
            raise ValueError(f"training rows hold one class only ({labels[0]}): there is nothing to learn")


@dataclass(frozen=True)
class SeveralClasses:
    """More than two classes, by name; F1 is the mean of the F1 of each."""

    names: tuple[str, ...]
    f1_name: str = "macro F1"

    @property
    def size(self) -> int:
        """See Target."""
        return len(self.names)

    def scores(self, labels: np.ndarray, probabilities: np.ndarray, threshold: float | None = None) -> dict[str, float]:
        """See Target."""
        return of_classes.class_metrics(labels, probabilities)

    def intervals(
        self, labels: np.ndarray, probabilities: np.ndarray, threshold: float | None
    ) -> dict[str, tuple[float, float]]:
        """See Target."""
        return of_classes.class_intervals(labels, probabilities.argmax(axis=1), self.size)

    def losses(self, labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """See Target."""
        return -log_probabilities(probabilities[np.arange(len(labels)), labels], CERTAIN)

    def choose_threshold(
        self, labels: np.ndarray, probabilities: np.ndarray, settings: ThresholdSettings
    ) -> float | None:
        """See Target. Raises ValueError where a missed disaster costs more: of several classes none is meant."""
        refuse_costs(self.names, settings.miss_costs)
        return None

    def fit_temperature(self, labels: np.ndarray, probabilities: np.ndarray) -> float:
        """See Target."""
        return fit_class_temperature(labels, log_probabilities(probabilities))

    def refuse_missing_class(self, labels: np.ndarray) -> None:
        """See Target."""
        rows = np.bincount(labels, minlength=self.size)
        if lost := [name for name, count in zip(self.names, rows, strict=True) if not count]:
            raise ValueError(f"no training row is of class {' or '.join(lost)}: it cannot be learned")


TWO = TwoClasses()


def target_of(names: Sequence[str]) -> Target:
    """The target of classes of these names; of none the one of two classes."""
    return SeveralClasses(tuple(names)) if names else TWO


def refuse_costs(names: Sequence[str], miss_costs: float | None) -> None:
    """Raise ValueError where misses have a cost of their own and the label has several classes."""
    if names and miss_costs is not None:
        raise ValueError(
            f"--miss-costs needs a label of two classes, this one has {len(names)} ({', '.join(names)}): the likeliest "
            "is called, whatever a miss costs"
        )


def refuse_several(names: Sequence[str], what: str) -> None:
    """Raise ValueError where `what`, a subject in the singular, is asked of a label of several classes."""
    if names:
        raise ValueError(f"{what} needs a label of two classes; this one has {len(names)}: {', '.join(names)}")
