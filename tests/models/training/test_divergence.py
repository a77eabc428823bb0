"""A training that goes wrong stops, and says what was seen, since when, and what to change."""

import numpy as np
import pytest

from models.training.divergence import DivergenceError, TrainingWatch, longest_row


def watch() -> TrainingWatch:
    """Of a training in which knowing nothing costs 2."""
    return TrainingWatch("cbow vectors", "Lower learning_rate.", nothing=2.0, most_norm=100.0)


@pytest.mark.parametrize(
    ("loss", "norm", "seen"),
    [
        (float("nan"), 1.0, "its loss is nan"),
        (float("inf"), 1.0, "its loss is inf"),
        (1.0, float("nan"), "norm of a row of weights is nan"),
        (1.0, 101.0, "norm of a row of weights is 101, at most 100 is sound"),
        (3.1, 1.0, "its loss is 3.1, where knowing nothing costs 2"),
        (2.1, 1.0, "its loss rose from 1 to 2.1, where knowing nothing costs 2"),
    ],
)
def test_what_is_out_of_range_stops_a_training(loss: float, norm: float, seen: str) -> None:
    training = watch()
    training.check("at the end of epoch 1", 1.0, 1.0)
    with pytest.raises(DivergenceError, match=seen) as error:
        training.check("at the end of epoch 2", loss, norm)
    assert str(error.value).startswith("the training of cbow vectors diverged: ")
    assert "at the end of epoch 2; all was well at the end of epoch 1 (loss 1)" in str(error.value)
    assert str(error.value).endswith("Lower learning_rate.")


def test_a_loss_that_rises_but_is_below_that_of_knowing_nothing_stops_no_training() -> None:
    training = watch()
    for number, loss in enumerate([2.2, 1.0, 0.1, 0.3, 1.9]):
        training.check(f"at the end of epoch {number}", loss, 1.0)


def test_the_longest_row_is_that_along_the_last_axis_and_a_number_that_is_none_shows() -> None:
    assert longest_row(np.array([[3.0, 4.0], [1.0, 0.0]], np.float32)) == 5
    assert longest_row(np.float32(-2)) == 2
    assert longest_row(np.zeros((0, 3))) == 0
    assert np.isnan(longest_row(np.array([[np.nan, 1], [2, 3]])))
    assert longest_row(np.array([1e30], np.float32)) == pytest.approx(1e30)  # whose square is not a float32
