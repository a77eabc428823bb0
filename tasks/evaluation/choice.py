"""The choice among trained models by the validation rows, from what each kept of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from models.classifiers.target import target_of
from models.metrics.probability_columns import read_probabilities
from models.selection import Contender, ModelChoice, choose_model
from tasks.evaluation.comparison import ModelRow
from tasks.runtime import state_folder
from tasks.store import formats
from tasks.tracking import Run

OTHERWISE = "it has the highest validation {f1}; {why}, so nothing says how sure that is"


@dataclass(frozen=True)
class Chosen:
    """The model to put in use, in words how sure the choice is, and how all stand, where that could be compared."""

    row: ModelRow
    words: str
    choice: ModelChoice | None = None

    def summary(self) -> dict[str, Any]:
        """What `--json` prints of it."""
        if self.choice is None:
            return {"sentence": self.words, "lowest": None, "tied": [], "standings": []}
        standings = [
            {
                "name": each.name,
                "validation_log_loss": each.loss,
                "above_lowest": each.difference,
                "standard_error": each.error if np.isfinite(each.error) else None,
            }
            for each in self.choice.standings
        ]
        lowest = self.choice.standings[self.choice.lowest].name
        tied = [each.name for each in self.choice.tied]
        return {"sentence": self.words, "lowest": lowest, "tied": tied, "standings": standings}

    def record(self, run: Run) -> None:
        """Put the choice on a run: in words as a tag, the standing of each model as a table."""
        run.tag(choice=self.words)
        standings = self.summary()["standings"]
        if standings:
            run.log_table({name: [each[name] for each in standings] for name in standings[0]}, "choice")


def choose(rows: Sequence[ModelRow]) -> Chosen:
    """The model that the validation rows prefer, or the simplest of those that they prefer alike; test has no say.

    Models of an earlier release, or removed from the store, did not keep what is needed, and models of several folds
    have other validation rows: then validation F1 decides, as it did before, and that is said.
    """
    store = state_folder.state_home() / "store"
    found = [(row, formats.read_cross_fitted(store / row.artifact)) for row in rows]
    tables = [(row, table) for row, table in found if table is not None]
    if len(tables) < len(rows):
        return _by_f1(rows, "not every model kept what it said of the validation rows")
    first = tables[0][1]
    if any(not table.select(["id", "target"]).equals(first.select(["id", "target"])) for _, table in tables):
        return _by_f1(rows, "these models have different validation rows")
    if not len(first):
        return _by_f1(rows, "there are no validation rows")
    if any(row.classes != rows[0].classes for row in rows):
        return _by_f1(rows, "these models have labels of different classes")
    labels, target = first["target"].to_numpy(), target_of(rows[0].classes)
    contenders = [
        Contender(row.name, row.kind, target.losses(labels, read_probabilities(table))) for row, table in tables
    ]
    choice = choose_model(contenders, first["group"].to_numpy(zero_copy_only=False).astype(str))
    return Chosen(rows[choice.chosen], choice.words, choice)


def _by_f1(rows: Sequence[ModelRow], why: str) -> Chosen:
    best = max(rows, key=lambda row: row.validation_f1)
    return Chosen(best, OTHERWISE.format(why=why, f1=target_of(best.classes).f1_name))


@dataclass(frozen=True)
class DataSet:
    """The models that were scored on the same test rows, and the best of them."""

    data: str
    rows: tuple[ModelRow, ...]

    @cached_property
    def chosen(self) -> Chosen:
        """The model that validation prefers."""
        return choose(self.rows)

    @property
    def best(self) -> ModelRow:
        """Its row."""
        return self.chosen.row

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the several classes of their label; none of two."""
        return self.rows[0].classes

    @property
    def title(self) -> str:
        """Which rows these are, in words."""
        return f"Test rows of tweets/{self.data[:8]}: {self.rows[0].test_rows:,}"

    def summary(self) -> dict[str, Any]:
        """What `--json` prints of it."""
        runs = [row.run_id for row in self.rows]
        named = {"data": self.data, "run_ids": runs, "best": self.best.name, "best_run_id": self.best.run_id}
        return {**named, "choice": self.chosen.words}


def data_sets(rows: Sequence[ModelRow]) -> list[DataSet]:
    """The rows by their data, in the order in which data first occur."""
    return [
        DataSet(data, tuple(row for row in rows if row.data == data)) for data in dict.fromkeys(r.data for r in rows)
    ]
