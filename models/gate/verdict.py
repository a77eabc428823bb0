"""The verdict on a challenger: every rule with what was found, so that a refusal can be understood."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from models.gate.harm import SliceLoss, slice_losses
from models.gate.paired import SCORES, Answers, Compared, Gain, HeldOut, measure_gain, measure_macro_gain
from models.settings import GateSettings
from models.wording import counted, p_words


@dataclass(frozen=True)
class Rule:
    """One rule, whether the challenger keeps it, and the finding in words."""

    name: str
    kept: bool
    finding: str


@dataclass(frozen=True)
class Service:
    """How the logged model answers on the serving route.

    Over the golden tweets, raw and repaired, the greatest distance of its probabilities from those of the pipeline and
    the number of tweets with another label; the time for one tweet alone. `repaired` counts the tweets that repair
    changes, `differs` says where its answers part from the pipeline's, `failure` why it does not answer at all.
    """

    rows: int = 0
    difference: float = 0.0
    other_labels: int = 0
    milliseconds: float = 0.0
    failure: str = ""
    repaired: int = 0
    differs: str = ""


@dataclass(frozen=True)
class SourceScore:
    """Accuracy and F1 of (champion, challenger) on the rows of one source that both held out."""

    name: str
    rows: int
    accuracy: tuple[float, float]
    f1: tuple[float, float]


@dataclass(frozen=True)
class Verdict:
    """Promoted when every rule is kept.

    `scores` are those of champion and challenger by name; `silent` says why there is a champion and no answer of it.
    `relation` says how the tweets of both differ, empty when they are one source; `sources` are the scores on each.
    """

    rules: tuple[Rule, ...]
    gain: Gain | None = None
    slices: tuple[SliceLoss, ...] = ()
    scores: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    service: Service | None = None
    silent: str = ""
    relation: str = ""
    sources: tuple[SourceScore, ...] = ()

    @property
    def promoted(self) -> bool:
        """Whether the challenger is to be champion."""
        return all(rule.kept for rule in self.rules)

    @property
    def reason(self) -> str:
        """The findings that decided: of a refusal those of the broken rules, else that of the first rule."""
        decisive = [rule.finding for rule in self.rules if not rule.kept] or [rule.finding for rule in self.rules[:1]]
        return "; ".join(decisive)

    def figures(self) -> dict[str, float]:
        """What can be compared over many verdicts, by name."""
        gain, service = self.gain, self.service
        found = {"gain": gain.value, "p": gain.p, "rows": gain.rows} if gain else {}
        found |= {"detectable_gain": gain.detectable} if gain and gain.detectable is not None else {}
        return found | ({"milliseconds": service.milliseconds} if service and not service.failure else {})


def judge(
    rows: HeldOut,
    champion: Answers,
    challenger: Answers,
    slices: Mapping[str, np.ndarray],
    service: Service,
    settings: GateSettings,
) -> Verdict:
    """The verdict on a challenger, from the answers of both to the same held-out rows.

    It must be better in accuracy and not lose F1; of several classes, better in macro F1 and not lose accuracy.
    `slices` are masks over the rows by name; those that hold no row are left out.
    """
    held = {name: mask for name, mask in slices.items() if np.any(mask)}
    compared = Compared.of(rows, champion, challenger, list(held.values()))
    overall, by_slice = compared.resample(settings.resamples)
    losses = slice_losses(list(held), compared, by_slice, settings)
    old, new = champion.scores(rows), challenger.scores(rows)
    gain, decisive, other = measure_gain(compared, overall, settings.level), "accuracy", "f1"
    if rows.target.names:
        gain = measure_macro_gain(compared, champion, challenger, settings.level, settings.resamples)
        decisive, other = other, decisive
    words = "accuracy" if other == "accuracy" else rows.target.f1_name
    rules = (
        _decisive(gain, new[decisive], old[decisive], settings),
        _keeps(
            words, old[other] - new[other], settings.f1_margin, f"{words} {new[other]:.3f} against {old[other]:.3f}"
        ),
        _harmless(losses, settings),
        _keeps(
            "calibration",
            new["ece"] - old["ece"],
            settings.calibration_margin,
            f"calibration error {new['ece']:.3f} against {old['ece']:.3f}",
        ),
        *judge_service(service, settings),
    )
    return Verdict(rules, gain, losses, {name: (old[name], new[name]) for name in SCORES}, service)


def judge_alone(service: Service, settings: GateSettings, silent: str = "") -> Verdict:
    """The verdict on a model that nothing can be compared with: it must be served rightly, and in time."""
    return Verdict(judge_service(service, settings), service=service, silent=silent)


def judge_service(service: Service, settings: GateSettings) -> tuple[Rule, ...]:
    """The rules of serving: a model that breaks them cannot be used, however good it is."""
    if service.failure:
        return (Rule("served as trained", False, f"the logged model does not answer ({service.failure})"),)
    same = service.difference <= settings.max_difference and not service.other_labels
    predicted = f"on {counted(service.rows, 'raw tweet')}, {service.repaired:,} of which repair changes,"
    found = f"{predicted} the logged model answers as the pipeline did"
    if not same:
        which = f"; {service.differs}" if service.differs else ""
        found = (
            f"{predicted} the logged model's probabilities are up to {service.difference:.2g} from the pipeline's, and "
            f"labels differ for {counted(service.other_labels, 'tweet')}{which}"
        )
    speed = f"one tweet takes {service.milliseconds:.0f} ms, of at most {settings.max_milliseconds:.0f}"
    fast = service.milliseconds <= settings.max_milliseconds
    return Rule("served as trained", same, found), Rule("latency", fast, speed)


def _decisive(gain: Gain, new: float, old: float, settings: GateSettings) -> Rule:
    compared = f"{gain.score} {new:.3f} against {old:.3f} on {counted(gain.rows, 'held-out row')}"
    rule = _better if settings.promote_if == "better" else _not_worse
    return rule(gain, f"{compared} ({100 * gain.value:+z.1f} points", settings)


def _not_worse(gain: Gain, compared: str, settings: GateSettings) -> Rule:
    """Non-inferiority: even the lowest credible gain is a loss within the margin."""
    lowest = gain.lowest(settings.level, settings.margin)
    kept = lowest > -settings.margin
    finding = f"{compared}, {100 * lowest:+z.1f} at worst, "
    return Rule("not worse", kept, f"{finding}{'within' if kept else 'past'} {100 * settings.margin:g} points of loss)")


def _better(gain: Gain, compared: str, settings: GateSettings) -> Rule:
    finding = f"{compared}, {p_words(gain.p)})"
    better = gain.value > 0 and gain.p <= settings.level
    if not better and gain.detectable is None:
        finding += ", too few rows to tell: no gain that is possible on them would have shown"
    elif not better and gain.detectable is not None:
        finding += f", where a gain of {100 * gain.detectable:.1f} points would have shown"
    return Rule("better", better, finding)


def _keeps(name: str, loss: float, margin: float, found: str) -> Rule:
    kept = loss <= margin
    return Rule(name, kept, found if kept else f"{found}, more than {margin:g} worse")


def _harmless(losses: tuple[SliceLoss, ...], settings: GateSettings) -> Rule:
    harmed = [each for each in losses if each.harmed]
    judged = sum(each.judged for each in losses)
    if not harmed:
        return Rule("no harm", True, f"no loss past {settings.slice_margin:.0%} on any of {judged} slices")
    said = ", ".join(f"{each.name} {100 * each.gain:+z.1f} points of {counted(each.rows, 'row')}" for each in harmed)
    return Rule("no harm", False, f"harm on {len(harmed)} of {judged} slices: {said}")
