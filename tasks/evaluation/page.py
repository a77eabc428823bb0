"""An evaluation as Markdown and as one HTML page that needs nothing else."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from models.wording import counted, p_words
from tasks.evaluation.event_tables import LINE, event_tables
from tasks.html.pages import picture, render

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ("model", "accuracy", "F1", "ROC AUC", "log loss", "Brier", "ECE", "one fit")
CAPTIONS = {
    "evaluation": "Accuracy and F1 of all models",
    "learning-curve": "Scores by number of training rows",
    "events": "Every event by every model",
    "adaptation": "After labels of the new event",
}
AGAINST = ("model", "against", "accuracy", "F1", "McNemar")


def facts(summary: Mapping[str, Any]) -> str:
    """What was evaluated, on what, and how often that was done before."""
    count = len(summary["seeds"]) * summary["folds"]
    folds = f"{summary['folds']} folds" + (f" of events (by {summary['held_out']})" if "events" in summary else "")
    return (
        f"Recipe {summary['recipe']}: {counted(summary['rows'], 'row')} scored ({summary['positives']:,} positive, "
        f"{summary['quarantined']:,} of them quarantined), {counted(summary['groups'], 'group')}, {folds} "
        f"x {counted(len(summary['seeds']), 'seed')} = {counted(count, 'fit')} of each model. {summary['looks']}"
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
            p_words(max(test["mid_p"] for test in each["mcnemar"])),
        ]
        for each in comparisons
    ]


def _score(value: float) -> str:
    return "-" if value != value else f"{value:.4f}"


def _with_spread(model: Mapping[str, Any], metric: str) -> str:
    low, high = model["intervals"][metric]
    return f"{model[metric]:.4f}{LINE}({low:.3f} to {high:.3f}){LINE}±{model['folds'][metric]['deviation']:.4f}"


def _difference(difference: Mapping[str, Any]) -> str:
    low, high = difference["interval"]
    return f"{difference['value']:+z.4f}{LINE}({low:+z.3f} to {high:+z.3f}){LINE}{p_words(difference['p'])}"


def markdown(summary: Mapping[str, Any]) -> str:
    """The tables as Markdown."""
    by_event = [(each.head, each.rows) for each in event_tables(summary)]
    tables = [*by_event, (COLUMNS, rows(summary["models"])), (AGAINST, against(summary["comparisons"]))]
    parts = [
        "\n".join(f"| {' | '.join(line)} |".replace(LINE, " ") for line in (head, ["---"] * len(head), *lines))
        for head, lines in tables
        if lines
    ]
    return "\n\n".join([facts(summary), *parts])


def evaluation_page(summary: Mapping[str, Any], figures: Mapping[str, "Figure"]) -> str:
    """The page, pictures inside."""
    return render(
        "evaluation/evaluation.html",
        title=f"Evaluation of {summary['recipe']}",
        subtitle=facts(summary),
        columns=COLUMNS,
        models=rows(summary["models"]),
        against=AGAINST,
        comparisons=against(summary["comparisons"]),
        by_event=event_tables(summary),
        pictures={name: picture(figure) for name, figure in figures.items()},
        captions=CAPTIONS,
    )
