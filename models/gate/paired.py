"""Two classifiers on the same rows: how much better one is, how sure that is, and what these rows could show at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Any, ClassVar

import numpy as np

from models.classifiers.target import TWO, Target
from models.metrics.classes import macro_f1_of
from models.metrics.scores import WEIGHTS_AT_ONCE, classification_metrics
from models.metrics.significance import mcnemar
from models.seeds import generator

SCORES = ("accuracy", "f1", "log_loss", "ece")
POWER = 0.9  # with which a gain counts as one that the rows can detect


@dataclass(frozen=True)
class HeldOut:
    """Labelled rows that neither model learned from: labels and groups of near-duplicates, both (rows,).

    Labels are 0/1, or the numbers of the several classes of the target.
    """

    labels: np.ndarray
    groups: np.ndarray
    target: Target = TWO

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def members(self) -> np.ndarray:
        """The number of each row's group, 0 to groups - 1."""
        return np.unique(self.groups, return_inverse=True)[1]


@dataclass(frozen=True)
class Answers:
    """What a model says of the rows: P(target = 1), and whether it calls them positive at its own threshold.

    Of several classes (rows, classes), and the number of the class that it calls.
    """

    probabilities: np.ndarray
    called: np.ndarray

    def right(self, rows: HeldOut) -> np.ndarray:
        """Whether each row is called what it is."""
        right: np.ndarray = self.called.astype(np.int64) == rows.labels
        return right

    def scores(self, rows: HeldOut) -> dict[str, float]:
        """The scores of SCORES; accuracy and F1 of what the model itself called."""
        told = rows.target.scores(rows.labels, self.probabilities)
        # Of two classes it called at a threshold of its own; of several it called the likeliest, as their scores do.
        called = told if rows.target.names else classification_metrics(rows.labels, self.called.astype(float))
        return {name: (called if name in ("accuracy", "f1") else told)[name] for name in SCORES}


