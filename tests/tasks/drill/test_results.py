"""The score card of a drill, as figures and as a page."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.drill import results
from tasks.drill.replay import NIGHTS, SCORES
from tasks.store import formats

EVENTS = ["2012_mill_fire", "2013_port_flood"]


def replayed(called: list[bool], asked: int) -> Path:
    """What a replay leaves of two events of eight tweets each, ten minutes apart, every other one real."""
    target = np.array([1, 0] * 8, np.int8)
    scores = pa.table(
        {
            "id": [str(number) for number in range(16)],
            "event": [EVENTS[number // 8] for number in range(16)],
            "target": target,
            "time": np.arange(16) * 600_000,
            "called": called,
        }
    )
    nights = pa.table({"asked": [asked, asked], "retrained": [asked > 0, False], "promoted": [False, False]})
    return formats.write_artifact("drill", {SCORES: scores, NIGHTS: nights})


@pytest.fixture
def summary(home: Path) -> dict[str, Any]:
    right = [True, False] * 8
    artifacts = {
        "never retrained": replayed([True] * 16, 0),
        "nightly, chosen labels": replayed(right, 5),
        "nightly, random labels": replayed([*right[:8], *([True] * 8)], 5),
    }
    found = results.score(artifacts, dict.fromkeys(artifacts, 1.5), EVENTS)
    return {"tweets": 16, "nights": 2, "known": 40, "budget": 5, "model": "logistic/tf-idf", **found}


def test_the_score_card_says_what_each_policy_cost_and_came_to(summary: dict[str, Any]) -> None:
    never, chosen, random = summary["policies"]
    assert [each["labels"] for each in (never, chosen, random)] == [0, 10, 10]
    assert [each["retrainings"] for each in (never, chosen, random)] == [0, 1, 1]
    assert never["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)
    assert chosen["macro_f1"] == 1
    assert random["macro_f1"] == pytest.approx((1 + 1 / 3) / 2)
    assert summary["events"][1]["scores"]["nightly, random labels"]["macro_f1"] == pytest.approx(1 / 3)


def test_the_differences_name_both_policies_and_the_events_on_which_one_is_better(summary: dict[str, Any]) -> None:
    pairs = {(each["policy"], each["against"]): each for each in summary["comparisons"]}
    assert pairs["nightly, random labels", "nightly, chosen labels"]["better"] == 0
    assert pairs["nightly, random labels", "nightly, chosen labels"]["difference"] == pytest.approx(-1 / 3)
    assert pairs["nightly, chosen labels", "never retrained"]["better"] == 2


def test_the_page_shows_every_policy_and_every_event(summary: dict[str, Any]) -> None:
    page = results.page(summary, results.figures(summary))
    for said in ("never retrained", "nightly, chosen labels", "2012 mill fire", "2013 port flood", "1.000"):
        assert said in page
    assert len(re.findall("<img|<svg", page)) >= 4  # two of all events, one of each
    assert "no right alert, 0 % of the real reports missed" in page
    assert "16 tweets of 2 events in 2 nights, after 40 labelled tweets sent before; 5 labels a night" in page


def test_the_picture_of_an_event_shows_the_first_policy_and_the_best_others(summary: dict[str, Any]) -> None:
    others = [{"policy": name, "macro_f1": score} for name, score in (("a", 0.5), ("b", 0.7), ("c", 0.6), ("d", 0.8))]
    assert results.drawn_policies({"policies": [{"policy": "never", "macro_f1": 0.9}, *others]}) == [
        "never",
        "b",
        "c",
        "d",
    ]
    storm = summary["events"][1]
    assert storm["days"] == [{"day": "1970-01-01", "tweets": 8, "real": 4}]
    assert storm["scores"]["never retrained"]["right"] == [0.5]


def test_a_difference_that_rounds_to_nothing_has_no_minus() -> None:
    nothing = {"difference": -0.0002, "interval": [-0.0004, 0.0001], "p": 0.207}
    assert results.difference(nothing, digits=3).split("\n")[:2] == ["+0.000", "(+0.000 to +0.000)"]
