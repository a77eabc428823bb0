"""The results of a drill: the score card of all policies, as figures, tables, pictures and a page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.drill.policies import compared
from models.drill.score_card import compare, score_event, summarise
from models.drill.timeline import days_of
from models.wording import counted
from tasks.drill.replay import read
from tasks.evaluation.event_tables import difference, in_digits, with_interval
from tasks.html.pages import picture, render
from tasks.tracking import Run
from tasks.tracking.queries import descendants

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAD = ("policy", "macro F1", "first alert", "alerted", "missed", "labels", "retrained", "promoted", "CPU")
AGAINST = ("policy", "against", "better on", "macro F1")
DRAWN = 4  # policies in the picture of an event: the first one, and the best of the others
SAMPLED = (
    "The tweets of such sets are samples, mostly of an event itself: figures compare policies on the same tweets, and "
    "alerts in an hour, or minutes to the first one, are relative."
)


def cpu_seconds(root_id: str, artifacts: Mapping[str, Path]) -> dict[str, float]:
    """What the replay of each policy took when it was computed."""
    metrics = {run.data.tags.get("output"): run.data.metrics for run in descendants(root_id)}
    return {name: metrics[f"{path.parent.name}/{path.name}"]["cpu_seconds"] for name, path in artifacts.items()}


def score(artifacts: Mapping[str, Path], seconds: Mapping[str, float], events: Sequence[str]) -> dict[str, Any]:
    """What `--json` prints of a drill, from the artifact of each policy's replay and the seconds that it took.

    `policies`: `policy`, the fields of `models.drill.score_card.summarise`, `labels`, `retrainings`, `promotions`,
    `cpu_seconds`; `events`: `event`, its `days` (`models.drill.timeline.days_of`), and `scores` by policy
    (`models.drill.score_card.score_event`); `comparisons`.
    """
    replays = {name: read(artifact) for name, artifact in artifacts.items()}
    by_policy = {name: _by_event(scores, events) for name, (scores, _) in replays.items()}
    tape = next(iter(replays.values()))[0]
    return {
        "policies": [
            {"policy": name, **summarise(scores), **_work(replays[name][1]), "cpu_seconds": seconds[name]}
            for name, scores in by_policy.items()
        ],
        "events": [
            {
                "event": event,
                "days": days_of(*_event(tape, event)[:2]),
                "scores": {name: scores[place] for name, scores in by_policy.items()},
            }
            for place, event in enumerate(events)
        ],
        "comparisons": compare(by_policy, compared(list(by_policy))),
    }


def _work(nights: pa.Table) -> dict[str, int]:
    """How many labels people gave, and how many models were trained and put in use."""
    columns = {"labels": "asked", "retrainings": "retrained", "promotions": "promoted"}
    return {name: int(nights[column].to_numpy(zero_copy_only=False).sum()) for name, column in columns.items()}


def _by_event(scores: pa.Table, events: Sequence[str]) -> list[dict[str, Any]]:
    return [score_event(*_event(scores, event)) for event in events]


def _event(scores: pa.Table, event: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, labels and what was called real, of the tweets of one event."""
    rows = scores.filter(pc.equal(scores["event"], event))
    called = rows["called"].to_numpy(zero_copy_only=False)
    return rows["time"].to_numpy(), rows["target"].to_numpy(), called


def facts(summary: Mapping[str, Any]) -> str:
    """What was replayed."""
    return (
        f"{counted(summary['tweets'], 'tweet')} of {counted(len(summary['events']), 'event')} in "
        f"{counted(summary['nights'], 'night')}, after {counted(summary['known'], 'labelled tweet')} sent before; "
        f"{counted(summary['budget'], 'label')} a night, model {summary['model']}. {SAMPLED}"
    )


