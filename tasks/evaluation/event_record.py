"""The scores of an evaluation by events: of each event, as means, after labels of the event; as tables and pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.metrics.cross_validation import baselines_for
from models.metrics.events import macro_f1, mean_over_events, rows_by_event, summarise_events, within_0_1
from tasks.store import formats
from tasks.tracking import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def score(
    parts: Sequence[pa.Table],
    units: Mapping[int, str],
    baselines: Sequence[str],
    apart: Sequence[str],
    adapted: Sequence[Path],
    classes: Sequence[str] = (),
) -> dict[str, Any]:
    """What `--json` prints of events. `units` names what each fold held out; `apart` are those reported apart.

    `events`: `event`, `rows`, `positives` (of several `classes` by name, in their place, the rows of each), `apart`,
    `scores` (by model: `macro_f1`, `f1`, which several classes have not, `accuracy`). `event_means`: `model`, `set`
    ("all events", or "other events" and "events apart"), `events` (that hold two classes at least), `macro_f1`,
    `interval`. `event_comparisons`: `model`, `baseline`, `set`, `events`, `difference` of macro F1, `interval`, `p`,
    `better` (events). `adaptation`: `model`, `labels`, `events`, `macro_f1`, `interval`, `by_event`;
    `adaptation_comparisons`: `model`, `baseline`, `labels`, `events`, `difference`, `interval`, `p`.
    """
    table = pa.concat_tables(parts)
    models = list(dict.fromkeys(table["model"].to_pylist()))
    found = summarise_events(rows_by_event(table, units), models, baselines, apart, classes)
    said = [pq.read_table(path / formats.ADAPTED) for path in adapted]
    scores = _adapted_scores(pa.concat_tables(said)) if said else {}
    return {
        **found,
        "adaptation": _adaptation(scores),
        "adaptation_comparisons": _adaptation_comparisons(scores, baselines),
    }


Adapted = dict[tuple[str, int], dict[str, float]]  # (model, labels) -> macro F1 by event, the mean of its draws


def _adapted_scores(table: pa.Table) -> Adapted:
    frame = table.select(["model", "labels", "event", "draw", "target", "label"]).to_pandas()
    scores: dict[tuple[str, int], dict[str, list[float]]] = {}
    for (model, labels, event, _), rows in frame.groupby(["model", "labels", "event", "draw"], sort=False):
        value = macro_f1(rows["target"].to_numpy(), rows["label"].to_numpy())
        scores.setdefault((model, int(labels)), {}).setdefault(event, []).append(value)
    # Every number of labels over the same events: those with too few labels for the largest would move the curve.
    common = set.intersection(*map(set, scores.values()))
    return {
        key: {event: float(np.mean(values)) for event, values in events.items() if event in common}
        for key, events in scores.items()
    }


def _adaptation(scores: Adapted) -> list[dict[str, Any]]:
    points = []
    for (model, labels), by_event in scores.items():
        mean = mean_over_events(list(by_event.values()))
        facts = {"model": model, "labels": labels, "events": len(by_event), "macro_f1": mean.value}
        points.append({**facts, "interval": within_0_1(mean.interval), "by_event": by_event})
    return points


def _adaptation_comparisons(scores: Adapted, baselines: Sequence[str]) -> list[dict[str, Any]]:
    """Each model against each baseline after the same labels; a baseline against those before it."""
    found = []
    for (model, labels), by_event in scores.items():
        for baseline in (each for each in baselines_for(model, baselines) if (each, labels) in scores):
            other = scores[baseline, labels]
            mean = mean_over_events([value - other[event] for event, value in by_event.items()])
            facts = {"model": model, "baseline": baseline, "labels": labels, "events": len(by_event)}
            found.append({**facts, "difference": mean.value, "interval": list(mean.interval), "p": mean.p})
    return found


def figures(summary: Mapping[str, Any]) -> dict[str, "Figure"]:
    """Pictures of the events and, where there is one, of the adaptation, by name."""
    from models.figures.events import event_dots, label_curves

    events = summary["events"]
    names = [model["name"] for model in summary["models"]]
    dots = {name: [event["scores"][name]["macro_f1"] for event in events] for name in names}
    averaged = "the classes" if "classes" in summary else "both classes"
    drawn = {"events": event_dots([each["event"] for each in events], dots, averaged=averaged)}
    if summary["adaptation"]:
        curves: dict[str, list[Any]] = {}
        for point in summary["adaptation"]:
            curves.setdefault(point["model"], []).append((point["labels"], point["macro_f1"], tuple(point["interval"])))
        drawn["adaptation"] = label_curves(curves)
    return drawn


def record(run: Run, summary: Mapping[str, Any]) -> dict[str, "Figure"]:
    """Put the scores by event on the run, as metrics, tables and pictures; return the pictures, for the page."""
    for mean in summary["event_means"]:
        run.log_metrics({f"{mean['model']}/macro_f1/{mean['set']}": mean["macro_f1"]})
    rows = [
        {"event": each["event"], "rows": each["rows"], "model": name, **scores}
        for each in summary["events"]
        for name, scores in each["scores"].items()
    ]
    run.log_table({name: [row[name] for row in rows] for name in rows[0]}, "events")
    drawn = figures(summary)
    run.log_figure(drawn["events"], "events")
    if summary["adaptation"]:
        points = [
            {"model": each["model"], "labels": each["labels"], "event": event, "macro_f1": value}
            for each in summary["adaptation"]
            for event, value in each["by_event"].items()
        ]
        run.log_table({name: [point[name] for point in points] for name in points[0]}, "adaptation")
        run.log_figure(drawn["adaptation"], "adaptation")
    return drawn
