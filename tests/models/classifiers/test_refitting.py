"""Linear models fitted again: on the same rows the same, on more rows with the same strength and line."""

import numpy as np
from scipy import sparse

from models.classifiers.logistic import fit_logistic
from models.classifiers.nb_svm import Scaled, fit_nb_svm
from models.classifiers.refitting import refit_logistic, refit_nb_svm
from models.settings import LogisticSettings, NbSvmSettings

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 2, 300)
WORDS = sparse.csr_matrix((RANDOM.random((300, 40)) < 0.2 + 0.2 * LABELS[:, None] * (np.arange(40) < 9)).astype(float))
TRAIN, VALIDATION = np.arange(200), np.arange(200, 300)


def test_a_logistic_refit_on_the_very_rows_of_its_twin_is_the_twin() -> None:
    twin, _ = fit_logistic(WORDS[TRAIN], LABELS[TRAIN], WORDS[VALIDATION], LABELS[VALIDATION], LogisticSettings())
    again = refit_logistic(WORDS[TRAIN], LABELS[TRAIN], twin.inverse_strength)
    np.testing.assert_allclose(again.coefficients, twin.coefficients, atol=1e-3)
    assert again.inverse_strength == twin.inverse_strength
    more = refit_logistic(WORDS, LABELS, twin.inverse_strength)
    assert np.abs(more.coefficients - twin.coefficients).max() > 0.01


def test_an_nb_svm_refit_learns_from_all_rows_and_keeps_the_strength_of_its_twin() -> None:
    settings = NbSvmSettings()
    twin, _ = fit_nb_svm(WORDS[TRAIN], LABELS[TRAIN], WORDS[VALIDATION], LABELS[VALIDATION], settings)
    again = refit_nb_svm(WORDS, LABELS, np.arange(300), twin.inverse_strength, settings)
    margins = Scaled.of(WORDS, LABELS, settings.smoothing).margins(twin.inverse_strength, settings).weights
    slope = again.coefficients @ margins / (margins @ margins)
    np.testing.assert_allclose(again.coefficients, slope * margins)
    assert again.inverse_strength == twin.inverse_strength
    assert np.abs(again.coefficients - twin.coefficients).max() > 1e-4


def test_an_nb_svm_refit_foretells_as_many_new_rows_as_there_are() -> None:
    """Words of one row or two, as tweets have: known rows lie far from the margin, new ones do not."""
    random = np.random.default_rng(1)

    def drawn(rows: int) -> tuple[sparse.csr_matrix, np.ndarray]:
        labels = (random.random(rows) < 0.3).astype(int)
        rare = random.random((rows, 2_000)) < 0.004
        common = random.random((rows, 20)) < 0.1 + 0.1 * labels[:, None]
        return sparse.csr_matrix(np.hstack([common, rare]).astype(float)), labels

    (known, labels), (new, truth) = drawn(600), drawn(20_000)
    refit = refit_nb_svm(known, labels, np.arange(600), 0.1, NbSvmSettings())
    assert abs(refit.predict_probabilities(new).mean() - truth.mean()) < 0.02


def test_a_class_of_one_group_leaves_an_nb_svm_refit_with_the_margins_themselves() -> None:
    labels = np.array([1, 1, 0, 0])
    features = sparse.csr_matrix(np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]]))
    refit = refit_nb_svm(features, labels, np.array(["a", "a", "b", "b"]), 1.0, NbSvmSettings())
    assert (refit.predict_probabilities(features) > 0.5).tolist() == [True, True, False, False]
