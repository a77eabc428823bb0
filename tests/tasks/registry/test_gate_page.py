"""The page of a decision: why, with every figure, and nothing that runs or loads."""

import re

import numpy as np
import pytest
from challengers import held_out_rows, planted_change

from models.gate import Service, Verdict, judge, judge_alone
from models.settings import GateSettings
from tasks.registry import NOT_CHALLENGED, Decision, Incumbent
from tasks.registry.gate_page import gate_page
from tasks.registry.promotion import in_markdown

ATTACK = "<script>alert(1)</script>"
SETTINGS = GateSettings(resamples=200)


def harmful_verdict() -> Verdict:
    random = np.random.default_rng(0)
    rows = held_out_rows(random, 2_000)
    harmed = np.arange(len(rows)) % 5 == 0
    pair = planted_change(random, rows, np.where(harmed, -0.2, 0.1), 0.12)
    return judge(rows, *pair, {f"keyword {ATTACK}": harmed}, Service(2_000, milliseconds=40), SETTINGS)


def test_a_refusal_shows_its_reason_the_harmed_slice_and_what_could_have_been_seen() -> None:
    verdict = harmful_verdict()
    page = gate_page(ATTACK, Decision(False, "version 3 stays", "4", verdict, Incumbent("3", "", None, 9)))
    assert "Registered as version 4: version 3 stays." in page
    assert "harm on 1 of 1 slices" in page
    assert verdict.gain is not None
    assert f"<b>{100 * verdict.gain.detectable:.1f}</b><span>points would have shown on 2\u202f000 rows" in page
    assert "9 challengers were compared" in page


def test_of_few_rows_the_page_and_the_version_say_that_they_are_too_few() -> None:
    random = np.random.default_rng(0)
    rows = held_out_rows(random, 20)
    verdict = judge(rows, *planted_change(random, rows, 0.0, 0.12), {}, Service(20, milliseconds=40), SETTINGS)
    decision = Decision(False, "version 3 stays", "4", verdict, Incumbent("3", "", None, 9))
    assert "<b>too few rows</b>" in gate_page("lstm", decision)
    assert "20 rows: too few to tell" in in_markdown(decision)
    for text in (gate_page("lstm", decision), in_markdown(decision), verdict.reason):
        assert not re.search(r"(gain of|<b>)\s*[0-9.]+(</b><span>)? points would", text)


def test_names_are_text_and_nothing_is_loaded() -> None:
    page = gate_page(ATTACK, Decision(False, ATTACK, "4", harmful_verdict(), Incumbent("3", "", None, 1)))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 4
    assert "http" not in page.replace("http-equiv", "")
    assert "default-src 'none'" in page


def test_where_nothing_was_compared_the_page_says_why() -> None:
    verdict = judge_alone(Service(100, milliseconds=40), SETTINGS, silent="no model at models:/crisisflow/3")
    page = gate_page("lstm", Decision(True, "lstm replaces version 3", "4", verdict, Incumbent("3", "", None, 1)))
    assert "The champion does not answer: no model at models:/crisisflow/3" in page
    assert "Slices" not in page


def test_a_decision_without_a_verdict_has_no_page() -> None:
    with pytest.raises(ValueError, match="nothing was judged"):
        gate_page("lstm", NOT_CHALLENGED)
