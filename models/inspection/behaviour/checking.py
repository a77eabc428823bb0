"""Asking one classifier for all cases at once, and counting what it got wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from models.classifiers.pipeline import TextClassifier
from models.inspection.behaviour.cases import BEHAVIOURS, Behaviour, Expectation, Kind

CLOSE = 0.1
ROUNDING = 1e-5  # equal tokens among other neighbours in a batch differ by less
EXAMPLES = 3


@dataclass(frozen=True)
class Example:
    """A case that failed, with the probabilities given."""

    before: str
    after: str
    probability_before: float
    probability_after: float


@dataclass(frozen=True)
class BehaviourResult:
    """How many cases of one behaviour failed, and the worst of them."""

    name: str
    kind: Kind
    expected: Expectation
    cases: int
    failures: int
    examples: tuple[Example, ...]


def check_behaviour(classifier: TextClassifier, behaviours: Sequence[Behaviour] = BEHAVIOURS) -> list[BehaviourResult]:
    """The result of every behaviour, in order; the classifier is asked once, for all texts together.

    Raises ValueError for one of several classes: the sentences do not know which of them is a disaster.
    """
    if classifier.threshold is None:
        raise ValueError(f"behaviour tests need a label of two classes; {classifier.name} has several")
    cases = [behaviour.cases() for behaviour in behaviours]
    texts = list(dict.fromkeys(text for group in cases for case in group for text in (case.before, case.after)))
    given = dict(zip(texts, classifier.probabilities(pa.array(texts, pa.string())).tolist(), strict=True))
    results = []
    for behaviour, group in zip(behaviours, cases, strict=True):
        examples = [Example(each.before, each.after, given[each.before], given[each.after]) for each in group]
        results.append(_judge(behaviour, examples, classifier.threshold))
    return results


def _judge(behaviour: Behaviour, examples: Sequence[Example], threshold: float) -> BehaviourResult:
    before = np.array([each.probability_before for each in examples])
    after = np.array([each.probability_after for each in examples])
    misses = miss(behaviour.expected, before, after, threshold)
    worst = [int(each) for each in np.argsort(-misses, kind="stable") if misses[each] > 0]
    chosen = tuple(examples[each] for each in worst[:EXAMPLES])
    return BehaviourResult(behaviour.name, behaviour.kind, behaviour.expected, len(examples), len(worst), chosen)


def miss(expected: Expectation, before: np.ndarray, after: np.ndarray, threshold: float) -> np.ndarray:
    """By how much each case misses what was expected, float64 (cases,); 0 or less where it holds.

    >>> miss("lower", np.array([0.9, 0.9]), np.array([0.2, 0.95]), 0.5).round(2).tolist()
    [-0.7, 0.05]
    """
    change: np.ndarray = after - before
    missed: np.ndarray
    match expected:
        case "the same":
            missed = np.abs(change) - ROUNDING
        case "within 0.1":
            missed = np.abs(change) - CLOSE
        case "lower":
            missed = change + ROUNDING
        case "higher":
            missed = ROUNDING - change
        case "called":
            missed = np.nextafter(threshold, 1) - after
        case "not called":
            missed = np.nextafter(after, 1) - threshold
    return missed
