"""The scores of an evaluation by events as rows of words, for the terminal, Markdown and the page."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from models.wording import counted, p_words

LINE = "\n"  # within a cell; HTML and Markdown take it for a blank
PERCENT = 100


class Lines(NamedTuple):
    """A table: its title, what to know of it, its columns, of which the first `named` hold words, and its rows.

    `picture` is the name of the picture that shows the same.
    """

    title: str
    lead: str
    head: Sequence[str]
    rows: list[list[str]]
    named: int = 1
    picture: str = ""


OVER_EVENTS = "Brackets: 95 % interval over events (Student's t)."


def macro_words(summary: Mapping[str, Any]) -> str:
    """What macro F1 is a mean of.

    >>> macro_words({"classes": {"none": 1, "storm": 2, "drill": 0}})
    'Macro F1, the mean of the F1 of the classes that an event has'
    """
    return (
        f"Macro F1, the mean of the F1 of {'the classes that an event has' if 'classes' in summary else 'both classes'}"
    )


def event_tables(summary: Mapping[str, Any]) -> list[Lines]:
    """All tables of the events of a summary; none where tweets and not events were held out."""
    if "events" not in summary:
        return []
    found = [_means(summary), _differences(summary), _events(summary)]
    if summary["adaptation"]:
        found += [_adaptation(summary), _adaptation_differences(summary)]
    return [each for each in found if each.rows]


def _means(summary: Mapping[str, Any]) -> Lines:
    head = ("model", "events", "number", "macro F1")
    rows = [
        [each["model"], each["set"], f"{each['events']}", with_interval(each["macro_f1"], each["interval"])]
        for each in summary["event_means"]
    ]
    return Lines("Means over events held out", f"{macro_words(summary)}. {OVER_EVENTS}", head, rows, 2, "events")


def _differences(summary: Mapping[str, Any]) -> Lines:
    head = ("model", "against", "events", "better on", "macro F1")
    rows = [
        [
            each["model"],
            each["baseline"],
            each["set"],
            f"{each['better']} of {each['events']}",
            difference(each),
        ]
        for each in summary["event_comparisons"]
    ]
    return Lines("Differences on the same events", f"Model minus baseline. {OVER_EVENTS}", head, rows, 3)


def _events(summary: Mapping[str, Any]) -> Lines:
    names = [model["name"] for model in summary["models"]]
    of_label = tuple(summary["classes"]) if "classes" in summary else ("positive",)
    head = ("event", "rows", *of_label, *names)
    rows = [
        [
            each["event"] + (f"{LINE}apart" if each["apart"] else ""),
            f"{each['rows']:,}",
            *(f"{PERCENT * count / each['rows']:.0f} %" for count in _rows_of_label(each)),
            *(in_digits(each["scores"][name]["macro_f1"]) for name in names),
        ]
        for each in summary["events"]
    ]
    lead = f"{macro_words(summary)}; - where an event has one class only. {summary['unlabelled']}"
    return Lines("Every event", lead, head, rows)


def _rows_of_label(event: Mapping[str, Any]) -> list[int]:
    """The positive rows of an event, or those of each of several classes."""
    return list(event["classes"].values()) if "classes" in event else [event["positives"]]


def _adaptation(summary: Mapping[str, Any]) -> Lines:
    points = {(each["model"], each["labels"]): each for each in summary["adaptation"]}
    numbers = sorted({labels for _, labels in points})
    rows = [
        [model, *(with_interval(points[model, n]["macro_f1"], points[model, n]["interval"]) for n in numbers)]
        for model in dict.fromkeys(model for model, _ in points)
    ]
    events = summary["adaptation"][0]["events"]
    lead = (
        f"{macro_words(summary)}, on a half of each of {events} events that never changes; every model goes on from "
        f"its weights. {OVER_EVENTS}"
    )
    head = ("model", *(counted(n, "label") for n in numbers))
    return Lines("After labels of the new event", lead, head, rows, picture="adaptation")


def _adaptation_differences(summary: Mapping[str, Any]) -> Lines:
    pairs: dict[tuple[str, str], dict[int, str]] = {}
    for each in summary["adaptation_comparisons"]:
        pairs.setdefault((each["model"], each["baseline"]), {})[each["labels"]] = difference(each)
    numbers = sorted({labels for cells in pairs.values() for labels in cells})
    rows = [[*pair, *(cells.get(n, "-") for n in numbers)] for pair, cells in pairs.items()]
    head = ("model", "against", *(counted(n, "label") for n in numbers))
    return Lines("Differences after the same labels", f"Model minus baseline. {OVER_EVENTS}", head, rows, 2)


def in_digits(value: float) -> str:
    """A score as tables show it; - where there is none."""
    return "-" if value != value else f"{value:.3f}"


def with_interval(value: float, interval: Sequence[float]) -> str:
    """A score and, on the next line, its interval."""
    low, high = interval
    return in_digits(value) + (f"{LINE}({low:.3f} to {high:.3f})" if low == low else "")


def difference(each: Mapping[str, Any], digits: int = 4) -> str:
    """The difference of a comparison of events with its interval and p, on three lines; - where there is none."""
    low, high = each["interval"]
    if each["difference"] != each["difference"]:
        return "-"
    sure = f"{LINE}({low:+z.3f} to {high:+z.3f}){LINE}{p_words(each['p'])}" if low == low else ""
    return f"{each['difference']:+z.{digits}f}{sure}"
