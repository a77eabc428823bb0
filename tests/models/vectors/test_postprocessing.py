"""All but the top: the mean and the main directions are gone, the rest stays as it was."""

import numpy as np
import pyarrow as pa
import pytest

from models.vectors import WordVectors
from models.vectors.postprocessing import all_but_the_top


def vectors_of(numbers: np.ndarray) -> WordVectors:
    return WordVectors(pa.array([f"w{n}" for n in range(len(numbers))]), numbers.astype(np.float32))


def test_mean_and_main_directions_are_taken_off() -> None:
    random = np.random.default_rng(0)
    top = np.linalg.qr(random.normal(size=(6, 2)))[0]
    numbers = 3 + random.normal(size=(500, 6)) + 20 * random.normal(size=(500, 2)) @ top.T
    left = all_but_the_top(vectors_of(numbers), 2).vectors
    # The definition: principal components of the centred rows, by a decomposition of its own.
    centred = numbers - numbers.mean(axis=0)
    main = np.linalg.svd(centred, full_matrices=False)[2][:2]
    assert left == pytest.approx(centred - centred @ main.T @ main, abs=1e-3)
    assert np.abs(left @ main.T).max() < 1e-3


def test_nothing_is_changed_when_no_component_is_to_go() -> None:
    vectors = vectors_of(np.eye(3))
    assert all_but_the_top(vectors, 0) is vectors


def test_words_without_a_vector_stay_so() -> None:
    numbers = np.vstack([np.zeros(3), np.random.default_rng(0).normal(size=(9, 3))])
    left = all_but_the_top(vectors_of(numbers), 1).vectors
    assert not left[0].any()
    assert left[1:].mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-6)


def test_a_direction_must_be_left() -> None:
    with pytest.raises(ValueError, match="remove_components must be below the width 3 of the vectors, got 3"):
        all_but_the_top(vectors_of(np.eye(3)), 3)