@dataclass(frozen=True)
class Paired:
    """The held-out rows of one source, with the answers of both models to them."""

    rows: HeldOut
    champion: Answers
    challenger: Answers

    def joined(self, other: "Paired", kept: np.ndarray) -> "Paired":
        """These rows, then those rows of the other that are kept, bool (rows,)."""

        def join(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
            return np.concatenate([mine, theirs[kept]])

        def both(mine: Answers, theirs: Answers) -> Answers:
            return Answers(join(mine.probabilities, theirs.probabilities), join(mine.called, theirs.called))

        labels, groups = join(self.rows.labels, other.rows.labels), join(self.rows.groups, other.rows.groups)
        rows = HeldOut(labels, groups, self.rows.target)
        return Paired(rows, both(self.champion, other.champion), both(self.challenger, other.challenger))


@dataclass(frozen=True)
class Gain:
    """The challenger's accuracy less the champion's.

    `interval` holds 95 % of the resampled gains; `p_mcnemar` and `p_bootstrap` are one-sided; `detectable` is the gain
    that these rows show nine times out of ten, models that differ on as many rows given; None where it is more than
    any challenger could gain: the rows are too few to tell.
    """

    score: ClassVar[str] = "accuracy"

    rows: int
    groups: int
    only_champion: int
    only_challenger: int
    value: float
    error: float
    interval: tuple[float, float]
    p_mcnemar: float
    p_bootstrap: float
    detectable: float | None

    @property
    def p(self) -> float:
        """The larger of both: McNemar's test takes copies for independent, the bootstrap few rows for many."""
        return max(self.p_mcnemar, self.p_bootstrap)

    def lowest(self, level: float, margin: float) -> float:
        """The lower bound of the gain at this one-sided level, as far as a loss of `margin` could hide in these rows.

        Models that hardly ever differ on the rows are not yet shown to be alike: were the loss as large as the margin,
        a share of the groups that large would differ, and the error is that of such a share at least.
        """
        error = max(self.error, float(np.sqrt(margin / self.groups)))
        return self.value - quantile(1 - level) * error


class MacroGain(Gain):
    """The challenger's macro F1 less the champion's, of a label of several classes; tested by the bootstrap alone.

    `p_mcnemar` is that of accuracy, and has no say.
    """

    score: ClassVar[str] = "macro F1"

    @property
    def p(self) -> float:
        """That of the bootstrap."""
        return self.p_bootstrap


@dataclass(frozen=True)
class Compared:
    """Which rows the champion and the challenger get right, bool (rows,), and masks (rows, slices) over the rows."""

    rows: HeldOut
    before: np.ndarray
    after: np.ndarray
    masks: np.ndarray

    @classmethod
    def of(cls, rows: HeldOut, champion: Answers, challenger: Answers, masks: Sequence[np.ndarray]) -> "Compared":
        """The comparison of these answers on all rows and on each of these parts of them."""
        columns = np.array(masks, dtype=float).reshape(len(masks), len(rows)).T
        return cls(rows, champion.right(rows), challenger.right(rows), columns)

    def resample(self, resamples: int) -> tuple[np.ndarray, np.ndarray]:
        """Gains in accuracy by bootstrap: (resamples,) on all rows, and (resamples, slices)."""
        masks = np.column_stack([np.ones(len(self.rows)), self.masks])
        drawn = resampled_means(self.rows, self.after.astype(float) - self.before, masks, resamples)
        return drawn[:, 0], drawn[:, 1:]


def measure_gain(compared: Compared, drawn: np.ndarray, level: float) -> Gain:
    """The gain on all rows, from its resamples; `level` is the one-sided one of the test to come."""
    rows = len(compared.rows)
    value = (int(compared.after.sum()) - int(compared.before.sum())) / rows
    most = 1 - float(compared.before.mean())
    return Gain(value=value, **_measured(compared, drawn, level, 1 / rows, most))


def measure_macro_gain(
    compared: Compared, champion: Answers, challenger: Answers, level: float, resamples: int
) -> MacroGain:
    """The gain in macro F1 on all rows, by bootstrap over whole groups as that of accuracy."""
    rows = compared.rows
    both = [_counts_by_group(rows, answers) for answers in (champion, challenger)]
    old, new = (float(macro_f1_of(counts.sum(axis=0)[None])[0]) for counts in both)
    _, of_class = np.unique(rows.labels, return_counts=True)
    one_row = 1 / (rows.target.size * int(of_class.min()))  # of the rarest class
    measured = _measured(compared, _resampled_macro_gains(both, resamples), level, one_row, 1 - old)
    return MacroGain(value=new - old, **measured)


def _measured(compared: Compared, drawn: np.ndarray, level: float, one_row: float, most: float) -> dict[str, Any]:
    """The fields of a gain but its value, from its resamples.

    `one_row` is what a single row is worth: models that never differ count as if they differed on one. `most` is the
    largest gain that any challenger could have.
    """
    rows, before, after = compared.rows, compared.before, compared.after
    error = max(float(drawn.std()), one_row)
    low, high = np.percentile(drawn, [2.5, 97.5])
    detectable = (quantile(1 - level) + quantile(POWER)) * error
    return {
        "rows": len(rows),
        "groups": int(rows.members.max()) + 1,
        "only_champion": int((before & ~after).sum()),
        "only_challenger": int((after & ~before).sum()),
        "error": error,
        "interval": (float(low), float(high)),
        "p_mcnemar": one_sided_mid_p(before, after),
        "p_bootstrap": (1 + int((drawn <= 0).sum())) / (len(drawn) + 1),
        "detectable": detectable if detectable <= most else None,
    }


def _counts_by_group(rows: HeldOut, answers: Answers) -> np.ndarray:
    """Rows of each class, down, that are called each, across, by group: (groups, classes, classes)."""
    size = rows.target.size
    pairs = np.asarray(rows.labels, np.int64) * size + answers.called
    groups = int(rows.members.max()) + 1
    counts = np.bincount(rows.members * size**2 + pairs, minlength=groups * size**2)
    return counts.reshape(groups, size, size)


def _resampled_macro_gains(both: Sequence[np.ndarray], resamples: int) -> np.ndarray:
    """Gains (resamples,) from the counts by group of champion and challenger, groups drawn with replacement."""
    count, size = both[0].shape[:2]
    sums = np.concatenate([counts.reshape(count, -1) for counts in both], axis=1).astype(np.float32)
    random, parts = generator(0, "gate/bootstrap"), []
    step = max(1, WEIGHTS_AT_ONCE // max(sums.shape))
    for start in range(0, resamples, step):
        drawn = (_draw_groups(random, min(step, resamples - start), count) @ sums).reshape(-1, 2, size, size)
        parts.append(macro_f1_of(drawn[:, 1]) - macro_f1_of(drawn[:, 0]))
    return np.concatenate(parts)


def one_sided_mid_p(before: np.ndarray, after: np.ndarray) -> float:
    """McNemar's mid-p of the challenger's gain: the chance of so many rows for it, were each row a fair coin.

    >>> round(one_sided_mid_p(np.arange(8) == 0, np.arange(8) > 0), 4)
    0.0195
    """
    found = mcnemar(before, after)
    return found.mid_p / 2 if found.only_second > found.only_first else 1 - found.mid_p / 2


def resampled_means(rows: HeldOut, values: np.ndarray, masks: np.ndarray, resamples: int) -> np.ndarray:
    """Means (resamples, columns) of `values` (rows,) over the rows of each mask (rows, columns), by bootstrap.

    Groups are drawn with replacement, all rows of one together: copies of a tweet are not independent evidence. The
    draws depend on the number of groups alone, so the same rows give the same verdict. A mask that a resample left
    empty has mean 0 there.
    """
    count, columns = int(rows.members.max()) + 1, masks.shape[1]
    sums = np.zeros((count, 2 * columns), np.float32)  # whole numbers, small enough to be exact
    np.add.at(sums, rows.members, np.hstack([values[:, None] * masks, masks]))
    random, parts = generator(0, "gate/bootstrap"), []
    step = max(1, WEIGHTS_AT_ONCE // count)
    for start in range(0, resamples, step):
        drawn = _draw_groups(random, min(step, resamples - start), count) @ sums
        total, size = drawn[:, :columns], drawn[:, columns:]
        parts.append(np.divide(total, size, out=np.zeros_like(total), where=size > 0))
    return np.concatenate(parts)


def _draw_groups(random: np.random.Generator, resamples: int, count: int) -> np.ndarray:
    """How often each group is drawn, float32 (resamples, groups)."""
    drawn = random.integers(0, count, (resamples, count)) + np.arange(resamples)[:, None] * count
    return np.bincount(drawn.ravel(), minlength=resamples * count).reshape(resamples, count).astype(np.float32)


def selection_bias(error: float, challenges: int) -> float:
    """How much, at most and on average, a champion's own score on these rows flatters it after so many challenges.

    The first champion was not chosen by these rows. Any later one is a challenger whose score exceeds the first one's
    by chance with standard error `error`; the greatest of k + 1 such numbers has a mean of at most error * sqrt(2
    ln(k + 1)), however they depend on one another. The gate lets far fewer through: see tests/benchmarks/bench_gate.py.
    """
    return error * float(np.sqrt(2 * np.log(challenges + 1)))


def quantile(share: float) -> float:
    """The standard normal quantile."""
    return NormalDist().inv_cdf(share)
