"""Champion and challenger that learned from different tweets: how different, and who is right on whose rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.gate.paired import Paired
from models.gate.verdict import Rule, SourceScore, Verdict
from models.settings import GateSettings
from models.wording import counted

RULE = "champion's rows"
REMEDY = "`--replace-data` says that the change of data is meant"


@dataclass(frozen=True)
class Overlap:
    """How much two tables of tweets share.

    `raw` counts the raw files that both were read from; `groups` is the share of the champion's test groups that the
    challenger's table holds too, `labels` the share of these with the same label in both (1 when there is none).
    """

    raw: int
    groups: float
    labels: float

    def same_source(self, settings: GateSettings) -> bool:
        """Whether both tables are one source, older and newer: by raw files, by groups and by labels."""
        enough = self.groups >= settings.min_common_groups and self.labels >= settings.min_label_agreement
        return self.raw > 0 and enough

    def in_words(self) -> str:
        """The three figures as a sentence."""
        raw = f"{self.raw} raw file{'s' if self.raw > 1 else ''}" if self.raw else "no raw file"
        labels = f", of these {self.labels:.0%} with the same label" if self.groups else ""
        return f"{raw} in common, {self.groups:.0%} of the champion's test groups among the challenger's tweets{labels}"


def measure_overlap(
    raw: int, champion: tuple[np.ndarray, np.ndarray], challenger: tuple[np.ndarray, np.ndarray]
) -> Overlap:
    """The overlap of the champion's test rows with all rows of the challenger; both as (groups, labels) by row.

    >>> test, table = (np.array(["a", "b"]), np.array([0, 1])), (np.array(["b", "b", "c"]), np.array([0, 0, 1]))
    >>> measure_overlap(0, test, table)
    Overlap(raw=0, groups=0.5, labels=0.0)
    """
    ours, theirs = _label_of_groups(*champion), _label_of_groups(*challenger)
    common = ours.keys() & theirs.keys()
    agreeing = sum(ours[group] == theirs[group] for group in common)
    return Overlap(raw, len(common) / max(len(ours), 1), agreeing / len(common) if common else 1.0)


def _label_of_groups(groups: np.ndarray, labels: np.ndarray) -> dict[str, int]:
    """The label of most rows of each group; of as many, the highest."""
    names, members = np.unique(groups, return_inverse=True)
    size = int(labels.max(initial=0)) + 1
    counts = np.bincount(members * size + labels, minlength=len(names) * size).reshape(-1, size)
    most = size - 1 - counts[:, ::-1].argmax(axis=1)
    return dict(zip(names.tolist(), most.tolist(), strict=True))


def score_source(name: str, paired: Paired) -> SourceScore:
    """Accuracy and F1 of champion and challenger on the rows of one source; NaN where there are none."""
    if not len(paired.rows):
        return SourceScore(name, 0, (np.nan, np.nan), (np.nan, np.nan))
    both = [each.scores(paired.rows) for each in (paired.champion, paired.challenger)]
    accuracy, f1 = ((both[0][score], both[1][score]) for score in ("accuracy", "f1"))
    return SourceScore(name, len(paired.rows), accuracy, f1)


def judge_champion_rows(own: SourceScore, settings: GateSettings, meant: bool, f1_name: str = "F1") -> Rule:
    """The rule that a challenger of other tweets is not worse on the champion's own rows than a margin lets pass.

    Kept whatever was found when the change of data is meant. Too few rows to judge by break it.
    """
    if own.rows < settings.min_slice_rows:
        held_out = f"{counted(own.rows, 'row')} that both models held out"
        found = f"the champion's tweets have {held_out}, of {settings.min_slice_rows}"
        return Rule(RULE, meant, f"{found} needed to judge by; {_ending(meant)}")
    (old, new), (old_f1, new_f1) = own.accuracy, own.f1
    found = (
        f"on the {counted(own.rows, 'held-out row')} of the champion's own tweets accuracy {new:.3f} against "
        f"{old:.3f}, {f1_name} {new_f1:.3f} against {old_f1:.3f}"
    )
    if max(old - new, old_f1 - new_f1) <= settings.source_margin:
        return Rule(RULE, True, found)
    return Rule(RULE, meant, f"{found}, more than {settings.source_margin:g} worse; {_ending(meant)}")


def unjudged_champion_rows(why: str, meant: bool) -> Rule:
    """The same rule where the champion's rows or its answers cannot be had."""
    return Rule(RULE, meant, f"the challenger cannot be judged on the champion's tweets: {why}; {_ending(meant)}")


def judge_classes(old: Sequence[str], new: Sequence[str], meant: bool) -> Rule:
    """The rule that both models tell the same classes apart; else nothing compares them, and the change must be meant.

    No names stand for two classes.
    """
    words = (", ".join(names) if names else "disaster and no disaster" for names in (old, new))
    found = "the champion's label is {}, the challenger's {}: their scores cannot be compared".format(*words)
    return Rule("same classes", meant, f"{found}; {_ending(meant)}")


def refuse_sample() -> Rule:
    """The broken rule of a challenger that learned from the bundled sample, against a champion that did not."""
    finding = (
        "it learned from the bundled sample, which never replaces a model of other tweets, with `--replace-data` or "
        "without; `crisisflow rollback` puts an earlier version in use"
    )
    return Rule("bundled sample", False, finding)


def add_rule(verdict: Verdict, rule: Rule, relation: str, sources: tuple[SourceScore, ...] = ()) -> Verdict:
    """The verdict with one more rule, which counts, and what it rests on."""
    return Verdict(
        (*verdict.rules, rule), verdict.gain, verdict.slices, verdict.scores, verdict.service, verdict.silent,
        relation, sources,
    )  # fmt: skip


def _ending(meant: bool) -> str:
    return "the change of data is meant (--replace-data)" if meant else REMEDY
