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

AGAINST = ("policy", "against", "better on", "macro F1")
ALERTS, WORK = ("first alert", "alerted", "missed"), ("labels", "retrained", "promoted", "CPU")
DRAWN = 4  # policies in the picture of an event: the first one, and the best of the others
SAMPLED = "The tweets of such sets are samples, mostly of an event itself: figures compare policies on the same tweets"
RELATIVE = ", and alerts in an hour, or minutes to the first one, are relative."


def cpu_seconds(root_id: str, artifacts: Mapping[str, Path]) -> dict[str, float]:
    """What the replay of each policy took when it was computed."""
    metrics = {run.data.tags.get("output"): run.data.metrics for run in descendants(root_id)}
    return {name: metrics[f"{path.parent.name}/{path.name}"]["cpu_seconds"] for name, path in artifacts.items()}


def score(
    artifacts: Mapping[str, Path], seconds: Mapping[str, float], events: Sequence[str], classes: Sequence[str] = ()
) -> dict[str, Any]:
    """What `--json` prints of a drill, from the artifact of each policy's replay and the seconds that it took.

    `policies`: `policy`, the fields of `models.drill.score_card.summarise`, `labels`, `retrainings`, `promotions`,
    `cpu_seconds`; `events`: `event`, its `days` (`models.drill.timeline.days_of`), and `scores` by policy
    (`models.drill.score_card.score_event`); `comparisons`. Of several classes their names, as `classes`, and nothing of
    alerts.
    """
    replays = {name: read(artifact) for name, artifact in artifacts.items()}
    by_policy = {name: _by_event(scores, events, classes) for name, (scores, _) in replays.items()}
    tape = next(iter(replays.values()))[0]
    return {
        **({"classes": list(classes)} if classes else {}),
        "policies": [
            {"policy": name, **summarise(scores), **_work(replays[name][1]), "cpu_seconds": seconds[name]}
            for name, scores in by_policy.items()
        ],
        "events": [
            {
                "event": event,
                "days": days_of(*_event(tape, event)[:2], classes),
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


def _by_event(scores: pa.Table, events: Sequence[str], classes: Sequence[str]) -> list[dict[str, Any]]:
    return [score_event(*_event(scores, event), classes) for event in events]


def _event(scores: pa.Table, event: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, labels and what was called real, or called, of the tweets of one event."""
    rows = scores.filter(pc.equal(scores["event"], event))
    called = rows["called"].to_numpy(zero_copy_only=False)
    return rows["time"].to_numpy(), rows["target"].to_numpy(), called


def facts(summary: Mapping[str, Any]) -> str:
    """What was replayed."""
    sampled = SAMPLED + ("." if "classes" in summary else RELATIVE)
    return (
        f"{counted(summary['tweets'], 'tweet')} of {counted(len(summary['events']), 'event')} in "
        f"{counted(summary['nights'], 'night')}, after {counted(summary['known'], 'labelled tweet')} sent before; "
        f"{counted(summary['budget'], 'label')} a night, model {summary['model']}. {sampled}"
    )


def head(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of the table of policies; of several classes there are no alerts."""
    return ("policy", "macro F1", *(() if "classes" in summary else ALERTS), *WORK)


def rows(summary: Mapping[str, Any]) -> list[list[str]]:
    """A row of `head` for each policy."""
    return [
        [
            each["policy"],
            with_interval(each["macro_f1"], each["interval"]),
            *(() if "classes" in summary else _alerts(each)),
            f"{each['labels']:,}",
            f"{each['retrainings']:,.0f}",
            f"{each['promotions']:,.0f}",
            f"{each['cpu_seconds']:.0f} s",
        ]
        for each in summary["policies"]
    ]


def _alerts(policy: Mapping[str, Any]) -> tuple[str, ...]:
    """The cells of ALERTS of a policy."""
    first = "-" if policy["minutes"] is None else f"{policy['minutes']:,.0f} min"
    return (first, f"{policy['alerted']} of {policy['events']}", f"{100 * policy['missed']:.0f} %")


def against(summary: Mapping[str, Any]) -> list[list[str]]:
    """A row of AGAINST for each comparison."""
    return [
        [each["policy"], each["against"], f"{each['better']} of {each['events']}", difference(each, digits=3)]
        for each in summary["comparisons"]
    ]


def event_rows(summary: Mapping[str, Any]) -> list[list[str]]:
    """A row for each event: its name, its tweets, the share of its labels, and the macro F1 of each policy."""
    lines = []
    for each in summary["events"]:
        scores = list(each["scores"].values())
        first = scores[0]
        counts = first["classes"].values() if "classes" in first else (first["positives"],)
        shares = (f"{100 * count / max(1, first['tweets']):.0f}\N{NO-BREAK SPACE}%" for count in counts)
        named = (_words(each["event"]), f"{first['tweets']:,}")
        lines.append([*named, *shares, *(in_digits(one["macro_f1"]) for one in scores)])
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
    events = [_words(each["event"]) for each in summary["events"]]
    averaged = "the classes" if "classes" in summary else "both classes"
    return {
        "course": event_course(courses),
        "events": event_dots(events, dots, "Every event", averaged),
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
    if "minutes" not in score:
        return f"macro F1 {in_digits(score['macro_f1'])}"
    first = "no right alert" if score["minutes"] is None else f"first right alert after {score['minutes']:,.0f} min"
    return f"{first}, {100 * score['missed']:.0f} % of the real reports missed"


def page(summary: Mapping[str, Any], drawn: Mapping[str, "Figure"]) -> str:
    """The score card as one page, pictures inside."""
    names = [each["policy"] for each in summary["policies"]]
    return render(
        "drill/drill.html",
        title="Drill",
        subtitle=facts(summary),
        head=head(summary),
        classes=summary.get("classes"),
        policies=rows(summary),
        against_head=AGAINST,
        comparisons=against(summary),
        event_head=("event", "tweets", *summary.get("classes", ("real",)), *names),
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
