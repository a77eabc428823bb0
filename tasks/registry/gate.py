"""What the promotion gate judges by: the answers of champion and challenger to held-out tweets, as they are served.

Which rows decide? Validation rows cannot: they chose the challenger, the best of its run, and its threshold, and those
that arrived since chose nothing for the champion. Of equals compared like this, about every second is promoted
(tests/benchmarks/bench_gate.py). Rows set apart for the gate alone would be clean for ever, but every tenth of 7,613
tweets is 760, on which only a gain of four points shows, and they would be lost to training or testing. So the test
rows decide: no model of a run learned from them or was chosen by them, one candidate of each retraining is compared on
them, and all that comes back is yes or no, as from a leaderboard that only tells who beat the best significantly
(Blum & Hardt 2015, "The Ladder").

What repeated use costs: an equal is still promoted no more often than the level says, for a champion that was lucky on
these rows is only harder to beat. But the champion's own test score is then that of a winner; `selection_bias` bounds
this bias, and every verdict states it. The scores of all other models stay unbiased. New tweets, or another split seed,
bring fresh rows.

A tweet keeps its split for ever, so test rows of the challenger are not training rows of the champion, unless it was
split by other settings: then only those rows decide that both held out.

A challenger that learned from other tweets (see `data_sources`) would win on its own rows alone, where the champion is
a stranger. So the held-out rows of both sources decide together, and on the champion's own the challenger may not lose
more than a margin, unless the change of data is meant. The bundled sample never replaces a model of other tweets.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.classifiers.target import target_of
from models.gate import (
    Answers,
    HeldOut,
    Paired,
    Rule,
    Service,
    Verdict,
    golden_tweets,
    judge,
    judge_alone,
    what_differs,
)
from models.gate import sources as gate_sources
from models.metrics.probability_columns import read_probabilities
from models.metrics.slices import slice_rows
from models.settings import GateSettings, TextSettings
from models.wording import counted
from tasks import caching
from tasks.evaluation.comparison import ModelRow
from tasks.ingestion.steps import split_settings
from tasks.packaging.mlflow_model import groups_learned, learned_splits, load_model, read_about
from tasks.registry import Candidate, Decision, Incumbent, promote
from tasks.registry.data_sources import Relation, held_out_by, not_among, raw_sources, relate
from tasks.registry.gate_page import gate_page
from tasks.registry.predictions import failure_in_words, predict, time_single_rows
from tasks.registry.promotion import Prepare
from tasks.runtime import state_folder
from tasks.runtime.progress import progress
from tasks.store import formats
from tasks.store.digests import combine
from tasks.tracking import Run


@dataclass(frozen=True)
class Challenge:
    """A candidate that is to be tried against the champion on the test rows of this table of tweets.

    Of a version that holds two models, the judged one is asked, never the refit.
    """

    candidate: Candidate
    tweets: Path
    settings: GateSettings
    replace_data: bool = False

    @property
    def case(self) -> str:
        """A digest of all that decides besides the two models: the rows, the settings, the code."""
        code = {name: caching.module_digest(name) for name in caching.reached_modules(__name__)}
        asked = {"settings": self.settings.model_dump(), "replace_data": self.replace_data}
        return combine({"rows": self.tweets.name, **asked, "code": code})

    def judge(self, incumbent: Incumbent | None) -> Verdict:
        """The verdict on the candidate. If the champion fails to load, judge the challenger alone."""
        table = formats.read_tweets(self.tweets)
        test = table.take(formats.rows_in(table, "test"))
        if "test" in learned_splits(self._artifact / "classifier"):
            return Verdict((Rule("held out", False, _learned_test_rows(len(test))),))
        service, answers = self._serve(test)
        if answers is None or incumbent is None:
            return judge_alone(service, self.settings)
        relation = relate(self.tweets, self.candidate.raw, incumbent, self.settings)
        if relation.sample:
            alone = judge_alone(service, self.settings)
            return gate_sources.add_rule(alone, gate_sources.refuse_sample(), relation.difference)
        if incumbent.classes != self.candidate.classes:
            alone = judge_alone(service, self.settings)
            rule = gate_sources.judge_classes(incumbent.classes, self.candidate.classes, self.replace_data)
            return gate_sources.add_rule(alone, rule, relation.difference)
        held = held_out_by(test, incumbent.split)
        if not held.any():
            finding = f"no test row is one that version {incumbent.version} did not learn from"
            return Verdict((Rule("better", False, finding),), service=service, relation=relation.difference)
        rows = test.filter(pa.array(held))
        challenger = Answers(answers.probabilities[held], answers.called[held])
        return self._compare(incumbent, relation, rows, challenger, service)

    def _compare(
        self, incumbent: Incumbent, relation: Relation, rows: pa.Table, challenger: Answers, service: Service
    ) -> Verdict:
        """The verdict by these rows of the challenger's tweets, and by the champion's own where those are others."""
        own = relation.rows_of_champion(self.candidate.split, incumbent.split)
        try:
            champion = load_model(incumbent.uri, judged=True)
            fresh = _not_learned(champion, rows)
            if not fresh.any():
                finding = f"version {incumbent.version} has learned from every test row and holds no twin that has not"
                return Verdict((Rule("better", False, finding),), service=service, relation=relation.difference)
            rows = rows.filter(pa.array(fresh))
            challenger = Answers(challenger.probabilities[fresh], challenger.called[fresh])
            own = own.filter(pa.array(_not_learned(champion, own)))
            pair = Paired(self._held_out(rows), predict(champion, rows), challenger)
            old = predict(champion, own) if len(own) else None
        except Exception as error:  # whatever keeps it from answering: it cannot be in use either
            silent = failure_in_words(error)
            alone = judge_alone(service, self.settings, silent=silent)
            return alone if not relation.difference else self._unjudged(alone, relation, "the champion does not answer")
        return self._by_source(relation, (rows, pair), (own, old), service)

    def _by_source(
        self,
        relation: Relation,
        ours: tuple[pa.Table, Paired],
        theirs: tuple[pa.Table, Answers | None],
        service: Service,
    ) -> Verdict:
        """The verdict by our rows alone where both models are of one source, else by the champion's rows too."""
        (rows, pair), (own, old) = ours, theirs
        if relation.difference and old is not None:
            new = predict(load_model(self.candidate.model_uri, judged=True), own)
            return self._judge_both(relation, ours, (own, Paired(self._held_out(own), old, new)), service)
        alone = judge(pair.rows, pair.champion, pair.challenger, slice_rows(rows), service, self.settings)
        if not relation.difference:
            return alone
        why = "no row of theirs was held out by both models" if relation.table is not None else relation.difference
        return self._unjudged(alone, relation, why)

    def _judge_both(
        self, relation: Relation, ours: tuple[pa.Table, Paired], theirs: tuple[pa.Table, Paired], service: Service
    ) -> Verdict:
        """The verdict by the rows of both sources; by the challenger's alone when the change of data is meant."""
        (rows, pair), (own, own_pair) = ours, theirs
        if not self.replace_data:
            fresh = not_among(own, rows)
            columns = ["text", "keyword", "target", "group"]
            new = own.filter(pa.array(fresh)).select(columns)
            rows = pa.concat_tables([rows.select(columns), new], promote_options="permissive")
        judged = pair if self.replace_data else pair.joined(own_pair, fresh)
        verdict = judge(judged.rows, judged.champion, judged.challenger, slice_rows(rows), service, self.settings)
        scores = (
            gate_sources.score_source("the champion's tweets", own_pair),
            gate_sources.score_source("the challenger's tweets", pair),
        )
        rule = gate_sources.judge_champion_rows(scores[0], self.settings, self.replace_data, pair.rows.target.f1_name)
        return gate_sources.add_rule(verdict, rule, relation.difference, scores)

    def _unjudged(self, verdict: Verdict, relation: Relation, why: str) -> Verdict:
        rule = gate_sources.unjudged_champion_rows(why, self.replace_data)
        return gate_sources.add_rule(verdict, rule, relation.difference)

    def _serve(self, test: pa.Table) -> tuple[Service, Answers | None]:
        """How the logged model serves, and its answers to all test rows, in one batch as the pipeline predicted them.

        It predicts the stored texts, for the comparison, and raw ones, as in use: these come to the same once they are
        repaired.
        """
        raw = golden_tweets(test)
        try:
            model = load_model(self.candidate.model_uri, judged=True)
            answers, of_raw = predict(model, test), predict(model, raw)
            alone, milliseconds = time_single_rows(model, raw)
        except Exception as error:
            return Service(failure=failure_in_words(error)), None
        recorded = self._recorded(test)
        pairs = [(each.probabilities, recorded.probabilities) for each in (answers, of_raw)]
        pairs.append((alone, recorded.probabilities[: len(alone)]))
        difference = max(float(np.abs(ours - theirs).max(initial=0.0)) for ours, theirs in pairs)
        other = int(((answers.called != recorded.called) | (of_raw.called != recorded.called)).sum())
        repaired = int(pc.sum(pc.not_equal(raw["text"], test["text"]), min_count=0).as_py())
        service = Service(len(test), difference, other, milliseconds, repaired=repaired)
        if difference > self.settings.max_difference or other:
            service = replace(service, differs=self._what_differs(model, test, raw))
        return service, answers

    def _what_differs(self, model: Any, test: pa.Table, raw: pa.Table) -> str:
        about = read_about(self._artifact / "classifier")
        return what_differs(model.unwrap_python_model().classifier, TextSettings(**about["text"]), test, raw)

    @property
    def _artifact(self) -> Path:
        return state_folder.state_home() / "store" / self.candidate.artifact

    def _recorded(self, test: pa.Table) -> Answers:
        """What the pipeline predicted for these rows when it trained the model."""
        table = pq.read_table(self._artifact / "predictions.parquet")
        table = table.filter(pc.equal(table["split"], "test"))
        if table["id"].to_pylist() != test["id"].to_pylist():
            raise ValueError(f"{self.candidate.artifact} holds no predictions for the test rows of {self.tweets}")
        called = table["label"].to_numpy()
        return Answers(read_probabilities(table), called if self.candidate.classes else called == 1)

    def _held_out(self, rows: pa.Table) -> HeldOut:
        groups = rows["group"].to_numpy(zero_copy_only=False)
        return HeldOut(rows["target"].to_numpy(), groups, target_of(self.candidate.classes))


