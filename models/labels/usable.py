"""Which labels that people gave may be learned from, and what each does to a table of tweets.

A label counts for its whole group of near-duplicates. People who disagree cancel each other: their labels wait until
one of them says otherwise. Labels of tweets that a model chose say nothing of how good it is, nor do those that people
picked: only a random share may be validated or tested on.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

Outcome = Literal[
    "added", "corrected", "confirmed", "repeated", "conflicting-annotators", "conflicting-labels", "not-random"
]
USED: tuple[Outcome, ...] = ("added", "corrected", "confirmed", "repeated")
QUARANTINED: tuple[Outcome, ...] = ("conflicting-annotators", "conflicting-labels", "not-random")


class Given(NamedTuple):
    """A label that somebody gave: to a text of which group and split, and why they were asked.

    The label is 0 or 1, or the name of one of several classes.
    """

    group: str
    split: str
    label: int | str
    annotator: str
    asked: str


class Verdict(NamedTuple):
    """What becomes of a label, and why it is not used, in words."""

    outcome: Outcome
    reason: str = ""


def judge(labels: Sequence[Given], known: Mapping[str, set[Any]]) -> list[Verdict]:
    """The verdict on each label, given the labels that the rows of each group have in the table already.

    Of a group the first label is added, confirms or corrects; those that agree with it repeat it. Only a label that an
    audit asked for corrects a training row: the annotator was shown what is doubtful.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for number, each in enumerate(labels):
        groups[each.group].append(number)
    verdicts: dict[int, Verdict] = {}
    for group, members in groups.items():
        verdict = _of_group([labels[number] for number in members], known.get(group, set()))
        shared = verdict.outcome in QUARANTINED or verdict.outcome == "confirmed"
        verdicts |= dict.fromkeys(members, verdict if shared else Verdict("repeated"))
        verdicts[members[0]] = verdict
    return [verdicts[number] for number in range(len(labels))]


def _of_group(given: Sequence[Given], known: set[Any]) -> Verdict:
    first = given[0]
    if len({each.label for each in given}) > 1:
        said = ", ".join(f"{each.annotator} says {each.label}" for each in given)
        return Verdict("conflicting-annotators", f"annotators differ: {said}")
    if known == {first.label}:
        return Verdict("confirmed")
    asked = {each.asked for each in given}
    if first.split != "train" and "random" not in asked:
        why = "a model chose it" if "chosen" in asked else "it was not drawn at random"
        return Verdict("not-random", f"the text belongs to the {first.split} split, and {why}")
    if not known:
        return Verdict("added")
    if first.split == "train" and "audit" in asked:
        return Verdict("corrected")
    return Verdict("conflicting-labels", f"the same text has another label in the {first.split} split of the source")
