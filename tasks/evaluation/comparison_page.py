"""The comparison of models as a page: the models of one data set in one table, with one best."""

from collections.abc import Sequence

from tasks.evaluation.choice import data_sets
from tasks.evaluation.comparison import ModelRow
from tasks.html.pages import render


def comparison_page(rows: Sequence[ModelRow]) -> str:
    """The comparison as one HTML page that needs nothing else; a table for each data set, most accurate first."""
    ends = [end for row in rows for interval in (row.accuracy_interval, row.f1_interval) for end in interval]
    return render(
        "evaluation/comparison.html",
        title="Models compared",
        subtitle="Scores on the held-out test rows, with 95 % bootstrap intervals",
        data_sets=data_sets(rows),
        start=max(0.0, min(ends) - 0.02),
        end=min(1.0, max(ends) + 0.02),
    )
