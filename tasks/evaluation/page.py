"""An evaluation as Markdown and as one HTML page that needs nothing else."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from models.wording import counted, p_words, score_names
from tasks.evaluation.event_tables import LINE, event_tables
from tasks.html.pages import picture, render

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTIONS = {
    "evaluation": "Accuracy and {f1} of all models",
    "learning-curve": "Scores by number of training rows",
    "events": "Every event by every model",
    "adaptation": "After labels of the new event",
}
SHOWN = ("accuracy", "f1", "roc_auc", "log_loss", "brier", "ece")


def f1_of(summary: Mapping[str, Any]) -> str:
    """What `f1` is: that of positives, or the mean of several classes."""
    return score_names(several="classes" in summary)["f1"]


def columns(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of the table of models."""
    names = score_names(several="classes" in summary)
    return ("model", *(names[score] for score in SHOWN), "one fit")


def columns_against(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of the table of comparisons."""
    return ("model", "against", "accuracy", f1_of(summary), "McNemar")


def facts(summary: Mapping[str, Any]) -> str:
    """What was evaluated, on what, and how often that was done before."""
    count = len(summary["seeds"]) * summary["folds"]
    folds = f"{summary['folds']} folds" + (f" of events (by {summary['held_out']})" if "events" in summary else "")
    return (
        f"Recipe {summary['recipe']}: {counted(summary['rows'], 'row')} scored ({_of_label(summary)}, "
        f"{summary['quarantined']:,} of them quarantined), {counted(summary['groups'], 'group')}, {folds} "
        f"x {counted(len(summary['seeds']), 'seed')} = {counted(count, 'fit')} of each model. {summary['looks']}"
    )


def _of_label(summary: Mapping[str, Any]) -> str:
    """How many rows are positive, or of each of several classes."""
    if "classes" not in summary:
        return f"{summary['positives']:,} positive"
    return ", ".join(f"{rows:,} {name}" for name, rows in summary["classes"].items())


def rows(models: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """A row of `columns` for each model."""
    return [
        [
            model["name"],
            *(_with_spread(model, metric) for metric in ("accuracy", "f1")),
            *(_score(model[metric]) for metric in SHOWN[2:]),
            f"{model['fit_seconds']:.1f} s{'' if model['within_budget'] in (None, True) else ' (over)'}",
        ]
        for model in models
    ]


def against(comparisons: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """A row of `columns_against` for each comparison."""
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
    of_models = (columns(summary), rows(summary["models"]))
    tables = [*by_event, of_models, (columns_against(summary), against(summary["comparisons"]))]
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
        columns=columns(summary),
        models=rows(summary["models"]),
        against=columns_against(summary),
        comparisons=against(summary["comparisons"]),
        by_event=event_tables(summary),
        pictures={name: picture(figure) for name, figure in figures.items()},
        captions={name: words.format(f1=f1_of(summary)) for name, words in CAPTIONS.items()},
    )
