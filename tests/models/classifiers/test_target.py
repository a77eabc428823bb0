"""A label of several classes: scores as scikit-learn has them, calibration, linear models and ensembles of them."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, log_loss, roc_auc_score

from models.classifiers.calibration import apply_temperature, call_classes, fit_line, of_called
from models.classifiers.ensemble import mean_log_odds, member_lines
from models.classifiers.logistic import MultinomialModel, fit_logistic, read_linear
from models.classifiers.nb_svm import fit_nb_svm
from models.classifiers.refitting import refit_logistic, refit_nb_svm
from models.classifiers.target import TWO, refuse_costs, target_of
from models.settings import LogisticSettings, NbSvmSettings, ThresholdSettings

NAMES = ("none", "storm", "drill")
TARGET = target_of(NAMES)
RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 3, 600).astype(np.int8)
# Two words for each class, which three rows in four hold, and four for any.
OWN = (LABELS[:, None] == np.arange(6) // 2) & (RANDOM.random((600, 6)) < 0.75)
WORDS = sparse.csr_matrix(np.hstack([OWN, RANDOM.random((600, 4)) < 0.4]).astype(float))
TRAIN, VALIDATION = np.arange(400), np.arange(400, 600)
SAID = softmax(RANDOM.normal(0, 1, (600, 3)) + 2 * np.eye(3)[LABELS], axis=1)


def test_scores_are_those_of_scikit_learn() -> None:
    scores = TARGET.scores(LABELS, SAID)
    assert scores["f1"] == pytest.approx(f1_score(LABELS, SAID.argmax(axis=1), average="macro"))
    assert scores["log_loss"] == pytest.approx(log_loss(LABELS, SAID))
    assert scores["roc_auc"] == pytest.approx(roc_auc_score(LABELS, SAID, multi_class="ovr", average="macro"))
    assert scores["brier"] == pytest.approx(np.mean(np.sum((SAID - np.eye(3)[LABELS]) ** 2, axis=1)))


def test_a_class_without_rows_has_no_part_in_the_means() -> None:
    there = LABELS != 2
    never = SAID[there] * [1, 1, 0]
    scores = TARGET.scores(LABELS[there], never / never.sum(axis=1, keepdims=True))
    two = scores["f1"]
    assert two == pytest.approx(f1_score(LABELS[there], never.argmax(axis=1), average="macro"))
    assert not any(np.isnan(value) for value in scores.values())


def test_one_class_alone_has_no_ranking_and_no_score_is_nan() -> None:
    scores = TARGET.scores(np.zeros(5, int), np.tile([0.5, 0.3, 0.2], (5, 1)))
    assert "roc_auc" not in scores
    assert scores["f1"] == 1.0


def test_intervals_hold_the_scores_of_all_rows() -> None:
    scores, intervals = TARGET.scores(LABELS, SAID), TARGET.intervals(LABELS, SAID, None)
    for name in ("accuracy", "f1"):
        low, high = intervals[name]
        assert low < scores[name] < high < low + 0.12


@pytest.mark.parametrize(
    ("labels", "said"),
    [([0, 3], [[1.0, 0, 0]] * 2), ([0, 1], [[0.5, 0.1, 0.1]] * 2), ([], np.empty((0, 3))), ([0], [[0.5]])],
)
def test_rows_that_cannot_be_scored_are_refused(labels: list[int], said: list[list[float]]) -> None:
    with pytest.raises(ValueError, match=r"labels must|sum to 1|no rows|labels must"):
        TARGET.scores(np.array(labels, int), np.array(said))


def test_the_likeliest_of_several_classes_is_called_and_two_need_a_threshold() -> None:
    np.testing.assert_array_equal(call_classes(SAID, None), SAID.argmax(axis=1))
    np.testing.assert_array_equal(of_called(SAID), SAID.max(axis=1))
    assert TARGET.choose_threshold(LABELS, SAID, ThresholdSettings()) is None
    with pytest.raises(ValueError, match="threshold"):
        call_classes(SAID[:, 0], None)


def test_what_a_miss_costs_needs_a_label_of_two_classes() -> None:
    with pytest.raises(ValueError, match="--miss-costs needs a label of two classes, this one has 3"):
        refuse_costs(NAMES, 5.0)
    refuse_costs((), 5.0)


@pytest.mark.parametrize("bold", [0.5, 2.0])
def test_the_temperature_undoes_a_known_exaggeration(bold: float) -> None:
    shares = softmax(RANDOM.normal(0, 2, (20_000, 3)), axis=1)
    labels = (RANDOM.random((20_000, 1)) > np.cumsum(shares, axis=1)[:, :2]).sum(axis=1)
    told = apply_temperature(shares, 1 / bold)
    assert TARGET.fit_temperature(labels, told) == pytest.approx(bold, rel=0.06)
    np.testing.assert_allclose(apply_temperature(told, bold), shares, atol=1e-9)


def test_a_line_mends_what_is_too_modest_and_prefers_one_class() -> None:
    scores = np.log(SAID) / 3 + [0.0, 1.0, 0.0]
    slope, offsets = fit_line(LABELS, scores)
    assert slope == pytest.approx(6, rel=0.3)  # the odds of SAID are half of what its labels are drawn by
    assert offsets[1] < min(offsets[0], offsets[2]) - 1


def test_an_ensemble_of_several_classes_is_better_than_its_members() -> None:
    members = [softmax(RANDOM.normal(0, 1, (600, 3)) + np.eye(3)[LABELS], axis=1) for _ in range(3)]
    together = mean_log_odds(members, member_lines(LABELS, members))
    np.testing.assert_allclose(together.sum(axis=1), 1)
    losses = [TARGET.losses(LABELS, each).mean() for each in members]
    assert TARGET.losses(LABELS, together).mean() < min(losses) - 0.1


def test_logistic_regression_of_several_classes_is_scikit_learns() -> None:
    settings = LogisticSettings(inverse_strengths=(1.0,))
    model, history = fit_logistic(WORDS[TRAIN], LABELS[TRAIN], WORDS[VALIDATION], LABELS[VALIDATION], settings, TARGET)
    expected = LogisticRegression(solver="newton-cg").fit(WORDS[TRAIN], LABELS[TRAIN]).predict_proba(WORDS[VALIDATION])
    again = read_linear(model.to_arrays())
    assert isinstance(again, MultinomialModel)
    np.testing.assert_allclose(again.predict_probabilities(WORDS[VALIDATION]), expected, atol=1e-4)
    assert history[0]["accuracy"] > 0.8
    assert refit_logistic(WORDS, LABELS, 1.0).predict_probabilities(WORDS).shape == (600, 3)


def test_nb_svm_tells_several_classes_apart_each_against_all_others() -> None:
    model, history = fit_nb_svm(
        WORDS[TRAIN], LABELS[TRAIN], WORDS[VALIDATION], LABELS[VALIDATION], NbSvmSettings(), TARGET
    )
    said = model.predict_probabilities(WORDS[VALIDATION])
    np.testing.assert_allclose(said.sum(axis=1), 1)
    assert TARGET.scores(LABELS[VALIDATION], said)["accuracy"] > 0.8
    assert len(history) == len(NbSvmSettings().inverse_strengths)
    again = refit_nb_svm(WORDS, LABELS, np.arange(600), model.inverse_strength, NbSvmSettings(), TARGET)
    np.testing.assert_allclose(again.predict_probabilities(WORDS[VALIDATION]), said, atol=0.15)


def test_a_class_that_no_training_row_has_is_named() -> None:
    known = LABELS[TRAIN] != 2
    with pytest.raises(ValueError, match="no training row is of class drill"):
        fit_logistic(WORDS[TRAIN][known], LABELS[TRAIN][known], WORDS, LABELS, LogisticSettings(), TARGET)


def test_two_classes_are_what_they_were() -> None:
    assert target_of(()) is TWO
    assert TWO.scores(np.array([0, 1]), np.array([0.2, 0.9]))["f1"] == 1.0
