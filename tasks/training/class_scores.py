"""How well a model tells the several classes of a label apart: each of them, and which are taken for which."""

from collections.abc import Sequence

import numpy as np

from models.wording import snake_case
from tasks.tracking import Run


def record_classes(run: Run, labels: np.ndarray, probabilities: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    """Scores of each class on the test rows, as metrics `test_class/NAME/f1` and so on; table and picture are logged.

    A class without test rows that is not called either has none.
    """
    from models.figures import class_confusion
    from models.metrics.classes import class_scores, confusion

    counts = confusion(labels.astype(np.int64), probabilities.argmax(axis=1), len(names))
    scores = class_scores(counts)
    columns = {name: getattr(scores, name).tolist() for name in ("precision", "recall", "f1")}
    run.log_figure(class_confusion(counts, names, "Confusion matrix", "test tweet"), "confusion-matrix")
    run.log_table({"class": list(names), "rows": scores.rows.tolist(), **columns}, "classes")
    occur = (counts.sum(axis=0) + counts.sum(axis=1) > 0).tolist()
    return {
        f"test_class/{snake_case(name)}/{score}": values[number]
        for number, name in enumerate(names)
        for score, values in columns.items()
        if occur[number]
    }
