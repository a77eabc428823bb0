"""The parts of an evaluation by themselves: how looks are counted, what a fit costs, the learning curve, the page."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from models.metrics.cross_validation import HeldOut, comparisons, summarise
from models.settings import Recipe, ServedSettings
from tasks import tracking
from tasks.evaluation import fit_times, held_out_usage, learning_curve, page, record
from tasks.store.formats import write_artifact

ROWS, FOLDS, SEEDS = 120, 3, 2


def predictions(right: dict[str, float]) -> pa.Table:
    """Out-of-fold predictions of models that are right about these shares of the rows."""
    random = np.random.default_rng(0)
    labels = np.tile(np.arange(ROWS) % 2, SEEDS)
    parts = []
    for name, share in right.items():
        hit = random.random(ROWS * SEEDS) < share
        sure = random.uniform(0.55, 0.95, ROWS * SEEDS)
        parts.append(
            pa.table(
                {
                    "group": [f"group {row // 2}" for row in range(ROWS)] * SEEDS,
                    "fold": np.tile(np.arange(ROWS) // 2 % FOLDS + 1, SEEDS),
                    "seed": np.repeat(np.arange(SEEDS) + 1, ROWS),
                    "model": [name] * ROWS * SEEDS,
                    "probability": np.where(hit == (labels == 1), sure, 1 - sure),
                    "threshold": np.full(ROWS * SEEDS, 0.5),
                    "target": labels,
                }
            )
        )
    return pa.concat_tables(parts)


def test_a_better_model_is_told_from_a_worse_one() -> None:
    held_out = HeldOut.from_table(predictions({"worse": 0.6, "better": 0.9}))
    worse, better = (summarise(held_out, name) for name in ("worse", "better"))
    assert worse["intervals"]["accuracy"][1] < better["intervals"]["accuracy"][0]
    assert len(better["seeds"]["f1"]) == SEEDS
    assert better["accuracy"] == pytest.approx(np.mean(better["seeds"]["accuracy"]))
    assert better["accuracy"] == pytest.approx(better["folds"]["accuracy"]["mean"])  # the folds are of one size
    (found,) = comparisons(held_out, ["worse"])
    assert (found["model"], found["baseline"]) == ("better", "worse")
    accuracy = found["differences"]["accuracy"]
    assert accuracy["value"] == pytest.approx(better["accuracy"] - worse["accuracy"])
    assert accuracy["interval"][0] > 0
    assert all(test["mid_p"] < 0.01 for test in found["mcnemar"])


def test_models_scored_on_other_rows_are_not_compared() -> None:
    table = predictions({"one": 0.9, "two": 0.9})
    with pytest.raises(ValueError, match="two was not scored on the rows of one"):
        HeldOut.from_table(table.slice(0, len(table) - 1))


def look(table: Path, recipe: Recipe, asked: str) -> held_out_usage.HeldOutUsage:
    with tracking.tracked_run("evaluate", "evaluate", settings={"asked": asked}) as run:
        return held_out_usage.register(run, table, recipe)


def test_each_different_evaluation_of_a_table_is_one_look() -> None:
    table, other = (write_artifact("labelled", {"part.json": f"looked at {number}"}) for number in (1, 2))
    tuned = Recipe(seed=7)
    assert vars(look(table, Recipe(), "a"))["of_table"] == 1
    assert vars(look(table, Recipe(), "a"))["of_table"] == 1  # again, as after an interruption
    second, third = look(table, Recipe(), "b"), look(table, tuned, "a, tuned")
    assert (second.of_table, second.of_recipe) == (2, 2)
    assert (third.of_table, third.of_recipe) == (3, 1)
    assert look(other, Recipe(), "a").of_table == 1
    assert look(table, Recipe(name="another name"), "c").recipe_digest == second.recipe_digest
    as_judged = Recipe(served=ServedSettings(refit="none"))
    assert look(table, as_judged, "d").recipe_digest == second.recipe_digest  # what is served is not evaluated


def test_an_interrupted_evaluation_has_looked_too() -> None:
    table = write_artifact("labelled", {"part.json": "interrupted"})
    with pytest.raises(RuntimeError), tracking.tracked_run("evaluate", "evaluate", settings={"asked": "a"}) as run:
        held_out_usage.register(run, table, Recipe())
        raise RuntimeError
    assert look(table, Recipe(), "b").of_table == 2


def test_the_longest_fit_decides_about_the_budget() -> None:
    assert fit_times.cost_of([50.0, 70.0], 1.0) == {
        "fit_seconds": 60.0,
        "longest_fit_seconds": 70.0,
        "within_budget": False,
    }
    assert fit_times.cost_of([50.0, 59.0], 1.0)["within_budget"] is True
    assert fit_times.cost_of([50.0], None)["within_budget"] is None


def summary_of(table: pa.Table) -> dict[str, Any]:
    scored = record.score([table], {"lstm/x": [1.0], "<b>": [100.0]}, ["<b>"], 1.0)
    counts = {"rows": ROWS, "positives": 60, "quarantined": 3, "groups": 60}
    return {"recipe": "quick", "folds": FOLDS, "seeds": [1, 2], "looks": "Look 1.", **counts, **scored}


def test_the_page_shows_models_differences_and_curve_and_needs_nothing_else() -> None:
    table = predictions({"lstm/x": 0.9, "<b>": 0.6})
    summary = summary_of(table)
    assert [model["name"] for model in summary["models"]] == ["lstm/x", "<b>"]  # in the order of training
    points = [
        point
        for share, rows in ((0.1, 10.0), (1.0, 100.0))
        for point in learning_curve.curve_points([table], share, rows)
    ]
    figures = {"evaluation": record.bars(summary["models"]), "learning-curve": record.size_curves(points)}
    text = page.evaluation_page(summary, figures)
    assert "&lt;b&gt;" in text
    assert "<b>" not in text
    assert "(over)" in text
    assert text.count("data:image/png") == 2
    assert "http" not in text.replace("http-equiv", "")
    assert "120 rows scored (60 positive, 3 of them quarantined)" in page.markdown(summary)
    lines = [axes.get_lines() for axes in figures["learning-curve"].axes]
    assert [[list(line.get_xdata()) for line in each] for each in lines] == [[[10.0, 100.0]] * 2] * 2
