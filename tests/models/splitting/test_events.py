"""Folds of events hold out each event once, with all copies of its texts."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.splitting.events import EventFold, adaptation_rows, event_splits, event_units
from models.splitting.folds import UNUSED

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 25)), min_size=8, max_size=90).filter(
    lambda rows: len({event for event, _ in rows}) > 1
)


def columns(rows: list[tuple[int, int]]) -> tuple[pa.StringArray, pa.StringArray]:
    """Groups and events of rows (event, text)."""
    return pa.array([f"text {text}" for _, text in rows]), pa.array([f"event {event}" for event, _ in rows])


@given(ROWS, st.integers(0, 5))
def test_no_text_of_a_held_out_event_is_trained_on_under_whatever_event(rows: list[tuple[int, int]], seed: int) -> None:
    groups, events = columns(rows)
    kept = np.arange(len(rows)) % 5 > 0
    units = event_units(events, None, seed)
    tested = np.zeros(len(rows), int)
    for number, unit in enumerate(units, 1):
        fold = EventFold(folds=len(units), number=number, seed=seed, events=unit)
        splits = np.array(event_splits(groups, events, kept, fold).to_pylist())
        held = np.array(events.to_pylist()) == unit[0]
        assert (splits[held] == "test").all()
        tested += held
        learned = np.isin(splits, ("train", "validation"))
        assert not set(np.array(groups)[learned]) & set(np.array(groups)[held])
        assert kept[learned].all()
    assert (tested == 1).all()


def test_folds_of_an_event_under_other_seeds_and_shares_have_names_of_their_own() -> None:
    folds = [EventFold(events=("flood",), seed=seed, training_share=share) for seed in (1, 2) for share in (0.1, 1.0)]
    assert len({fold.title for fold in folds}) == 4


def test_rows_that_repeat_no_held_out_text_are_all_used() -> None:
    groups, events = columns([(number % 4, number) for number in range(400)])
    fold = EventFold(folds=4, number=2, events=("event 1",))
    splits = np.array(event_splits(groups, events, np.ones(400, bool), fold).to_pylist())
    assert UNUSED not in splits
    assert (splits == "test").sum() == 100
    assert 40 <= (splits == "validation").sum() <= 80  # 15 % of all groups


def test_events_are_dealt_out_to_folds_of_about_one_size() -> None:
    events = pa.array([f"word {number % 50}" for number in range(1_000)])
    units = event_units(events, 10, seed=1)
    assert sorted(name for unit in units for name in unit) == sorted(set(events.to_pylist()))
    assert {len(unit) for unit in units} == {5}
    assert event_units(events, 10, seed=1) == units != event_units(events, 10, seed=2)


def test_one_event_alone_cannot_be_held_out() -> None:
    with pytest.raises(ValueError, match="two at least"):
        event_units(pa.array(["flood", "flood"]), None, 1)


def test_labels_of_an_event_come_from_one_half_and_the_other_never_changes() -> None:
    groups, _ = columns([(0, number // 2) for number in range(400)])
    held, kept = np.arange(400) >= 100, np.arange(400) % 7 > 0
    dealt = adaptation_rows(groups, held, kept, draws=3, seed=1)
    assert 90 <= len(dealt.test) <= 210
    assert held[dealt.test].all()
    named = np.array(groups)
    for order in dealt.draws:
        assert not set(named[order]) & set(named[dealt.test])
        assert (held & kept)[order].all()
        assert len(set(named[order])) == len(order)  # a copy is not a second label
    assert dealt.draws[0].tolist() != dealt.draws[1].tolist()
    assert sorted(dealt.draws[0]) == sorted(dealt.draws[1])
    assert adaptation_rows(groups, held, kept, draws=1, seed=1).test.tolist() == dealt.test.tolist()
