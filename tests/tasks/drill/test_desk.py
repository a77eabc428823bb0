"""A desk through the nights of a small tape."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from models.drill.policies import POLICIES
from models.drill.sent import DAY, EPOCH
from models.settings import ClassifierSettings, FrequencySettings, LogisticSettings
from models.settings.drill import DrillSettings
from models.text import Tokens
from models.vectors import WordVectors
from tasks.drill.desk import Desk
from tasks.drill.tape import Tape, begin, read_tape
from tasks.store import formats

START = 15_500 * DAY  # a midnight of 2012
SETTINGS = DrillSettings(
    warm_up=2,
    budget=5,
    frequency=FrequencySettings(max_ngram=1, min_document_frequency=1),
    logistic=LogisticSettings(inverse_strengths=(1.0,)),
)
REAL = {"fire": "burns homes", "flood": "drowns streets", "quake": "shook walls", "storm": "tore roofs"}
PLACES = ("mill", "port", "inn", "school", "bridge", "market", "farm", "tower")


def write_tape(folder: Path, nights: int = 6) -> tuple[Path, Path]:
    """Four events, one after the other, each of 40 tweets a night; every other one is real. Rows are shuffled."""
    draw, rows = random.Random(0), []
    for place, (event, what) in enumerate(REAL.items()):
        for number in range(nights * 40):
            label = number % 2
            said = f"{event} {what}" if label else f"song about {event}"
            time = START + (place * nights * DAY) + number * (DAY // 40) + place
            name = "".join(draw.choices("abcdefghijklmnop", k=6))
            text = f"{said} at the {draw.choice(PLACES)} {draw.choice(PLACES)} of {name}"
            rows.append({"id": str((time - EPOCH << 22) + number), "text": text, "event": event, "target": label})
    draw.shuffle(rows)
    table = pa.Table.from_pylist(rows).append_column("keyword", pa.nulls(len(rows), pa.string()))
    table = table.append_column("kept", pa.array([True] * len(rows)))
    table = table.set_column(table.schema.get_field_index("target"), "target", table["target"].cast(pa.int8()))
    labelled = formats.write_artifact("labelled", {"tweets.parquet": table})
    tokens = Tokens.from_lists([text.split() for text in table["text"].to_pylist()])
    return labelled, formats.write_tokens([(table["id"].combine_chunks(), tokens)])


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(tmp_path_factory.mktemp("home")))
        return read_tape(*write_tape(tmp_path_factory.mktemp("tape")), SETTINGS.split)


def live(
    tape: Tape, policy: str, settings: DrillSettings = SETTINGS, vectors: Path | None = None
) -> tuple[Desk, list[Any]]:
    desk = Desk.open(tape, POLICIES[policy], settings, vectors)
    first, _ = begin(tape, settings.warm_up, settings.events)
    return desk, list(desk.nights(first, int(tape.nights.max())))


def test_the_tape_runs_in_order_of_time_and_events_begin_in_turn(tape: Tape) -> None:
    assert np.all(np.diff(tape.times) >= 0)
    assert list(tape.first_nights()) == list(REAL)
    assert tape.table["text"][0].as_py().startswith("song about fire")
    assert tape.tokens.take(np.array([0])).to_lists() == [tape.table["text"][0].as_py().split()]


def test_a_model_that_is_never_retrained_judges_all_nights_from_what_was_sent_before(tape: Tape) -> None:
    desk, nights = live(tape, "never retrained")
    assert [night.tweets for night in nights] == [40] * 12
    assert {(night.asked, night.retrained, night.version) for night in nights} == {(0, False, 1)}
    first = int(tape.nights[desk.known].max()) + 1
    assert len(desk.known) == 480
    assert np.isnan(desk.probabilities[tape.nights < first]).all()
    assert not np.isnan(desk.probabilities[tape.nights >= first]).any()


def test_people_are_asked_within_the_budget_and_never_twice(tape: Tape) -> None:
    for policy, most in (("nightly, chosen labels", 5), ("nightly, 3 x random labels", 15)):
        desk, nights = live(tape, policy)
        assert {night.asked for night in nights} == {most}
        assert len(np.unique(desk.known)) == len(desk.known) == 480 + 12 * most
        assert nights[-1].known == len(desk.known)


def test_chosen_tweets_of_the_test_split_are_of_the_random_share(tape: Tape) -> None:
    desk, _ = live(tape, "nightly, chosen labels")
    asked = desk.known[desk.known >= 480]
    held_out = np.isin(tape.splits[asked], ["validation", "test"]).sum()
    assert held_out <= 12 * 1  # one of five is drawn at random


def test_a_tweet_is_judged_by_the_model_of_its_hour_not_by_one_that_learned_it(tape: Tape) -> None:
    desk, nights = live(tape, "nightly, random labels, no gate")
    assert all(night.promoted for night in nights)
    assert [night.version for night in nights] == list(range(1, 13))  # of the tweets; the next one comes at its end
    for night in nights:
        rows = np.flatnonzero(tape.nights == night.night)
        assert set(desk.versions[rows]) == {night.version}
    again, _ = live(tape, "never retrained")
    first = np.flatnonzero(tape.nights == nights[0].night)
    assert np.array_equal(desk.probabilities[first], again.probabilities[first])
    last = np.flatnonzero(tape.nights == nights[-1].night)
    assert not np.array_equal(desk.probabilities[last], again.probabilities[last])


def test_the_gate_keeps_a_champion_that_a_challenger_does_not_beat(tape: Tape) -> None:
    _, nights = live(tape, "nightly, random labels")
    assert all(night.retrained for night in nights)
    refused = [night for night in nights if not night.promoted]
    assert refused
    assert all("accuracy" in night.finding for night in refused)


def test_a_gate_that_asks_for_no_loss_lets_more_challengers_through(tape: Tape) -> None:
    promoted = {}
    for policy in ("nightly, random labels", "nightly, random labels, if not worse"):
        promoted[policy] = sum(night.promoted for night in live(tape, policy)[1])
    assert promoted["nightly, random labels, if not worse"] > promoted["nightly, random labels"]


def test_drift_starts_a_retraining_and_its_absence_none(tape: Tape) -> None:
    _, nights = live(tape, "on drift, chosen labels")
    assert {night.drift for night in nights} <= {"same", "shifted", "cannot tell"}
    assert [night.retrained for night in nights] == [night.drift == "shifted" for night in nights]
    assert any(night.retrained for night in nights)  # floods and fires say nothing of quakes


def test_chosen_events_alone_are_scored_after_all_that_was_sent_before(tape: Tape) -> None:
    first, events = begin(tape, 2, ("storm",))
    assert events == ["storm"]
    assert first == tape.first_nights()["storm"]
    with pytest.raises(ValueError, match="4 events are too few for 9 of warm-up"):
        begin(tape, 9, ())
    with pytest.raises(ValueError, match="nothing to learn from was sent before fire"):
        begin(tape, 2, ("fire",))


def test_retraining_can_be_limited_to_some_nights_of_an_event(tape: Tape) -> None:
    limited = SETTINGS.model_copy(update={"retrain_after": (1, 3)})
    _, nights = live(tape, "nightly, random labels, no gate", limited)
    assert [place for place, night in enumerate(nights) if night.retrained] == [0, 2, 6, 8]  # events of six nights each
    assert len({night.asked for night in nights}) == 1  # people are asked every night


def test_a_network_can_be_the_model_of_a_drill(tape: Tape, home: Path) -> None:
    words = sorted({word for text in tape.tokens.to_lists() for word in text})
    rows = np.random.default_rng(0).normal(0, 0.1, (len(words), 8)).astype(np.float32)
    vectors = WordVectors(pa.array(words), rows)
    network = ClassifierSettings(kind="lstm", features="skip-gram", units=4, epochs=3, learning_rate=0.02)
    settings = SETTINGS.model_copy(update={"network": network, "retrain_after": (2,)})
    artifact = formats.write_artifact("vectors", formats.vector_parts(vectors))
    desk, nights = live(tape, "nightly, random labels, no gate", settings, artifact)
    assert [place for place, night in enumerate(nights) if night.promoted] == [1, 7]
    late = np.flatnonzero(desk.versions == 3)
    assert np.mean(desk.called[late] == (tape.labels[late] == 1)) > 0.8


def test_the_same_drill_gives_the_same_bytes(tape: Tape) -> None:
    tables = []
    for _ in range(2):
        desk, nights = live(tape, "nightly, chosen labels, no gate")
        tables.append(desk.scores(nights[0].night, nights[-1].night))
    assert tables[0].equals(tables[1])
