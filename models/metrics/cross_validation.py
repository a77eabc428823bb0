"""What out-of-fold predictions say of each model, and of one model against another."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.metrics.probability_columns import read_probabilities
from models.metrics.significance import Predictions, bootstrap_scores, interval_of, mcnemar, paired_difference

SCORES = ("accuracy", "f1", "roc_auc", "log_loss", "brier", "ece")
COMPARED = ("accuracy", "f1", "roc_auc", "log_loss")


@dataclass(frozen=True)
class HeldOut:
    """The predictions of several models on the same held-out rows, every labelled row once for each seed."""

    labels: np.ndarray  # 0 or 1, or the number of one of several classes (rows,)
    groups: np.ndarray  # rows of near-duplicates, and one row under several seeds, share theirs
    seeds: np.ndarray
    folds: np.ndarray
    models: Mapping[str, Predictions]

    @classmethod
    def from_table(cls, table: pa.Table) -> "HeldOut":
        """Of the columns group, fold, seed, model, probability, threshold and target, each model's rows in one order.

        Of several classes also `probability_0` and so on; the threshold is null then.

        Raises ValueError when the models were not scored on the same rows.
        """
        names = pc.unique(table["model"]).to_pylist()
        parts = {name: table.filter(pc.equal(table["model"], name)) for name in names}
        first = parts[names[0]]
        for name, part in parts.items():
            if not part.select(ROWS).equals(first.select(ROWS)):
                raise ValueError(f"{name} was not scored on the rows of {names[0]}, in their order: nothing compares")
        return cls(
            first["target"].to_numpy(),
            first["group"].combine_chunks().dictionary_encode().indices.to_numpy(),
            first["seed"].to_numpy(),
            first["fold"].to_numpy(),
            {name: Predictions(read_probabilities(each), each["threshold"].to_numpy()) for name, each in parts.items()},
        )

    @cached_property
    def resampled(self) -> dict[str, dict[str, np.ndarray]]:
        """The scores of the grouped bootstrap, of the same resamples for all models."""
        return bootstrap_scores(self.labels, self.groups, self.models, seed=0)

    def scores(self, name: str, rows: np.ndarray | slice = slice(None)) -> dict[str, float]:
        """The scores of a model on some of the rows; NaN where one is undefined."""
        each = self.models[name]
        labels, said = Predictions(each.probabilities[rows], each.thresholds[rows]).checked(self.labels[rows])
        found = said.scores(labels, np.ones((1, len(labels))))
        return {metric: float(found[metric][0]) for metric in SCORES}

    def right(self, name: str) -> np.ndarray:
        """Whether a model called each row rightly."""
        right: np.ndarray = self.models[name].called.astype(np.int64) == self.labels
        return right


ROWS = ["group", "fold", "seed", "target"]


def summarise(held_out: HeldOut, name: str) -> dict[str, Any]:
    """The scores of one model: pooled over all held-out rows, with intervals; by fold and by seed.

    Intervals are those of a bootstrap over groups of near-duplicates: how far other tweets of the kind would move the
    score. `folds` tells how far it moves from fit to fit, mean and standard deviation, `seeds` from partition to
    partition.
    """
    fits = [(seed, fold) for seed in _values(held_out.seeds) for fold in _values(held_out.folds)]
    by_fit = [held_out.scores(name, (held_out.seeds == seed) & (held_out.folds == fold)) for seed, fold in fits]
    by_seed = [held_out.scores(name, held_out.seeds == seed) for seed in _values(held_out.seeds)]
    return {
        **held_out.scores(name),
        "intervals": {metric: list(interval_of(held_out.resampled[name][metric])) for metric in SCORES},
        "folds": {metric: _spread([each[metric] for each in by_fit]) for metric in SCORES},
        "seeds": {metric: [each[metric] for each in by_seed] for metric in SCORES},
    }


def compare(held_out: HeldOut, name: str, baseline: str) -> dict[str, Any]:
    """How a model differs from a baseline: each score's difference with interval and p, and McNemar's test.

    McNemar's test is made for each seed by itself: pooled, every row would count once for each seed. It takes rows for
    independent, which near-duplicates are not; the bootstrap does not.
    """
    scores, others = held_out.scores(name), held_out.scores(baseline)
    first, second = held_out.resampled[name], held_out.resampled[baseline]
    differences = {
        metric: asdict(paired_difference(scores[metric] - others[metric], first[metric], second[metric]))
        for metric in COMPARED
    }
    right, other_right = held_out.right(name), held_out.right(baseline)
    tests = [
        {"seed": seed, **asdict(mcnemar(right[held_out.seeds == seed], other_right[held_out.seeds == seed]))}
        for seed in _values(held_out.seeds)
    ]
    return {"model": name, "baseline": baseline, "differences": differences, "mcnemar": tests}


def comparisons(held_out: HeldOut, baselines: Sequence[str]) -> list[dict[str, Any]]:
    """Every model against the baselines that it is compared with, as far as they were scored."""
    found = []
    for name in held_out.models:
        found += [compare(held_out, name, each) for each in baselines_for(name, baselines) if each in held_out.models]
    return found


def baselines_for(name: str, baselines: Sequence[str]) -> Sequence[str]:
    """What a model is compared with: every baseline, and a baseline with those before it.

    >>> baselines_for("nb-svm", ("tf-idf", "nb-svm")), baselines_for("lstm", ("tf-idf", "nb-svm"))
    (('tf-idf',), ('tf-idf', 'nb-svm'))
    """
    return baselines[: baselines.index(name)] if name in baselines else baselines


def _values(column: np.ndarray) -> list[int]:
    return [int(each) for each in np.unique(column)]


def _spread(values: Sequence[float]) -> dict[str, float]:
    """Mean and standard deviation of a sample; values that are undefined do not count."""
    known = np.array([each for each in values if each == each])
    if not known.size:
        return {"mean": float("nan"), "deviation": float("nan")}
    return {"mean": float(known.mean()), "deviation": float(known.std(ddof=1)) if known.size > 1 else 0.0}
