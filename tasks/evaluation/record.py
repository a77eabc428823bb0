"""The scores of an evaluation, put where people look: metrics, predictions, picture and page of its run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from models.metrics.cross_validation import SCORES, HeldOut, comparisons, summarise
from tasks.evaluation import event_record, page
from tasks.evaluation.fit_times import cost_of
from tasks.evaluation.learning_curve import CurvePoint
from tasks.evaluation.predictions import FILE, collect
from tasks.tracking import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = ("accuracy", "f1")


def score(
    parts: Sequence[pa.Table], costs: Mapping[str, list[float]], baselines: Sequence[str], budget: float | None
) -> dict[str, Any]:
    """The out-of-fold predictions as an artifact, and all figures: of each model, and of each against the baselines."""
    artifact, table = collect(parts)
    held_out = HeldOut.from_table(table)
    models = [
        {"name": name, **summarise(held_out, name), **cost_of(costs[name], budget)}
        for name in sorted(held_out.models, key=list(costs).index)
    ]
    return {
        "models": models,
        "comparisons": comparisons(held_out, baselines),
        "budget_minutes": budget,
        "predictions": str(artifact / FILE),
    }


def record(run: Run, summary: Mapping[str, Any], curve: Sequence[CurvePoint]) -> None:
    """Put an evaluation's summary on its run."""
    for model in summary["models"]:
        run.log_metrics({f"{model['name']}/{name}": model[name] for name in (*SCORES, "fit_seconds")})
    run.log_file(Path(summary["predictions"]))
    f1 = page.f1_of(summary) if "classes" in summary else "f1"
    run.log_figure(bars(summary["models"], f1), "evaluation")
    figures = {"evaluation": bars(summary["models"], f1)}
    if curve:
        figures["learning-curve"] = size_curves(curve, f1)
        run.log_figure(figures["learning-curve"], "learning-curve")
        run.log_table({name: [vars(point)[name] for point in curve] for name in vars(curve[0])}, "learning-curve")
    if "events" in summary:
        figures |= event_record.record(run, summary)
    run.log_text(page.evaluation_page(summary, figures), "evaluation.html")
    run.describe(page.markdown(summary))


def bars(models: Sequence[Mapping[str, Any]], f1: str = "f1") -> "Figure":
    """Accuracy and F1, by the name that it has, of all models as bars with their intervals."""
    from models.figures import comparison_bars

    titles = {"accuracy": "accuracy", "f1": f1}
    scores = {titles[metric]: [model[metric] for model in models] for metric in SHOWN}
    intervals = {titles[metric]: [tuple(model["intervals"][metric]) for model in models] for metric in SHOWN}
    return comparison_bars([model["name"] for model in models], scores, intervals)


def size_curves(points: Sequence[CurvePoint], f1: str = "f1") -> "Figure":
    """Accuracy and F1, by the name that it has, of all models over the size of the training rows."""
    from models.figures import training_size_curves

    curves: dict[str, dict[str, list[Any]]] = {metric: {} for metric in SHOWN}
    for point in points:
        for metric in SHOWN:
            ends = (getattr(point, f"{metric}_low"), getattr(point, f"{metric}_high"))
            curves[metric].setdefault(point.model, []).append((point.training_rows, getattr(point, metric), ends))
    return training_size_curves({f1 if metric == "f1" else metric: of_models for metric, of_models in curves.items()})
