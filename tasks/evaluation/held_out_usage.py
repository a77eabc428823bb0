"""Counts uses of the held-out rows of a table: repeated use biases the scores."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.settings import Recipe
from tasks.store.digests import combine
from tasks.tracking import Run, find_runs, read_run

if TYPE_CHECKING:
    from tasks.tracking import MlflowRun


@dataclass(frozen=True)
class HeldOutUsage:
    """Different evaluations of one table so far, this one included, and those of them that were of this recipe."""

    of_table: int
    of_recipe: int
    recipe_digest: str

    def summary(self) -> dict[str, int | str]:
        """The counts as plain values, and in words."""
        words = f"Outer evaluation {self.of_table} of this table, {self.of_recipe} of them with this recipe."
        return {
            "outer_evaluation": self.of_table,
            "outer_evaluation_of_recipe": self.of_recipe,
            "recipe_digest": self.recipe_digest,
            "looks": words,
        }


def register(run: Run, labelled: Path, recipe: Recipe) -> HeldOutUsage:
    """Note on the run which table and which recipe it evaluates, and count all runs that ever did, finished or not.

    The same request over the same code, as after an interruption, is the same evaluation. What is served of a promoted
    model is not part of the recipe here: nothing of it is evaluated.
    """
    digest = combine(recipe.model_dump(exclude={"name", "budget_minutes", "served"}))
    run.tag(table=labelled.name, recipe=recipe.name, recipe_digest=digest)
    found = find_runs(f"tags.stage = 'evaluate' and tags.table = '{labelled.name}'")
    looks = {_identity(each): each.data.tags.get("recipe_digest") for each in [*found, read_run(run.run_id)]}
    counted = HeldOutUsage(len(looks), list(looks.values()).count(digest), digest)
    run.tag(outer_evaluation=counted.of_table, outer_evaluation_of_recipe=counted.of_recipe)
    return counted


def _identity(run: "MlflowRun") -> tuple[str | None, ...]:
    """What makes an evaluation the same: what was asked for, commit, and code with its uncommitted changes."""
    return tuple(run.data.tags.get(name) for name in ("request", "mlflow.source.git.commit", "code_digest"))
