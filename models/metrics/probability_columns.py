"""Probabilities as columns of a table, and back: one of a label of two classes, and one for each of several."""

import numpy as np
import pyarrow as pa

from models.classifiers.calibration import of_called


def probability_columns(probabilities: np.ndarray) -> dict[str, np.ndarray]:
    """Probabilities as columns: `probability` is P(target = 1), or that of the called one of several classes.

    Of several also `probability_0` and so on, by the number of the class.
    """
    of_classes = probabilities.T if probabilities.ndim == 2 else ()
    each = {f"probability_{number}": np.ascontiguousarray(column) for number, column in enumerate(of_classes)}
    return {"probability": of_called(probabilities), **each}


def read_probabilities(table: pa.Table) -> np.ndarray:
    """The probabilities of a table back from `probability_columns`: (rows,), or (rows, classes) of several."""
    names = [f"probability_{number}" for number in range(len(table.column_names))]
    known = [table[name].to_numpy() for name in names if name in table.column_names]
    return np.stack(known, axis=1) if known else table["probability"].to_numpy()
