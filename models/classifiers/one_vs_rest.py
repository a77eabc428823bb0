"""One logistic regression for each class against all others: the baseline of answers of more than two classes."""

import numpy as np
from scipy import sparse

from models.classifiers.logistic import fit_logistic
from models.settings import LogisticSettings


def fit_one_vs_rest(
    features: sparse.csr_matrix,
    labels: np.ndarray,
    validation_features: sparse.csr_matrix,
    validation_labels: np.ndarray,
    asked: sparse.csr_matrix,
    settings: LogisticSettings,
) -> np.ndarray:
    """The class, int64 (rows,), of the rows asked about: that whose own model gives the highest probability.

    Each class has the C of its lowest validation log loss. A class without training rows is never called.
    """
    classes = np.unique(labels)
    said = np.empty((asked.shape[0], len(classes)))
    for place, each in enumerate(classes):
        known = (labels == each).astype(int), (validation_labels == each).astype(int)
        model, _ = fit_logistic(features, known[0], validation_features, known[1], settings)
        said[:, place] = model.predict_probabilities(asked)
    called: np.ndarray = classes[said.argmax(axis=1)]
    return called
