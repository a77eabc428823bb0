"""A challenger becomes champion, or is refused: registered, judged, and the verdict written on its version."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.gate import Gain, Verdict, selection_bias
from models.settings import SplitSettings
from models.wording import counted
from tasks.database import Lock, LostLock, exclusive
from tasks.evaluation.comparison import ModelRow
from tasks.registry.champion_history import ROLLED_BACK, history, set_champion
from tasks.registry.versions import (
    CLASSES,
    HIDDEN,
    MODEL_NAME,
    RAW,
    SOURCE,
    SPLIT,
    TABLE,
    champion,
    hidden,
    our_versions,
    raw_of,
    register,
    registered,
    several_classes,
    tag_version,
    uri_of,
)
from tasks.runtime import signals
from tasks.tracking import client

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


@dataclass(frozen=True)
class Candidate:
    """A trained model that could be promoted: its run, its logged model, its data, and what chose it in its run.

    `raw` are the raw artifacts of its tweets, `source` the addresses that its retraining read, as JSON. `classes` are
    those of a label of several.
    """

    run_id: str
    name: str
    model_uri: str
    artifact: str
    validation_rows: str
    validation_f1: float
    split: SplitSettings = field(default_factory=SplitSettings)
    raw: tuple[str, ...] = ()
    source: str = ""
    classes: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: ModelRow, rows: str, split: SplitSettings) -> "Candidate":
        """The candidate that a row of the comparison describes; `rows` is the digest of its data, split like this."""
        about = (row.run_id, row.name, row.model_uri, row.artifact, rows, row.validation_f1, split)
        return cls(*about, classes=row.classes)

    def tags(self) -> dict[str, str]:
        """What its version says of it."""
        return {
            "artifact": self.artifact,
            "model": self.name,
            TABLE: self.validation_rows,
            "validation_f1": repr(self.validation_f1),
            HIDDEN + SPLIT: self.split.model_dump_json(),
            **({HIDDEN + CLASSES: json.dumps(self.classes)} if self.classes else {}),
            **self.where(),
        }

    def where(self) -> dict[str, str]:
        """The tags that say where its tweets came from, as far as it is known."""
        tags = {RAW: " ".join(self.raw), HIDDEN + SOURCE: self.source}
        return {name: value for name, value in tags.items() if value}


@dataclass(frozen=True)
class Incumbent:
    """The champion as a challenger meets it; `split` is None of one registered before splits were written down.

    `table` is the digest of its checked tweets and `raw` their raw artifacts, empty where they were not written down.
    """

    version: str
    uri: str
    split: SplitSettings | None
    challenges: int
    table: str = ""
    raw: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    @classmethod
    def of(cls, current: "ModelVersion") -> "Incumbent":
        """The champion that this version is; `challenges` counts the models compared so far and the one to come."""
        split = hidden(current.tags, SPLIT)
        compared = sum("gate.gain" in each.tags for each in our_versions().values())
        settings = SplitSettings.model_validate_json(split) if split else None
        table, raw = current.tags.get(TABLE, ""), raw_of(current.tags)
        about = (settings, compared + 1, table, raw, several_classes(current.tags))
        return cls(str(current.version), uri_of(current.version), *about)


@dataclass(frozen=True)
class Served:
    """What is put in use of a candidate: the address of the model, and what its version says of it.

    Without an address it is the candidate itself.
    """

    model_uri: str
    tags: Mapping[str, str] = field(default_factory=dict)
    words: str = ""


@dataclass(frozen=True)
class Decision:
    """Whether the candidate became champion, why, its version, and the verdict of the gate if it judged.

    `serves` are the tags that say what is served of it, if that was prepared.
    """

    promoted: bool
    reason: str
    version: str
    verdict: Verdict | None = None
    incumbent: Incumbent | None = None
    serves: Mapping[str, str] = field(default_factory=dict)


MAX_DESCRIPTION_CHARACTERS = 5_000  # of its column, which PostgreSQL enforces
NOT_CHALLENGED = Decision(False, "nothing was to be promoted", "")

Judge = Callable[[Incumbent | None], Verdict]
Prepare = Callable[[], Served]


def promote(candidate: Candidate, judge: Judge, case: str = "", prepare: Prepare | None = None) -> Decision:
    """Register the candidate; make it champion if the judge finds it better than the one there is.

    `case` names all that the judge looks at besides the two models: a refusal of the same case is not judged again.
    One promotion at a time in a state folder, and on a team's database: two that compared with the same champion would
    both replace it. Where the database was away meanwhile, the candidate is judged again.

    `prepare` makes, of a candidate that was found better, the model that is put in use. That may take minutes, in which
    the registry is open to others; if the champion is another one then, the candidate is judged again. Nothing is
    registered before it is done: what ends meanwhile leaves no half version.
    """
    served = None
    while True:
        with suppress(LostLock):
            with exclusive("registry") as lock:
                settled = _settled(candidate, case)
                if settled is not None:
                    return settled
                incumbent, verdict = _judged(judge)
                if not verdict.promoted or prepare is None or served is not None:
                    return _conclude(candidate, case, incumbent, verdict, served, lock)
            served = prepare()
            signals.raise_if_interrupted()
            with exclusive("registry") as lock:
                current = champion()
                if (str(current.version) if current else "") == (incumbent.version if incumbent else ""):
                    return _conclude(candidate, case, incumbent, verdict, served, lock)


def _judged(judge: Judge) -> tuple[Incumbent | None, Verdict]:
    current = champion()
    incumbent = Incumbent.of(current) if current else None
    return incumbent, judge(incumbent)


def _settled(candidate: Candidate, case: str) -> Decision | None:
    """The decision on a candidate that need not be judged: champion already, rolled back, or refused in this case."""
    current = champion()
    if current is not None and current.tags.get("artifact") == candidate.artifact:
        tag_version(str(current.version), candidate.where())
        return Decision(
            False, f"{candidate.name} is the champion already (version {current.version})", str(current.version)
        )
    known = registered(candidate.artifact)
    for each in known:  # one that was registered before may have been read from elsewhere
        tag_version(str(each.version), candidate.where())
    for each in known:
        if ROLLED_BACK in each.tags:
            again = f"`crisisflow rollback --to {each.version}` puts it in use again"
            said = f"version {each.version} ({candidate.name}) was rolled back {each.tags[ROLLED_BACK]}; {again}"
            return Decision(False, said, str(each.version))
    against = _against(case, str(current.version) if current else "")
    for each in known:
        if against and each.tags.get("judged") == against:
            return Decision(False, each.tags["decision"], str(each.version))
    return None


def _against(case: str, champion_version: str) -> str:
    return f"{case} against {champion_version or 'no champion'}" if case else ""


def _conclude(
    candidate: Candidate, case: str, incumbent: Incumbent | None, verdict: Verdict, served: Served | None, lock: Lock
) -> Decision:
    """Register what was judged, or what is served of it if it is promoted; write the decision down."""
    uri, tags = candidate.model_uri, candidate.tags()
    reason = _in_words(candidate, incumbent, verdict)
    if verdict.promoted and served is not None:
        uri, tags = served.model_uri or uri, {**tags, **served.tags}
        reason = f"{reason}; {served.words}" if served.words else reason
    version = register(candidate.artifact, uri, candidate.run_id, tags)
    tag_version(version, candidate.where())
    if verdict.promoted:
        lock.check()
        set_champion(version, candidate.name, incumbent.version if incumbent else "", "promotion", reason)
    serves = served.tags if verdict.promoted and served is not None else {}
    decision = Decision(verdict.promoted, reason, version, verdict, incumbent, serves)
    _write_down(decision, _against(case, incumbent.version if incumbent else ""))
    return decision


def _in_words(candidate: Candidate, incumbent: Incumbent | None, verdict: Verdict) -> str:
    if incumbent is None:
        gone = [each.version for each in history()][-1:]
        if not verdict.promoted:
            return f"{candidate.name} is not put in use: {verdict.reason}"
        if gone:
            return f"{candidate.name} becomes champion: version {gone[0]}, the last one, is gone"
        return f"{candidate.name} is the first champion"
    others = f" (trained on other tweets: {verdict.relation})" if verdict.relation else ""
    if not verdict.promoted:
        return f"version {incumbent.version} stays, {candidate.name} is refused: {verdict.reason}{others}"
    replaces = f"{candidate.name} replaces version {incumbent.version}"
    if verdict.silent:
        return f"{replaces}, which cannot be compared ({verdict.silent}){others}"
    return f"{replaces}: {verdict.reason}{others}"


def _write_down(decision: Decision, case: str) -> None:
    """Decision, reasons and figures on the version: as tags to search by, and as its description to read."""
    assert decision.verdict is not None
    verdict = decision.verdict
    tags: dict[str, object] = {"decision": decision.reason, "judged": case}
    tags |= {f"gate.{name}": f"{value:.6g}" for name, value in verdict.figures().items()}
    tag_version(decision.version, tags)
    client().update_model_version(MODEL_NAME, decision.version, in_markdown(decision)[:MAX_DESCRIPTION_CHARACTERS])


def in_markdown(decision: Decision) -> str:
    """The decision with every rule, and what these rows can show, for the page of the version."""
    assert decision.verdict is not None
    verdict, incumbent = decision.verdict, decision.incumbent
    lines = [f"{decision.reason}.", "", "| rule | kept | finding |", "|---|---|---|"]
    lines += [f"| {rule.name} | {'yes' if rule.kept else '**no**'} | {rule.finding} |" for rule in verdict.rules]
    if verdict.gain and incumbent:
        bias = selection_bias(verdict.gain.error, incumbent.challenges)
        lines += [
            "",
            f"{_would_show(verdict.gain)} Challengers compared on such rows so far: {incumbent.challenges}; a "
            f"champion's own {verdict.gain.score} on them is too high by {100 * min(bias, 1):.1f} points at most, on "
            "average.",
        ]
    return "\n".join(lines)


def _would_show(gain: Gain) -> str:
    if gain.detectable is None:
        return f"{counted(gain.rows, 'row')}: too few to tell, no gain that is possible on them would have shown."
    return f"On {counted(gain.rows, 'row')} a gain of {100 * gain.detectable:.1f} points shows nine times out of ten."
