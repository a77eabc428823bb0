"""Probabilities of rows by calibrations that were fitted without them, so that the rows can judge.

A temperature, a line in the log-odds or the weights of an ensemble are fitted on the validation rows. Judged on these
very rows, a model with more to fit looks better than it is. So each row is answered for by a calibration of the others.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from models.splitting.folds import assign_folds

FOLDS = 10
Calibrate = Callable[[np.ndarray, np.ndarray], np.ndarray]


def cross_fitted(groups: np.ndarray, calibrate: Calibrate, folds: int = FOLDS) -> np.ndarray:
    """P(target = 1) float64 (rows,), or (rows, classes), each row by a calibration of the rows of other folds.

    `calibrate(known, asked)` gets two arrays of row numbers and returns the probabilities of the rows asked about,
    calibrated on the known ones. Rows of one group share a fold; which one hangs on the group alone, not on the order
    of the rows. Fewer groups than folds make as many folds as there are groups. A single group leaves nothing to
    calibrate on: `calibrate` then gets no known rows.
    """
    names = pa.array(groups.astype(str).tolist(), pa.string())
    distinct = len(names.unique())
    fold_of = assign_folds(names, min(folds, distinct), 0) if distinct else np.empty(0, np.int64)
    probabilities = np.empty(len(groups))
    for fold in np.unique(fold_of):
        asked = fold_of == fold
        found = calibrate(np.flatnonzero(~asked), np.flatnonzero(asked))
        if found.ndim > probabilities.ndim:
            probabilities = np.empty((len(groups), found.shape[1]))
        probabilities[asked] = found
    return probabilities
