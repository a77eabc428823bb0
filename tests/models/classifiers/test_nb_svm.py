"""NB-SVM: the ratios of the paper, naive Bayes and SVM as its two ends, and probabilities from margins."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.naive_bayes import MultinomialNB
from sklearn.svm import LinearSVC

from models.classifiers.logistic import LogisticModel
from models.classifiers.nb_svm import fit_nb_svm, log_count_ratios
from models.metrics.scores import classification_metrics
from models.settings import NbSvmSettings


def bags(rows: int = 300, features: int = 40, seed: int = 0) -> tuple[sparse.csr_matrix, np.ndarray]:
    """0/1 rows in which the first ten features speak for a positive label, the next ten against it."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, rows)
    chance = np.full((rows, features), 0.15)
    chance[:, :10] += 0.15 * labels[:, None]
    chance[:, 10:20] += 0.15 * (1 - labels[:, None])
    return sparse.csr_matrix((random.random((rows, features)) < chance).astype(float)), labels


def test_ratios_are_those_of_the_paper() -> None:
    features = sparse.csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1]], float))
    positive, negative = np.array([3, 2, 1]) / 6, np.array([1, 2, 2]) / 5
    np.testing.assert_allclose(
        log_count_ratios(features, np.array([1, 1, 0]), 1.0), np.log(positive / negative), rtol=1e-12
    )


def test_ratios_are_the_weights_of_naive_bayes() -> None:
    features, labels = bags()
    expected = np.subtract(*MultinomialNB(alpha=1.0).fit(features, labels).feature_log_prob_[::-1])
    np.testing.assert_allclose(log_count_ratios(features, labels, 1.0), expected, atol=1e-12)


@pytest.mark.parametrize("interpolation", [0.0, 1.0])
def test_the_two_ends_rank_as_naive_bayes_and_as_the_svm_do(interpolation: float) -> None:
    features, labels = bags()
    settings = NbSvmSettings(inverse_strengths=(0.1,), interpolation=interpolation)
    model, _ = fit_nb_svm(features, labels, features, labels, settings)
    ratios = log_count_ratios(features, labels, 1.0)
    if interpolation:
        scaled = (features @ sparse.diags(ratios)).tocsr()
        margins = LinearSVC(C=0.1, random_state=0).fit(scaled, labels).decision_function(scaled)
    else:
        margins = features @ ratios
    order = np.argsort(margins, kind="stable")
    ranked = model.predict_probabilities(features)[order]
    assert (np.diff(ranked) >= -1e-9).all()


def test_probabilities_are_calibrated_on_the_validation_rows() -> None:
    model, _ = fit_nb_svm(*bags(seed=1), *bags(2_000, seed=2), NbSvmSettings())
    features, labels = bags(2_000, seed=3)
    scores = classification_metrics(labels, model.predict_probabilities(features))
    assert scores["ece"] < 0.04
    assert scores["accuracy"] > 0.7


def test_the_strength_with_the_lowest_validation_log_loss_wins() -> None:
    model, history = fit_nb_svm(*bags(), *bags(seed=4), NbSvmSettings(inverse_strengths=(10.0, 0.001, 0.1)))
    assert [scores["inverse_strength"] for scores in history] == [0.001, 0.1, 10.0]
    assert model.inverse_strength == min(history, key=lambda scores: scores["log_loss"])["inverse_strength"]


def test_arrays_are_all_that_is_needed_and_fitting_twice_gives_the_same_bits() -> None:
    model, _ = fit_nb_svm(*bags(), *bags(seed=4), NbSvmSettings())
    again, _ = fit_nb_svm(*bags(), *bags(seed=4), NbSvmSettings())
    features, _ = bags(seed=5)
    read = LogisticModel.from_arrays(again.to_arrays())
    assert read.predict_probabilities(features).tobytes() == model.predict_probabilities(features).tobytes()


def test_one_class_is_refused() -> None:
    features, labels = bags()
    with pytest.raises(ValueError, match="one class only"):
        fit_nb_svm(features, np.ones_like(labels), features, labels, NbSvmSettings())
