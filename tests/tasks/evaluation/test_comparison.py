"""Models side by side: only those that were scored on the same rows share a table and a best one."""

from dataclasses import replace
from typing import Any

import pytest

from tasks.evaluation.choice import data_sets
from tasks.evaluation.comparison import ModelRow
from tasks.evaluation.comparison_page import comparison_page

ROW = ModelRow(
    name="lstm", kind="lstm", features="scratch", run_id="a" * 32, accuracy=0.8, f1=0.7, roc_auc=0.9, log_loss=0.4,
    train_seconds=1.0, accuracy_interval=(0.7, 0.9), f1_interval=(0.6, 0.8), validation_f1=0.7, model_uri="",
    artifact="model/1", reused=False, data="one", test_rows=1_234,
)  # fmt: skip


def row(run_id: str, data: str, validation_f1: float) -> ModelRow:
    return replace(ROW, run_id=run_id, data=data, validation_f1=validation_f1)


ROWS = [row("a", "one", 0.7), row("b", "two", 0.9), row("c", "one", 0.8)]


def test_models_of_each_data_set_have_a_best_of_their_own() -> None:
    found = [(each.data, [one.run_id for one in each.rows], each.best.run_id) for each in data_sets(ROWS)]
    assert found == [("one", ["a", "c"], "c"), ("two", ["b"], "b")]


def test_a_page_of_two_data_sets_has_two_tables_and_says_so() -> None:
    page = comparison_page(ROWS)
    assert (page.count("<table"), page.count("chosen on validation")) == (2, 2)
    assert "rows of 2 data sets: compare only models in one table" in page
    assert "Test rows of tweets/one: 1,234" in page
    alone = comparison_page(ROWS[:1])
    assert (alone.count("<table"), "data sets" in alone) == (1, False)


def test_the_terminal_prints_a_table_for_each_data_set(capsys: pytest.CaptureFixture[str]) -> None:
    from flows.cli.render.models import compared

    sets: list[dict[str, Any]] = [each.summary() | {"title": each.title} for each in data_sets(ROWS)]
    compared({"models": [each.summary() for each in ROWS], "data_sets": sets, "best": None, "page": "p"})
    said = capsys.readouterr().out
    assert "tweets/one" in said
    assert "tweets/two" in said
    assert "compare only models in one table" in said
