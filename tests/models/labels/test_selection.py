"""Chosen are uncertain texts that differ; the random share is in every beginning of the queue."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.labels.budget import Budget
from models.labels.selection import choose_diverse, interleave, text_vectors, uncertainty
from models.settings import TextSettings
from models.text import tokenize_texts

FIRES = ["fire in the hills", "the hills on fire", "fire, hills and fire"]
GOALS = ["a goal in the match", "what a match and goal", "match of the goal"]


def test_uncertainty_is_one_at_the_threshold_wherever_that_lies_and_falls_on_both_sides() -> None:
    for threshold in (0.2, 0.5, 0.83):
        found = uncertainty(np.array([0.01, threshold, 0.99, 1.0, 0.0]), threshold)
        assert found[1] == pytest.approx(1)
        assert np.isfinite(found).all()
        assert (found[[0, 2, 3, 4]] < 0.6).all()


def test_of_texts_about_two_things_one_of_each_is_chosen_the_surer_topic_too() -> None:
    """The three most uncertain texts all speak of fires: uncertainty alone would choose two of them."""
    texts = [*FIRES, *GOALS]
    vectors = text_vectors(tokenize_texts(pa.array(texts), TextSettings()), 1)
    weights = np.array([1.0, 0.99, 0.98, 0.5, 0.6, 0.4])
    chosen = choose_diverse(vectors, weights, 2, 1)
    assert sorted(row // 3 for row in chosen) == [0, 1]
    assert weights[chosen[0]] > weights[chosen[1]]


def test_where_texts_cannot_be_told_apart_the_most_uncertain_fill_up() -> None:
    chosen = choose_diverse(np.zeros((4, 1)), np.array([0.1, 0.9, 0.5, 0.7]), 3, 1)
    assert chosen.tolist() == [1, 3, 2]


def test_fewer_texts_than_asked_for_are_all_chosen() -> None:
    assert choose_diverse(np.zeros((2, 1)), np.array([0.1, 0.9]), 5, 1).tolist() == [1, 0]


@given(st.integers(1, 40), st.integers(1, 30), st.integers(0, 5))
def test_as_many_different_rows_are_chosen_as_asked_for_and_the_same_ones_again(
    rows: int, count: int, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    vectors, weights = draw.integers(0, 3, (rows, 2)).astype(float), draw.random(rows)
    chosen = choose_diverse(vectors, weights, count, seed)
    assert len(set(chosen.tolist())) == len(chosen) == min(rows, count)
    assert chosen.tolist() == choose_diverse(vectors, weights, count, seed).tolist()


def test_texts_without_a_word_in_common_have_no_direction() -> None:
    assert not text_vectors(tokenize_texts(pa.array(["fire", "goal"]), TextSettings()), 1).any()


@given(st.integers(0, 60), st.floats(0.2, 1))
def test_every_beginning_of_the_queue_holds_the_random_share(count: int, share: float) -> None:
    drawn = int(np.ceil(share * count))
    mixed = np.array(interleave(range(count - drawn), range(1000, 1000 + drawn), share))
    assert sorted(mixed) == [*range(count - drawn), *range(1000, 1000 + drawn)]
    for length in range(1, count + 1):
        assert (mixed[:length] >= 1000).sum() >= share * length - 1e-9


@pytest.mark.parametrize("text", ["", "0/day", "many", "5/month", "-3"])
def test_what_is_no_budget_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="50/day"):
        Budget.parse(text)
