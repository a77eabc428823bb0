"""A desk through the nights of a tape: it scores, watches for drift, asks for labels, retrains and promotes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from models.drift.comparison import Comparison
from models.drift.sample import Sample
from models.drift.verdict import judge as judge_drift
from models.drift.verdict import overall
from models.drill.policies import Policy
from models.gate import HeldOut, Service, Verdict, judge
from models.labels.selection import LEAST_RANDOM
from models.metrics.probability_columns import probability_columns
from models.settings.drill import DrillSettings
from tasks.drill.classifier import Classifier, fit, too_few
from tasks.drill.tape import Tape, begin, places, rows_of, with_texts
from tasks.labels.pool import Judge, Pool
from tasks.monitoring.drift import LEAST_ROWS


@dataclass
class Night:
    """What happened at the end of one night, as a row of a table."""

    night: int
    tweets: int
    asked: int = 0
    known: int = 0
    version: int = 1
    drift: str = ""
    retrained: bool = False
    promoted: bool = False
    finding: str = ""


@dataclass
class Desk:
    """The model in use, and the rows whose labels are known, under one policy."""

    tape: Tape
    policy: Policy
    settings: DrillSettings
    known: np.ndarray
    champion: Classifier
    due: frozenset[int] | None = None  # nights at whose end it may retrain; None: all
    vectors: Path | None = None  # that networks start from
    version: int = 1
    watched: int = 0  # nights that this version was watched for drift
    reference: Sample | None = None  # the champion's test rows, as drift is measured against them
    probabilities: np.ndarray = field(init=False)
    called: np.ndarray = field(init=False)
    versions: np.ndarray = field(init=False)

    @classmethod
    def open(cls, tape: Tape, policy: Policy, settings: DrillSettings, vectors: Path | None = None) -> "Desk":
        """The desk before the first night: all that was sent before is labelled, and the first champion learned it."""
        first_night, events = begin(tape, settings.warm_up, settings.events)
        known = np.flatnonzero(tape.nights < first_night)
        champion = fit(tape, known, settings, vectors)
        if champion is None:
            raise ValueError(f"the tweets before the drill leave {too_few(tape.target)}")
        starts, after = tape.first_nights(), settings.retrain_after
        due = frozenset(starts[event] + night - 1 for event in events for night in after) if after else None
        return cls(tape, policy, settings, known, champion, due, vectors)

    def __post_init__(self) -> None:
        several = len(self.tape.target.names)
        self.probabilities = np.full((len(self.tape), several) if several else len(self.tape), np.nan)
        self.called = np.zeros(len(self.tape), np.int8 if several else bool)
        self.versions = np.zeros(len(self.tape), np.int64)

    def nights(self, first: int, last: int) -> Iterator[Night]:
        """Live through the nights that have tweets, from the first to the last."""
        for night in range(first, last + 1):
            rows = rows_of(self.tape, night)
            if len(rows):
                yield self._live(night, rows)

    def _live(self, night: int, rows: np.ndarray) -> Night:
        self._score(rows)
        what = Night(night, len(rows), version=self.version)
        if self.policy.retrain == "on drift":
            what.drift = self._watch(rows)
        what.asked = self._ask(rows)
        what.known = len(self.known)
        due = self.policy.retrain == "nightly" or what.drift == "shifted"
        if due and (self.due is None or night in self.due) and len(self.known) > len(self.champion.known):
            what.retrained = True
            what.promoted, what.finding = self._retrain()
        return what

    def _score(self, rows: np.ndarray) -> None:
        answers = self.champion.answers(self.tape, rows)
        self.probabilities[rows], self.called[rows] = answers.probabilities, answers.called
        self.versions[rows] = self.version

    def _watch(self, rows: np.ndarray) -> str:
        """The verdict on the night against the test rows of the champion."""
        if len(rows) < LEAST_ROWS:
            return "cannot tell"
        self.watched += 1
        test = self._test_rows(self.champion.known)
        if self.reference is None:
            self.reference = self.champion.sample(self.tape, test)
        window = self.champion.sample(self.tape, rows)
        shifts = Comparison(self.reference, window, self.tape.labels[test]).shifts
        return overall(judge_drift(shifts, (len(test), len(rows)), self.watched))

    def _ask(self, rows: np.ndarray) -> int:
        """Let people answer within the budget; the number of new labels."""
        if self.policy.labels == "none":
            return 0
        budget = self.settings.budget * self.policy.times
        labelled = self.tape.groups.take(pa.array(self.known))
        pool = Pool(Judge("drill", self.champion.threshold, self.settings.split, labelled), budget, self.settings.seed)
        pool.add(with_texts(self.tape, rows, self.probabilities[rows]))
        share = 1.0 if self.policy.labels == "random" else LEAST_RANDOM
        asked = places(self.tape, [question.id for question in pool.choose(budget, set(), share)], rows)
        self.known = np.sort(np.concatenate([self.known, asked]))
        return len(asked)

    def _test_rows(self, known: np.ndarray) -> np.ndarray:
        rows: np.ndarray = known[self.tape.splits[known] == "test"]
        return rows

    def _retrain(self) -> tuple[bool, str]:
        """Train a challenger on all labels, and ask the gate; whether it is in use from now on, and why."""
        challenger = fit(self.tape, self.known, self.settings, self.vectors)
        if challenger is None:
            return False, too_few(self.tape.target)
        verdict = Verdict(()) if self.policy.gate == "none" else self._judge(challenger)
        if verdict.promoted:
            self.champion, self.watched, self.version = challenger, 0, self.version + 1
            self.reference = None
        return verdict.promoted, verdict.reason

    def _judge(self, challenger: Classifier) -> Verdict:
        test = self._test_rows(self.known)
        groups = self.tape.groups.take(pa.array(test)).to_numpy(zero_copy_only=False)
        rows = HeldOut(self.tape.labels[test], groups, self.tape.target)
        both = [model.answers(self.tape, test) for model in (self.champion, challenger)]
        settings = self.settings.gate.model_copy(update={"promote_if": self.policy.gate})
        return judge(rows, both[0], both[1], {}, Service(rows=len(test)), settings)

    def scores(self, first_night: int, last_night: int) -> pa.Table:
        """What the champion of the hour said of each tweet of these nights, by row of the tape."""
        inside = (self.tape.nights >= first_night) & (self.tape.nights <= last_night)
        rows = np.flatnonzero(inside)
        columns: dict[str, Any] = {
            **{name: self.tape.table[name].take(pa.array(rows)) for name in ("id", "event", "target")},
            "time": self.tape.times[rows],
            **probability_columns(self.probabilities[rows]),
            "called": self.called[rows],
            "version": self.versions[rows],
        }
        return pa.table(columns)
