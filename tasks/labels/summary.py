"""What there is of labels: how many, by whom, of which queue, how far annotators agree, and where they do not."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from models.labels.agreement import agreement
from tasks.labels.queue import open_questions, questions
from tasks.labels.store import Event, Label, in_force, standing


def summarise() -> dict[str, Any]:
    """What `label status --json` prints."""
    answers = standing()
    labels = in_force(answers)
    by_annotator: dict[str, dict[str, Label]] = defaultdict(dict)
    for each in labels:
        by_annotator[each.annotator][each.text_group] = each.label or 0
    named = Counter(each.label for each in labels if isinstance(each.label, str))
    return {
        "labels": len(labels),
        "tweets": len({each.text_group for each in labels}),
        "positives": sum(each.label == 1 for each in labels),
        **({"classes": dict(named.most_common())} if named else {}),
        "skips": sum(each.label is None for each in answers),
        "annotators": {name: len(given) for name, given in sorted(by_annotator.items())},
        "asked": dict(Counter(each.asked for each in labels).most_common()),
        "questions": len(questions()),
        "open": len(open_questions("")),
        "agreement": agreement(by_annotator),
        "conflicts": conflicts(labels),
    }


def conflicts(labels: Sequence[Event]) -> list[dict[str, Any]]:
    """The groups that annotators label differently: id and text of the first label, and who says what."""
    groups: dict[str, list[Event]] = defaultdict(list)
    for each in labels:
        groups[each.text_group].append(each)
    return [
        {"id": given[0].id, "text": given[0].text, "labels": {each.annotator: each.label for each in given}}
        for given in groups.values()
        if len({each.label for each in given}) > 1
    ]
