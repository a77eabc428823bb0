"""How models do on events that they have not seen: macro F1 of each event, means over events, paired differences.

Events, not rows, are what such a score is a sample of: the next event is another event. So intervals are those of a
mean over events (Student's t), however many rows an event has.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.metrics.classes import class_scores, confusion
from models.metrics.cross_validation import baselines_for
from models.metrics.significance import Interval

LEVEL = 0.95


class EventRows(NamedTuple):
    """The held-out rows of one event (or fold of events): labels, and the class that each model called, int."""

    event: str
    labels: np.ndarray
    called: Mapping[str, np.ndarray]


class MeanOverEvents(NamedTuple):
    """A mean over events with its 95 % interval and the two-sided p of its being zero; of one event both are NaN."""

    value: float
    interval: Interval
    p: float


def macro_f1(labels: np.ndarray, called: np.ndarray) -> float:
    """The mean of the F1 of all classes that occur in labels or calls, 0-1; NaN where the rows are of one class only.

    Both hold numbers of classes, (rows,); of two classes 0 and 1, or bool.

    >>> macro_f1(np.array([1, 1, 0, 0]), np.array([True, True, True, False]))
    0.7333333333333334
    """
    if not len(labels) or np.min(labels) == np.max(labels):
        return float("nan")
    return class_scores(_confusion(labels, called)).macro_f1


def _confusion(labels: np.ndarray, called: np.ndarray) -> np.ndarray:
    truth, said = np.asarray(labels).astype(np.int64), np.asarray(called).astype(np.int64)
    return confusion(truth, said, int(max(truth.max(), said.max(), 1)) + 1)


def mean_over_events(values: Sequence[float]) -> MeanOverEvents:
    """The mean of one value for each event, with Student's interval; events whose value is NaN do not count."""
    from scipy import stats

    known = np.array([value for value in values if not np.isnan(value)])
    if not known.size:
        return MeanOverEvents(float("nan"), (float("nan"), float("nan")), float("nan"))
    mean = float(known.mean())
    if known.size == 1:
        return MeanOverEvents(mean, (float("nan"), float("nan")), float("nan"))
    error = float(known.std(ddof=1) / np.sqrt(known.size))
    reach = float(stats.t.ppf((1 + LEVEL) / 2, known.size - 1)) * error
    p = float(2 * stats.t.sf(abs(mean) / error, known.size - 1)) if error else float(mean == 0)
    return MeanOverEvents(mean, (mean - reach, mean + reach), p)


def rows_by_event(table: pa.Table, units: Mapping[int, str]) -> list[EventRows]:
    """The rows of out-of-fold predictions by what was held out together; `units` names it for each fold."""
    models = sorted(pc.unique(table["model"]).to_pylist())
    found = []
    for fold, unit in units.items():
        rows = table.filter(pc.equal(table["fold"], fold))
        parts = {name: rows.filter(pc.equal(rows["model"], name)) for name in models}
        called = {name: part["label"].to_numpy() for name, part in parts.items()}
        found.append(EventRows(unit, parts[models[0]]["target"].to_numpy(), called))
    return found


def event_scores(rows: EventRows, several: bool = False) -> dict[str, dict[str, float]]:
    """Macro F1, F1 of the positive class (not of `several` classes) and accuracy of each model on an event."""
    found = {}
    for name, called in rows.called.items():
        of_positives = {} if several else {"f1": float(class_scores(_confusion(rows.labels, called)).f1[1])}
        accuracy = float(np.mean(rows.labels == called))
        found[name] = {"macro_f1": macro_f1(rows.labels, called), **of_positives, "accuracy": accuracy}
    return found


def event_sets(events: Collection[str], apart: Collection[str]) -> dict[str, list[str]]:
    """The sets of events that are reported: all of them, or those apart and the others, which come first."""
    if not apart:
        return {"all events": list(events)}
    others = [event for event in events if event not in apart]
    sets = {"other events": others, "events apart": [event for event in events if event in apart]}
    return {name: chosen for name, chosen in sets.items() if chosen}


def summarise_events(
    rows: Sequence[EventRows],
    models: Sequence[str],
    baselines: Sequence[str],
    apart: Collection[str] = (),
    classes: Sequence[str] = (),
) -> dict[str, list[dict[str, Any]]]:
    """What `--json` prints of events: `events`, `event_means` of each model, `event_comparisons` with the baselines.

    `classes` are the names of several.
    """
    scores = {each.event: event_scores(each, several=bool(classes)) for each in rows}
    means, comparisons = [], []
    for title, events in event_sets(list(scores), apart).items():
        of_models = {name: np.array([scores[event][name]["macro_f1"] for event in events]) for name in models}
        means += [{"model": name, "set": title, **_summary("macro_f1", of_models[name])} for name in models]
        for name in models:
            for baseline in (each for each in baselines_for(name, baselines) if each in of_models):
                differences = of_models[name] - of_models[baseline]
                facts = {"model": name, "baseline": baseline, "set": title, "better": int(np.sum(differences > 0))}
                comparisons.append(facts | _summary("difference", differences))
    events_told = [
        {
            "event": each.event,
            "rows": len(each.labels),
            **count_labels(each.labels, classes),
            "apart": each.event in apart,
            "scores": scores[each.event],
        }
        for each in rows
    ]
    return {"events": events_told, "event_means": means, "event_comparisons": comparisons}


def count_labels(labels: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """How many rows are positive, as `positives`, or of each of several classes by its name, as `classes`.

    >>> count_labels(np.array([1, 0, 1]), ()), count_labels(np.array([1, 0, 1]), ("drill", "storm", "none"))
    ({'positives': 2}, {'classes': {'drill': 1, 'storm': 2, 'none': 0}})
    """
    if not classes:
        return {"positives": int(np.sum(labels == 1))}
    counts = np.bincount(labels, minlength=len(classes)).tolist()
    return {"classes": dict(zip(classes, counts, strict=True))}


def _summary(name: str, values: np.ndarray) -> dict[str, Any]:
    mean = mean_over_events(values.tolist())
    counted = int(np.sum(~np.isnan(values)))
    facts = {"events": counted, name: mean.value}
    if name == "difference":
        return {**facts, "interval": list(mean.interval), "p": mean.p}
    return {**facts, "interval": within_0_1(mean.interval)}


def within_0_1(interval: Interval) -> list[float]:
    """The part of an interval that a score can have: Student's does not know that it ends at 0 and 1."""
    low, high = interval
    return [max(0.0, low), min(1.0, high)]
