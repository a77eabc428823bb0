"""A drill of a label of three classes: the desk through its nights, and the score card without alerts."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from models.drill.policies import POLICIES
from models.drill.sent import DAY, EPOCH
from models.metrics.probability_columns import read_probabilities
from models.settings import ClassifierSettings, FrequencySettings, LogisticSettings
from models.settings.drill import DrillSettings
from models.text import Tokens
from tasks.drill import results
from tasks.drill.desk import Desk
from tasks.drill.replay import NIGHTS, SCORES
from tasks.drill.tape import Tape, begin, read_tape
from tasks.evaluation.fold_tables import REPORT
from tasks.store import formats

NAMES = ("no disaster", "storm", "drill")
START, NIGHTS_LONG = 15_500 * DAY, 3
SETTINGS = DrillSettings(
    warm_up=2,
    budget=5,
    frequency=FrequencySettings(max_ngram=1, min_document_frequency=1),
    logistic=LogisticSettings(inverse_strengths=(1.0,)),
)
EVENTS = ("fire", "flood", "quake", "gale")
SAID = ("song about {}", "{} has closed roads", "exercise for a {}")


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    """Four events, one after the other, each of 60 tweets a night, of three classes in turn."""
    draw, rows = random.Random(0), []
    for number in range(len(EVENTS) * NIGHTS_LONG * 60):
        place, label = number // (NIGHTS_LONG * 60), number % 3
        time = START + number * (DAY // 60)
        word = EVENTS[place] if place < 2 or number % 2 else f"{EVENTS[place]}s"
        text = f"{SAID[label].format(word)} of {''.join(draw.choices('abcdefghijklmnop', k=6))}"
        rows.append({"id": str((time - EPOCH << 22) + 1), "text": text, "event": EVENTS[place], "target": label})
    table = pa.Table.from_pylist(rows).append_column("keyword", pa.nulls(len(rows), pa.string()))
    table = table.append_column("kept", pa.array([True] * len(rows)))
    table = table.set_column(table.schema.get_field_index("target"), "target", table["target"].cast(pa.int8()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(tmp_path_factory.mktemp("home")))
        labelled = formats.write_artifact("labelled", {"tweets.parquet": table, REPORT: {"classes": list(NAMES)}})
        tokens = Tokens.from_lists([text.split() for text in table["text"].to_pylist()])
        written = formats.write_tokens([(table["id"].combine_chunks(), tokens)])
        return read_tape(labelled, written, SETTINGS.split)


def live(tape: Tape, policy: str, settings: DrillSettings = SETTINGS) -> tuple[Desk, list[Any]]:
    desk = Desk.open(tape, POLICIES[policy], settings)
    first, _ = begin(tape, settings.warm_up, settings.events)
    return desk, list(desk.nights(first, int(tape.nights.max())))


@pytest.mark.parametrize("policy", ["nightly, chosen labels", "on drift, chosen labels"])
def test_the_desk_calls_classes_asks_watches_and_puts_better_models_in_use(tape: Tape, policy: str) -> None:
    desk, nights = live(tape, policy)
    assert tape.target.names == NAMES
    assert {night.asked for night in nights} == {5}
    scored = desk.scores(int(nights[0].night), int(tape.nights.max()))
    probabilities = read_probabilities(scored)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert scored["called"].to_numpy().tolist() == probabilities.argmax(axis=1).tolist()
    assert np.mean(scored["called"].to_numpy() == scored["target"].to_numpy()) > 0.9
    assert any(night.retrained for night in nights) == (policy == "nightly, chosen labels" or "shifted" in {
        night.drift for night in nights})  # fmt: skip


def test_a_network_calls_classes_too(tape: Tape) -> None:
    network = ClassifierSettings(
        kind="feed-forward", features="scratch", dimensions=8, units=8, epochs=2, batch_size=32, learning_rate=2e-2
    )
    desk, _ = live(tape, "never retrained", SETTINGS.model_copy(update={"network": network}))
    assert desk.champion.threshold is None
    assert set(np.unique(desk.called)) <= {0, 1, 2}


def test_a_class_that_nobody_has_seen_before_the_drill_is_told(tape: Tape) -> None:
    lacking = Tape(
        tape.table, tape.tokens, np.asarray(tape.times), tape.nights, tape.groups, tape.splits,
        type(tape.target)((*NAMES, "storm surge")),  # type: ignore[call-arg]
    )  # fmt: skip
    with pytest.raises(ValueError, match="or it lacks a class: choose a later event"):
        begin(lacking, 2, ())


def test_the_score_card_names_the_classes_and_has_no_alerts(home: Path, tape: Tape) -> None:
    artifacts = {}
    for policy in ("never retrained", "nightly, chosen labels"):
        desk, nights = live(tape, policy)
        scores = desk.scores(nights[0].night, int(tape.nights.max()))
        lived = pa.Table.from_pylist([vars(night) for night in nights])
        artifacts[policy] = formats.write_artifact("drill", {SCORES: scores, NIGHTS: lived})
    found = results.score(artifacts, dict.fromkeys(artifacts, 1.0), EVENTS[2:], NAMES)
    summary = {"tweets": 360, "nights": 6, "known": 360, "budget": 5, "model": "logistic/tf-idf", **found}
    assert summary["classes"] == list(NAMES)
    assert summary["policies"][0]["macro_f1"] > 0.8
    assert "alerted" not in summary["policies"][0]
    assert len(results.head(summary)) == len(results.rows(summary)[0]) == 6
    page = results.page(summary, results.figures(summary))
    assert "the classes that an event has" in page
    assert "alert" not in page.replace("--alert", "")
    assert [day["classes"] for day in summary["events"][0]["days"]] == [dict.fromkeys(NAMES, 20)] * NIGHTS_LONG
