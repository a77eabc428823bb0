"""Linear models fitted again: on the same rows the same, on more rows with the same strength and line."""

import numpy as np
from scipy import sparse

from models.classifiers.logistic import fit_logistic
from models.classifiers.nb_svm import fit_margins, fit_nb_svm
from models.classifiers.refitting import refit_logistic, refit_nb_svm
from models.metrics.scores import platt_line
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


def test_an_nb_svm_refit_learns_from_all_rows_and_keeps_strength_and_line_of_its_twin() -> None:
    settings = NbSvmSettings()
    twin, _ = fit_nb_svm(WORDS[TRAIN], LABELS[TRAIN], WORDS[VALIDATION], LABELS[VALIDATION], settings)
    again = refit_nb_svm(WORDS, LABELS, TRAIN, VALIDATION, twin.inverse_strength, settings)
    margins = fit_margins(WORDS, LABELS, twin.inverse_strength, settings)
    alone = fit_margins(WORDS[TRAIN], LABELS[TRAIN], twin.inverse_strength, settings)
    line = platt_line(alone.of(WORDS[VALIDATION]), LABELS[VALIDATION])
    np.testing.assert_array_equal(alone.with_line(*line, 1.0).coefficients, twin.coefficients)
    np.testing.assert_array_equal(again.coefficients, margins.with_line(*line, 1.0).coefficients)
    assert np.abs(again.coefficients - twin.coefficients).max() > 1e-4
