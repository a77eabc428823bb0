"""Which labels are used, and that no label that was not drawn at random reaches validation or test rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.labels.usable import QUARANTINED, Given, judge

GIVEN = st.builds(
    Given,
    st.sampled_from("abcd"),
    st.just(""),
    st.integers(0, 1),
    st.sampled_from(["ada", "bo"]),
    st.sampled_from(["chosen", "random", "audit", "own"]),
)


def label(label: int = 1, asked: str = "chosen", split: str = "train", annotator: str = "ada") -> Given:
    return Given("g", split, label, annotator, asked)


@pytest.mark.parametrize(
    ("given", "known", "outcome"),
    [
        (label(), set(), "added"),
        (label(split="test"), set(), "not-random"),
        (label(split="validation", asked="own"), set(), "not-random"),
        (label(split="test", asked="random"), set(), "added"),
        (label(split="test"), {1}, "confirmed"),
        (label(0), {1}, "conflicting-labels"),
        (label(0, "audit"), {1}, "corrected"),
        (label(0, "audit"), {0, 1}, "corrected"),
        (label(0, "audit", "test"), {1}, "not-random"),
        (label(0, "random", "test"), {1}, "conflicting-labels"),
    ],
)
def test_what_becomes_of_one_label(given: Given, known: set[int], outcome: str) -> None:
    assert judge([given], {"g": known})[0].outcome == outcome


def test_annotators_who_differ_are_both_left_out_and_named() -> None:
    verdicts = judge([label(1), label(0, annotator="bo")], {})
    assert [each.outcome for each in verdicts] == ["conflicting-annotators"] * 2
    assert verdicts[0].reason == "annotators differ: ada says 1, bo says 0"


def test_annotators_who_agree_count_once() -> None:
    verdicts = judge([label(1), label(1, annotator="bo")], {})
    assert [each.outcome for each in verdicts] == ["added", "repeated"]


def test_a_random_share_label_opens_validation_to_a_group_that_somebody_chose_too() -> None:
    verdicts = judge([label(1, split="test"), label(1, "random", "test", "bo")], {})
    assert [each.outcome for each in verdicts] == ["added", "repeated"]


@given(st.lists(GIVEN), st.dictionaries(st.sampled_from("abcd"), st.sets(st.integers(0, 1), min_size=1)))
def test_each_group_is_added_or_corrected_at_most_once_and_only_where_it_may(
    labels: list[Given], known: dict[str, set[int]]
) -> None:
    splits = {"a": "train", "b": "validation", "c": "test", "d": "train"}
    labels = [each._replace(split=splits[each.group]) for each in labels]
    verdicts = judge(labels, known)
    changing = [
        each for each, verdict in zip(labels, verdicts, strict=True) if verdict.outcome in ("added", "corrected")
    ]
    assert len({each.group for each in changing}) == len(changing)
    for each, verdict in zip(labels, verdicts, strict=True):
        asked = {other.asked for other in labels if other.group == each.group}
        if verdict.outcome in ("added", "corrected") and each.split != "train":
            assert "random" in asked
        assert bool(verdict.reason) == (verdict.outcome in QUARANTINED)