def challenge(
    run: Run,
    best: ModelRow,
    tweets: Path,
    settings: GateSettings,
    source: str = "",
    replace_data: bool = False,
    prepare: Prepare | None = None,
) -> Decision:
    """Try the best model of a retraining against the champion, and keep page and figures on the retraining's run.

    `source` is the JSON of the addresses that the retraining read, kept on the version; `replace_data` says that a
    champion of other tweets is meant to be replaced; `prepare` makes what is served of a model that is promoted.
    """
    candidate = Candidate.of(best, tweets.name, split_settings(tweets))
    candidate = replace(candidate, raw=raw_sources(run, tweets), source=source)
    case = Challenge(candidate, tweets, settings, replace_data)
    with progress(f"gate {candidate.name}"):
        decision = promote(candidate, case.judge, case.case, prepare)
    if decision.verdict is not None:
        run.log_text(gate_page(candidate.name, decision), "gate.html")
        run.log_text(json.dumps(asdict(decision.verdict), indent=1), "gate.json")
        run.log_metrics({f"gate/{name}": value for name, value in decision.verdict.figures().items()})
    return decision


def _not_learned(model: Any, rows: pa.Table) -> np.ndarray:
    """Which of these rows are in no group that a loaded model learned from, bool (rows,); all where unknown."""
    learned = groups_learned(model) if len(rows) else None
    if learned is None:
        return np.ones(len(rows), bool)
    known = pc.is_in(rows["group"], value_set=learned["group"].combine_chunks())
    return np.asarray(pc.invert(known).to_numpy(zero_copy_only=False), bool)


def _learned_test_rows(rows: int) -> str:
    return (
        f"it has learned from {counted(rows, 'test row')}: it is a refit on all labels, which is served and never "
        "judged; hand in the twin that it was made from"
    )
