"""Shares of several classes in a window, and how well a model probably tells them apart, without labels."""

import numpy as np
import pytest

from models.drift import estimated_accuracy
from models.drift.class_shift import estimate_class_shift, nearest_shares
from models.drift.estimated_accuracy import Judged, estimate
from models.drift.label_shift import estimate_label_shift
from models.metrics.classes import class_scores, confusion

BEFORE, NOW = np.array([0.6, 0.3, 0.1]), np.array([0.3, 0.3, 0.4])


def judged(random: np.random.Generator, shares: np.ndarray, rows: int) -> tuple[np.ndarray, Judged]:
    """Labels, and true probabilities of them from a normal number about each class: so confidence is calibrated."""
    labels = random.choice(len(shares), rows, p=shares)
    seen = random.normal(np.eye(len(shares))[labels] * 1.8)
    logits = 1.8 * seen + np.log(shares)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return labels, Judged(probabilities, probabilities.argmax(axis=1))


def test_shares_of_a_window_are_found_with_an_interval_that_holds_them() -> None:
    held = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        (labels, before), (_, now) = judged(random, BEFORE, 900), judged(random, NOW, 900)
        # By the same model: that of the window is asked with the shares that it learned.
        moved = now.probabilities * BEFORE / NOW
        found = estimate_class_shift(labels, before.called, moved.argmax(axis=1), 3)
        assert found.now is not None
        assert found.intervals is not None
        assert found.now.sum() == pytest.approx(1)
        held.append((found.intervals[:, 0] <= NOW) & (found.intervals[:, 1] >= NOW))
        assert found.moved in (0, 2)
        assert found.shift.p < 1e-6
    assert 0.88 <= np.mean(held) <= 0.99


def test_two_classes_come_out_as_the_two_class_formula_says() -> None:
    random = np.random.default_rng(1)
    labels, called, now = (random.integers(0, 2, 400) for _ in range(3))
    called = np.where(random.random(400) < 0.8, labels, called)
    two, several = (
        estimate_label_shift(labels, called == 1, now == 1), estimate_class_shift(labels, called, now, 2)
    )  # fmt: skip
    assert several.now is not None
    assert several.intervals is not None
    assert several.now[1] == pytest.approx(two.now)
    assert several.intervals[1] == pytest.approx(two.interval)
    assert abs(several.shift.effect) == pytest.approx(abs(two.shift.effect))


def test_shares_are_unknown_where_calls_tell_nothing_or_a_class_has_no_row() -> None:
    random = np.random.default_rng(2)
    labels, called = random.integers(0, 3, 300), random.integers(0, 3, 300)
    assert estimate_class_shift(labels, called, called, 3).now is None
    assert estimate_class_shift(np.minimum(labels, 1), np.minimum(labels, 1), called, 3).now is None
    assert estimate_class_shift(labels, labels, called[:0], 3).now is None


def test_equal_calls_are_no_shift_and_the_level_is_kept() -> None:
    random = np.random.default_rng(3)
    p_values = []
    for _ in range(200):
        (labels, before), (_, now) = judged(random, BEFORE, 300), judged(random, BEFORE, 200)
        p_values.append(estimate_class_shift(labels, before.called, now.called, 3).shift.p)
    assert np.mean(np.array(p_values) < 0.1) < 0.13


@pytest.mark.parametrize("values", [[2.0, -1.0, 0.5], [0.2, 0.3, 0.5], [-1.0, -1.0, -1.0]])
def test_nearest_shares_are_shares_and_leave_shares_alone(values: list[float]) -> None:
    found = nearest_shares(np.array(values))
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)
    assert nearest_shares(found) == pytest.approx(found)


def test_accuracy_and_macro_f1_are_estimated_with_intervals_that_hold_what_labels_show(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(estimated_accuracy, "RESAMPLES", 40)
    held, errors = [], []
    for seed in range(12):
        random = np.random.default_rng(seed)
        (labels, before), (truth, now) = judged(random, BEFORE, 800), judged(random, BEFORE, 800)
        found = estimate(before, labels, now)
        scores = float(np.mean(truth == now.called)), class_scores(confusion(truth, now.called, 3)).macro_f1
        assert found.accuracy is not None
        assert found.f1 is not None
        assert found.accuracy_interval is not None
        assert found.f1_interval is not None
        errors.append([abs(found.accuracy - scores[0]), abs(found.f1 - scores[1])])
        held += [low <= score <= high for score, (low, high) in zip(
            scores, (found.accuracy_interval, found.f1_interval), strict=True)]  # fmt: skip
    assert np.mean(held) >= 0.8
    assert np.mean(errors, axis=0).max() < 0.025


def test_an_overconfident_model_is_calibrated_before_it_is_believed() -> None:
    random = np.random.default_rng(5)
    (labels, before), (truth, now) = judged(random, BEFORE, 800), judged(random, BEFORE, 800)
    sure = [each.probabilities**4 / (each.probabilities**4).sum(axis=1, keepdims=True) for each in (before, now)]
    found = estimate(Judged(sure[0], before.called), labels, Judged(sure[1], now.called))
    assert found.accuracy == pytest.approx(float(np.mean(truth == now.called)), abs=0.04)
    assert np.mean(sure[1].max(axis=1)) > found.accuracy + 0.05


def test_a_class_of_next_to_no_labelled_text_leaves_nothing_to_calibrate_on() -> None:
    labels, before = judged(np.random.default_rng(6), np.array([0.6, 0.395, 0.005]), 400)
    assert estimate(before, labels, before).why_not == "400 labelled texts of all 3 classes are too few to calibrate on"
