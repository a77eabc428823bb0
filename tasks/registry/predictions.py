"""What a logged model predicts, as a service would ask it, and why it cannot."""

import time
from typing import Any

import numpy as np
import pyarrow as pa

from models.classifiers.pipeline import class_column
from models.gate import Answers
from tasks.packaging.mlflow_model import class_names
from tasks.runtime import errors

SINGLE_ROWS = 15


def predict(model: Any, rows: pa.Table) -> Answers:
    """The answers of a logged model to raw strings, all in one batch."""
    answer = model.predict(rows.select(["text", "keyword"]).to_pandas())
    names = () if answer["label"].dtype.kind in "iub" else class_names(model)
    if not names:
        return Answers(answer["probability"].to_numpy(), answer["label"].to_numpy() == 1)
    probabilities = answer[[class_column(name) for name in names]].to_numpy()
    return Answers(probabilities, np.array([names.index(name) for name in answer["label"]], np.int64))


def time_single_rows(model: Any, rows: pa.Table) -> tuple[np.ndarray, float]:
    """Probabilities of the first few rows, predicted one by one as a service does, and the milliseconds of one.

    The fastest one's: what other programs on the machine add is not a fault of the model.
    """
    probabilities, seconds = [], []
    for number in range(min(SINGLE_ROWS, len(rows))):
        start = time.perf_counter()
        probabilities.append(predict(model, rows.slice(number, 1)).probabilities[0])
        seconds.append(time.perf_counter() - start)
    return np.array(probabilities), 1000 * min(seconds)


def failure_in_words(error: Exception) -> str:
    """The error in one line. One that the machine is to blame for is raised again: it is not about the model."""
    if errors.in_words(error) is not None:
        raise error
    return f"{error}".splitlines()[0] if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
