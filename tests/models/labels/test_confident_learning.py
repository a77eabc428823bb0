"""Confident learning: planted wrong labels rank first, classes that are hard are not suspected for that."""

import numpy as np
import pyarrow as pa
import pytest

from models.labels.confident_learning import audit_labels
from models.labels.out_of_fold import out_of_fold
from models.settings import TextSettings
from models.splitting.splits import group_digests
from models.text import tokenize_texts

FIRES, GOALS = ["fire", "smoke", "flames", "rescue"], ["goal", "match", "score", "team"]


def test_thresholds_suspicion_and_joint_are_those_worked_out_by_hand() -> None:
    """Labels 1: .9, .8, .1, mean .6. Labels 0: .2, .3, .7 (so 0 has .8, .7, .3), mean .6.

    Beyond .6 for 1 are .9, .8, .7; for 0 (below .4) are .1, .2, .3. Third and sixth are on the other side.
    """
    probabilities = np.array([0.9, 0.8, 0.1, 0.2, 0.3, 0.7])
    audit = audit_labels(probabilities, np.array([1, 1, 1, 0, 0, 0]))
    assert audit.thresholds == pytest.approx([0.6, 0.6])
    assert audit.suspected.tolist() == [False, False, True, False, False, True]
    assert audit.joint.tolist() == [[2, 1], [1, 2]]
    assert audit.wrong == pytest.approx(2)
    assert np.argsort(audit.quality)[:2].tolist() == [2, 5]
    assert audit.quality[2] == pytest.approx((0.1 - 0.6) - (0.9 - 0.6))


def test_a_class_with_low_probabilities_is_measured_by_its_own_threshold() -> None:
    """Disasters have .45 on average: .4 is usual for one, and .4 is far too high for the other class."""
    probabilities = np.array([0.4, 0.5, 0.45, 0.05, 0.05, 0.4])
    audit = audit_labels(probabilities, np.array([1, 1, 1, 0, 0, 0]))
    assert audit.quality.argmin() == 5
    assert not audit.suspected[:3].any()


def test_one_class_alone_cannot_be_audited() -> None:
    with pytest.raises(ValueError, match="both classes"):
        audit_labels(np.array([0.2, 0.3]), np.array([1, 1]))


def test_labels_that_were_flipped_are_ranked_first_by_models_that_have_not_seen_them() -> None:
    draw = np.random.default_rng(1)
    texts = [" ".join([*draw.choice(GOALS if row % 2 else FIRES, 3), f"w{row}"]) for row in range(80)]
    labels = np.array([1 - row % 2 for row in range(80)])
    labels[[3, 10]] = 1 - labels[[3, 10]]
    column = pa.array([text.replace("w", "x" * (row + 1) + " ") for row, text in enumerate(texts)])
    probabilities = out_of_fold(tokenize_texts(column, TextSettings()), labels, group_digests(column), folds=4)
    audit = audit_labels(probabilities, labels)
    assert set(np.argsort(audit.quality)[:2].tolist()) == {3, 10}
    assert audit.suspected[[3, 10]].all()


def test_of_three_classes_each_is_measured_by_its_own_threshold() -> None:
    """Worked out by hand. Thresholds: .7, .5, .5; the third row is 1 by its words, the last beyond no threshold."""
    probabilities = np.array(
        [[0.9, 0.1, 0.0], [0.8, 0.1, 0.1], [0.4, 0.6, 0.0], [0.3, 0.6, 0.1], [0.5, 0.4, 0.1], [0.3, 0.2, 0.5]]
    )
    audit = audit_labels(probabilities, np.array([0, 0, 0, 1, 1, 2]))
    assert audit.thresholds == pytest.approx([0.7, 0.5, 0.5])
    assert audit.suspected.tolist() == [False, False, True, False, False, False]
    assert audit.other.tolist()[2] == 1
    assert audit.joint == pytest.approx(np.array([[2, 1, 0], [0, 2, 0], [0, 0, 1]]))
    assert audit.wrong == pytest.approx(1)
    assert audit.quality.argmin() == 2


def test_two_columns_of_probabilities_say_what_one_says() -> None:
    random = np.random.default_rng(0)
    probabilities, labels = random.random(80), random.integers(0, 2, 80)
    one, two = (audit_labels(each, labels) for each in (probabilities, np.c_[1 - probabilities, probabilities]))
    assert one.quality == pytest.approx(two.quality)
    assert one.suspected.tolist() == two.suspected.tolist()
    assert one.other.tolist() == (1 - labels).tolist()
