"""The score card of a drill: how every policy did on each event, on average, and against the others."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from models.drill.alerts import watch
from models.drill.timeline import right_so_far
from models.metrics.events import count_labels, macro_f1, mean_over_events

PARTS = 5  # of an event's tweets in order of time, to show how a model does as the event goes on


def score_event(
    times: np.ndarray, labels: np.ndarray, called: np.ndarray, classes: Sequence[str] = ()
) -> dict[str, Any]:
    """`tweets`, `positives`, `macro_f1`, `course`, `right`, and the event's alerts.

    `course` is macro F1 of each fifth, NaN of one class; `right` is the share that is called
    what it is, of all tweets until the end of each day.

    Rows are in order of time; `called` is bool (tweets,). Of several classes, by name, it holds their numbers, the
    tweets of each stand in place of the positives, and there are no alerts, which are calls of real reports.
    """
    parts = np.array_split(np.arange(len(labels)), PARTS)
    return {
        "tweets": len(labels),
        **count_labels(labels, classes),
        "macro_f1": macro_f1(labels, called),
        "course": [macro_f1(labels[part], called[part]) if len(part) else float("nan") for part in parts],
        "right": right_so_far(times, labels, called),
        **({} if classes else asdict(watch(times, labels, called))),
    }


def summarise(by_event: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means over events: `macro_f1` with `interval`, `course`, `missed`, `per_hour`, `wrong`; the median of `minutes`.

    `alerted` counts events with a right alert. Without alerts, of several classes, there is nothing of them.
    """
    mean = mean_over_events([each["macro_f1"] for each in by_event])
    courses = np.array([each["course"] for each in by_event], dtype=float)
    return {
        "events": len(by_event),
        "macro_f1": mean.value,
        "interval": list(mean.interval),
        "course": [mean_over_events(list(column)).value for column in courses.T],
        **(_alerts(by_event) if all("minutes" in each for each in by_event) else {}),
    }


def _alerts(by_event: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    minutes = [each["minutes"] for each in by_event if each["minutes"] is not None]
    return {
        "alerted": len(minutes),
        "minutes": float(np.median(minutes)) if minutes else None,
        "missed": _mean(by_event, "missed"),
        "per_hour": _mean(by_event, "per_hour"),
        "wrong": _mean(by_event, "wrong"),
    }


def _mean(by_event: Sequence[Mapping[str, Any]], name: str) -> float:
    return mean_over_events([each[name] for each in by_event]).value


def compare(
    scores: Mapping[str, Sequence[Mapping[str, Any]]], pairs: Sequence[tuple[str, str]]
) -> list[dict[str, Any]]:
    """The first policy of each pair against the second, on the same events: `difference` of macro F1, `interval`, `p`.

    `better` counts the events on which it is. `scores` are those of `score_event` by policy, events in one order.
    """
    found = []
    for name, other in pairs:
        both = zip(scores[name], scores[other], strict=True)
        differences = [mine["macro_f1"] - its["macro_f1"] for mine, its in both]
        mean = mean_over_events(differences)
        facts = {"policy": name, "against": other, "events": len(differences)}
        better = sum(each > 0 for each in differences)
        found.append(
            {**facts, "difference": mean.value, "interval": list(mean.interval), "p": mean.p, "better": better}
        )
    return found
