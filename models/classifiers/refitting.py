"""Linear models fitted again on more rows, with what was chosen by the validation rows kept as it is."""

import numpy as np
from scipy import sparse

from models.classifiers.logistic import Features, LinearModel, fit_at
from models.classifiers.nb_svm import margins_of, scale_features
from models.classifiers.target import TWO, Target
from models.selection.cross_fitting import cross_fitted
from models.settings import NbSvmSettings


def refit_logistic(features: Features, labels: np.ndarray, inverse_strength: float) -> LinearModel:
    """The model of this C on all these rows. C is kept, not C per row: more rows count for more against the penalty."""
    return fit_at(features, labels, [inverse_strength])[0]


def refit_nb_svm(
    features: sparse.csr_matrix,
    labels: np.ndarray,
    groups: np.ndarray,
    inverse_strength: float,
    settings: NbSvmSettings,
    target: Target = TWO,
) -> LinearModel:
    """The model of this C on all these rows.

    The line that makes probabilities of margins needs margins of rows that they have not learned from, of models that
    learned from nearly as many rows: it is fitted on the margins that folds of `groups` (rows,), each held out in turn,
    give all rows.
    """
    margins = _margins_of_others(features, labels, groups, inverse_strength, settings, target)
    there = ~np.isnan(margins.reshape(len(margins), -1)).any(axis=1)
    of_all = margins_of(scale_features(features, labels, target, settings), inverse_strength, settings)
    return of_all.calibrated(margins[there], labels[there], inverse_strength)


def _margins_of_others(
    features: sparse.csr_matrix,
    labels: np.ndarray,
    groups: np.ndarray,
    inverse_strength: float,
    settings: NbSvmSettings,
    target: Target,
) -> np.ndarray:
    """The margins of each row by a model of the other folds' rows; NaN where those lack a class.

    Features that are rarer in these rows than any feature is in all of them are dropped: counted on these rows, there
    would be none so rare, and each would move the margin by its smoothed ratio.
    """
    fewest = features.getnnz(axis=0).min(initial=features.shape[0])
    nothing = () if target.size == TWO.size else (target.size,)

    def ask(known: np.ndarray, asked: np.ndarray) -> np.ndarray:
        if len(np.unique(labels[known])) < target.size:
            return np.full((len(asked), *nothing), np.nan)
        kept = np.flatnonzero(features[known].getnnz(axis=0) >= fewest)
        fold = features[:, kept]
        scaled = scale_features(fold[known], labels[known], target, settings)
        return margins_of(scaled, inverse_strength, settings).of(fold[asked])

    return cross_fitted(groups, ask)
