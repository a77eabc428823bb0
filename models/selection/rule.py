"""The choice among models: the lowest log loss, or a simpler model that is as good as equal to it.

A proper score decides: accuracy and F1 at a threshold look at the few rows near the threshold alone, and a threshold
fitted on the rows that judge flatters the model that it suits best. Differences are paired: what is hard about a row
is hard for every model, so the error of a difference is far below that of a score.

How far may a simpler model be behind? Breiman et al. (1984, section 3.4.3) take the simplest within one standard error
of the best. That is a taste for simplicity whose price rises as rows get fewer. Let d be the difference seen, of
standard error 1, of a true difference that may be anything (a flat prior). Taking the simpler one up to d = k loses, on
average, 1 + k^2 times what taking the lower loss does: twice as much for k = 1. On real tweets it costs more than that,
for the networks are in truth the better ones; even k = 1/4 doubles the loss (tests/benchmarks/bench_choice.py). So
simplicity has a worth in the score itself, whose price is bounded by it, and how sure the choice is, is said apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from models.settings import Kind
from models.wording import counted

# What each costs to serve and to understand, the cheapest first; kinds that a table of models can hold.
SIMPLEST_FIRST: tuple[Kind, ...] = ("logistic", "nb-svm", "feed-forward", "rnn", "gru", "lstm", "ensemble")
# Nats by which a simpler model may be behind. Where an LSTM is .025 better it has 1.3 points more accuracy, so this is
# a twentieth of a point.
EVEN = 0.001
TOLD_APART = 1.96  # standard errors: of two equal models, one in twenty differs by more


class Contender(NamedTuple):
    """A trained model, and what each row cost it, float64 (rows,), that it has not learned from."""

    name: str
    kind: Kind
    losses: np.ndarray


@dataclass(frozen=True)
class Standing:
    """How a model stands: its mean loss, how much that exceeds the lowest one's, and the error of this difference.

    `tied`: these rows do not tell it from the one with the lowest loss.
    """

    name: str
    loss: float
    difference: float
    error: float
    tied: bool


@dataclass(frozen=True)
class ModelChoice:
    """Which contender was chosen, which has the lowest loss, by their places, and how all of them stand."""

    chosen: int
    lowest: int
    standings: tuple[Standing, ...]
    rows: int

    @property
    def name(self) -> str:
        """The name of the chosen model."""
        return self.standings[self.chosen].name

    @property
    def tied(self) -> tuple[Standing, ...]:
        """Those that cannot be told from the one with the lowest loss, itself included, the lowest first."""
        return tuple(sorted((each for each in self.standings if each.tied), key=lambda each: each.loss))

    @property
    def words(self) -> str:
        """How sure the choice is, to be read after the name of the chosen model; without a full stop."""
        return _in_words(self)


def choose_model(contenders: Sequence[Contender], groups: np.ndarray, even: float = EVEN) -> ModelChoice:
    """The simplest model whose mean loss is at most `even` above the lowest; of one kind, the lowest.

    Each standing has the standard error of the paired difference from the lowest, with the rows of one group (rows,)
    taken together: copies of a tweet are not independent evidence. Neither the order of the rows nor that of the
    contenders matters, but for models of the same kind and loss, of which the first is taken. Raises ValueError without
    contenders or rows, for losses of unequal length and for such as are not finite.
    """
    losses, ranks = _checked(contenders, groups), [rank_of(each.kind) for each in contenders]
    means = losses.mean(axis=1)
    lowest = int(np.lexsort((ranks, means))[0])
    standings = [
        _standing(contender.name, float(mean), difference, groups)
        for contender, mean, difference in zip(contenders, means, losses - losses[lowest], strict=True)
    ]
    near = [place for place, each in enumerate(standings) if each.difference <= even]
    chosen = min(near, key=lambda place: (ranks[place], standings[place].loss, place))
    return ModelChoice(chosen, lowest, tuple(standings), len(groups))


def _standing(name: str, loss: float, differences: np.ndarray, groups: np.ndarray) -> Standing:
    """The standing of a model whose losses differ so from those of the lowest."""
    difference, error = float(differences.mean()), _grouped_error(differences, groups)
    return Standing(name, loss, difference, error, difference <= TOLD_APART * error)


def rank_of(kind: Kind) -> int:
    """Place of the kind of model among all, the simplest and fastest 0."""
    return SIMPLEST_FIRST.index(kind)


def _checked(contenders: Sequence[Contender], groups: np.ndarray) -> np.ndarray:
    """The losses (contenders, rows)."""
    if not contenders or not len(groups):
        raise ValueError(f"nothing to choose by: {counted(len(contenders), 'model')} and {counted(len(groups), 'row')}")
    for each in contenders:
        if each.losses.shape != groups.shape:
            raise ValueError(f"{each.name} has losses of {each.losses.shape}, the rows are {groups.shape}")
        if not np.isfinite(each.losses).all():
            raise ValueError(f"{each.name} has losses that are not finite: give probabilities within 0-1")
    return np.stack([each.losses for each in contenders]).astype(float)


def _grouped_error(values: np.ndarray, groups: np.ndarray) -> float:
    """Standard error of the mean of values whose groups are independent: that of the sums of the groups.

    One group says nothing of others: infinity, unless all of its values are 0.
    """
    members = np.unique(groups, return_inverse=True)[1]
    count = int(members.max()) + 1
    if count == 1:
        return float("inf") if values.any() else 0.0
    sums = np.bincount(members, weights=values - values.mean())
    return float(np.sqrt(count / (count - 1) * np.sum(sums**2)) / len(values))


def _in_words(choice: ModelChoice) -> str:
    chosen, lowest, tied = choice.standings[choice.chosen], choice.standings[choice.lowest], choice.tied
    rows = counted(choice.rows, "validation row")
    if len(choice.standings) == 1:
        return "it is the only model"
    if any(each.error == float("inf") for each in choice.standings):
        return f"{rows} cannot tell the {len(choice.standings)} models apart, {chosen.name} is chosen by chance"
    if len(tied) == 1:
        return f"its log loss on {rows}, {chosen.loss:.3f}, is surely the lowest: {_nearest(choice)}"
    others = ", ".join(f"{each.name} (+{each.difference:.3f} ± {each.error:.3f})" for each in tied[1:])
    said = f"these {len(tied)} cannot be told apart on {rows}: {tied[0].name} (log loss {tied[0].loss:.3f}), {others}"
    if chosen is lowest:
        return f"{said}; {chosen.name} has the lowest log loss"
    return f"{said}; {chosen.name} is simpler than {lowest.name} and as good as equal to it"


def _nearest(choice: ModelChoice) -> str:
    """The model that is least surely worse than the lowest, in words."""
    others = [each for place, each in enumerate(choice.standings) if place != choice.lowest]
    nearest = min(others, key=lambda each: each.difference / each.error if each.error else float("inf"))
    return f"that of the next, {nearest.name}, is higher by {nearest.difference:.3f} ± {nearest.error:.3f}"
