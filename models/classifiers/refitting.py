"""Linear models fitted again on more rows, with what was chosen by the validation rows kept as it is."""

import numpy as np
from scipy import sparse

from models.classifiers.logistic import Features, LogisticModel, fit_at
from models.classifiers.nb_svm import fit_margins
from models.metrics.scores import platt_line
from models.settings import NbSvmSettings


def refit_logistic(features: Features, labels: np.ndarray, inverse_strength: float) -> LogisticModel:
    """The model of this C on all these rows. C is kept, not C per row: more rows count for more against the penalty."""
    return fit_at(features, labels, [inverse_strength])[0]


def refit_nb_svm(
    features: sparse.csr_matrix,
    labels: np.ndarray,
    train: np.ndarray,
    validation: np.ndarray,
    inverse_strength: float,
    settings: NbSvmSettings,
) -> LogisticModel:
    """The model of this C on all these rows; `train` and `validation` are the row numbers of its twin.

    The line that makes probabilities of margins needs rows that the margins have not learned from: it is that of the
    training rows' margins on the validation rows, as the twin has it.
    """
    twin = fit_margins(features[train], labels[train], inverse_strength, settings)
    slope, offset = platt_line(twin.of(features[validation]), labels[validation])
    return fit_margins(features, labels, inverse_strength, settings).with_line(slope, offset, inverse_strength)