def rows(summary: Mapping[str, Any]) -> list[list[str]]:
    """A row of HEAD for each policy."""
    return [
        [
            each["policy"],
            with_interval(each["macro_f1"], each["interval"]),
            "-" if each["minutes"] is None else f"{each['minutes']:,.0f} min",
            f"{each['alerted']} of {each['events']}",
            f"{100 * each['missed']:.0f} %",
            f"{each['labels']:,}",
            f"{each['retrainings']:,.0f}",
            f"{each['promotions']:,.0f}",
            f"{each['cpu_seconds']:.0f} s",
        ]
        for each in summary["policies"]
    ]


def against(summary: Mapping[str, Any]) -> list[list[str]]:
    """A row of AGAINST for each comparison."""
    return [
        [each["policy"], each["against"], f"{each['better']} of {each['events']}", difference(each, digits=3)]
        for each in summary["comparisons"]
    ]


def event_rows(summary: Mapping[str, Any]) -> list[list[str]]:
    """A row for each event: its name, its tweets, and the macro F1 of each policy."""
    lines = []
    for each in summary["events"]:
        scores = list(each["scores"].values())
        first = scores[0]
        share = f"{100 * first['positives'] / max(1, first['tweets']):.0f}\N{NO-BREAK SPACE}%"
        lines.append(
            [_words(each["event"]), f"{first['tweets']:,}", share, *(in_digits(one["macro_f1"]) for one in scores)]
        )
    return lines


def _words(event: str) -> str:
    """The name of an event as pages break it into lines."""
    return event.replace("_", " ")


def figures(summary: Mapping[str, Any]) -> dict[str, "Figure"]:
    """The course of an event, and every event, by policy."""
    from models.figures.drill import event_course
    from models.figures.events import event_dots

    names = [each["policy"] for each in summary["policies"]]
    dots = {name: [each["scores"][name]["macro_f1"] for each in summary["events"]] for name in names}
    courses = {each["policy"]: each["course"] for each in summary["policies"]}
    return {
        "course": event_course(courses),
        "events": event_dots([_words(each["event"]) for each in summary["events"]], dots, "Every event"),
    }


def drawn_policies(summary: Mapping[str, Any]) -> list[str]:
    """The policies that the picture of an event shows: the first one, and those with the highest mean macro F1."""
    first, *others = summary["policies"]
    best = sorted(others, key=lambda each: -each["macro_f1"])[: DRAWN - 1]
    return [first["policy"], *(each["policy"] for each in others if each in best)]


def timelines(summary: Mapping[str, Any]) -> list[dict[str, str]]:
    """The `name` of each event, what a desk heard of it in words (`heard`), and its `picture`, a data address."""
    from models.figures.drill import event_timeline

    names = drawn_policies(summary)
    return [
        {
            "name": _words(each["event"]),
            "heard": "; ".join(f"{name}: {_heard(each['scores'][name])}" for name in names),
            "picture": picture(event_timeline(each["days"], {name: each["scores"][name]["right"] for name in names})),
        }
        for each in summary["events"]
    ]


def _heard(score: Mapping[str, Any]) -> str:
    first = "no right alert" if score["minutes"] is None else f"first right alert after {score['minutes']:,.0f} min"
    return f"{first}, {100 * score['missed']:.0f} % of the real reports missed"


def page(summary: Mapping[str, Any], drawn: Mapping[str, "Figure"]) -> str:
    """The score card as one page, pictures inside."""
    names = [each["policy"] for each in summary["policies"]]
    return render(
        "drill/drill.html",
        title="Drill",
        subtitle=facts(summary),
        head=HEAD,
        policies=rows(summary),
        against_head=AGAINST,
        comparisons=against(summary),
        event_head=("event", "tweets", "real", *names),
        events=event_rows(summary),
        timelines=timelines(summary),
        pictures={name: picture(figure) for name, figure in drawn.items()},
    )


def record(run: Run, summary: Mapping[str, Any]) -> None:
    """Put the score card on its run."""
    for each in summary["policies"]:
        run.log_metrics({f"{each['policy'].replace(',', '')}/macro_f1": each["macro_f1"]})
    drawn = figures(summary)
    for name, figure in drawn.items():
        run.log_figure(figure, f"drill-{name}")
    run.log_text(page(summary, drawn), "drill.html")
    run.describe(facts(summary))
