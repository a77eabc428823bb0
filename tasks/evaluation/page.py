"""An evaluation as Markdown and as one HTML page that needs nothing else."""

import base64
import html
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ("model", "accuracy", "F1", "ROC AUC", "log loss", "Brier", "ECE", "one fit")
LINE = "\n"  # within a cell; HTML and Markdown take it for a blank
AGAINST = ("model", "against", "accuracy", "F1", "McNemar p")

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>crisisflow: {title}</title>
<style>
 :root {{ color-scheme: light dark }}
 body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem }}
 table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; margin-bottom: 1.5rem }}
 th, td {{ padding: .35rem .6rem; text-align: right; border-bottom: 1px solid #8884 }}
 th:first-child, td:first-child {{ text-align: left; white-space: nowrap }}
 img {{ max-width: 100%; background: white; border-radius: .5rem }}
</style></head><body>
<h1>{title}</h1>
<p>{facts}</p>
{pictures}
{tables}
<p>Scores are pooled over rows that the fit had not seen; F1 is that of the positive class. Brackets: 95&nbsp;%
intervals of a bootstrap that draws whole groups of near-duplicates, which are not independent; after &plusmn;, the
standard deviation from fit to fit. Threshold, epochs and strength were chosen on validation rows inside each fold. Rows
that the ingest quarantined were never learned from, and are scored with the label that the file gives them. Differences
are model minus baseline on the same rows. McNemar's p (mid-p, the largest of all seeds) takes rows for independent.</p>
</body></html>
"""


def facts(summary: Mapping[str, Any]) -> str:
    """What was evaluated, on what, and how often that was done before."""
    count = len(summary["seeds"]) * summary["folds"]
    return (
        f"Recipe {summary['recipe']}: {summary['rows']:,} rows scored ({summary['positives']:,} positive, "
        f"{summary['quarantined']:,} of them quarantined), {summary['groups']:,} groups, {summary['folds']} folds x "
        f"{len(summary['seeds'])} seeds = {count} fits of each model. {summary['looks']}"
    )


def rows(models: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """A row of COLUMNS for each model."""
    return [
        [
            model["name"],
            *(_with_spread(model, metric) for metric in ("accuracy", "f1")),
            *(_score(model[metric]) for metric in ("roc_auc", "log_loss", "brier", "ece")),
            f"{model['fit_seconds']:.1f} s{'' if model['within_budget'] in (None, True) else ' (over)'}",
        ]
        for model in models
    ]


def against(comparisons: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """A row of AGAINST for each comparison."""
    return [
        [
            each["model"],
            each["baseline"],
            *(_difference(each["differences"][metric]) for metric in ("accuracy", "f1")),
            f"{max(test['mid_p'] for test in each['mcnemar']):.2g}",
        ]
        for each in comparisons
    ]


def _score(value: float) -> str:
    return "-" if value != value else f"{value:.4f}"


def _with_spread(model: Mapping[str, Any], metric: str) -> str:
    low, high = model["intervals"][metric]
    return f"{model[metric]:.4f}{LINE}({low:.3f}-{high:.3f}){LINE}±{model['folds'][metric]['deviation']:.4f}"


def _difference(difference: Mapping[str, Any]) -> str:
    low, high = difference["interval"]
    return f"{difference['value']:+.4f}{LINE}({low:+.3f} to {high:+.3f}){LINE}p {difference['p']:.2g}"


def markdown(summary: Mapping[str, Any]) -> str:
    """The tables as Markdown."""
    tables = [(COLUMNS, rows(summary["models"])), (AGAINST, against(summary["comparisons"]))]
    parts = [
        "\n".join(f"| {' | '.join(line)} |".replace(LINE, " ") for line in (head, ["---"] * len(head), *lines))
        for head, lines in tables
        if lines
    ]
    return "\n\n".join([facts(summary), *parts])


def evaluation_page(summary: Mapping[str, Any], figures: Mapping[str, "Figure"]) -> str:
    """The page, pictures inside."""
    tables = [(COLUMNS, rows(summary["models"])), (AGAINST, against(summary["comparisons"]))]
    return PAGE.format(
        title=html.escape(f"Evaluation of {summary['recipe']}"),
        facts=html.escape(facts(summary)),
        pictures="\n".join(_picture(name, figure) for name, figure in figures.items()),
        tables="\n".join(_table(head, lines) for head, lines in tables if lines),
    )


def _picture(name: str, figure: "Figure") -> str:
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=120)
    return f'<img alt="{name}" src="data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}">'


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    titles = "".join(f"<th>{html.escape(each)}" for each in head)
    body = "\n".join("<tr>" + "".join(f"<td>{html.escape(each)}" for each in line) + "</tr>" for line in lines)
    return f"<table><thead><tr>{titles}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
