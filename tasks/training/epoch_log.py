"""The scores of a training on its run as each epoch ends, so that one can watch it, and what it starts from."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tasks.runtime.progress import say
from tasks.tracking import Run

Scores = Mapping[str, float]
ORDINARY_NORMS = (0.05, 30.0)  # of word vectors, the median; ours and GloVe's are 0.3 to 10


class EpochLog:
    """Logs each epoch once: as it ends, or with `rest` if it ended in the process that this one goes on from."""

    def __init__(self, run: Run, named: Callable[[Scores], Scores] = dict) -> None:
        """`named` gives the scores the names that they have on the run."""
        self.run, self.named = run, named
        self.logged: set[int] = set()

    def record(self, epoch: int, scores: Scores) -> None:
        """What a training calls."""
        self.run.log_history([(epoch, self.named(scores))])
        self.logged.add(epoch)

    def rest(self, history: Sequence[Scores]) -> None:
        """Log the epochs that have not been."""
        self.run.log_history([(n, self.named(each)) for n, each in enumerate(history) if n not in self.logged])


def ordinary_factor(run: Run, vectors: np.ndarray) -> np.float32:
    """What to multiply word vectors (words, width) by, so that a network can learn with their norms; mostly 1.

    Their median norm is logged. Where it is out of ORDINARY_NORMS, the factor makes it 1, and that is said and tagged.
    Rows of zeros, words without a vector, count for nothing. Raises ValueError for NaN.
    """
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
    if not np.isfinite(norms).all():
        raise ValueError(f"{int((~np.isfinite(norms)).sum())} word vectors hold NaN or infinity: train them again")
    median = float(np.median(norms[norms > 0])) if norms.any() else 0.0
    run.log_metrics({"start_vectors/median_norm": median, "start_vectors/largest_norm": float(norms.max(initial=0))})
    if not median or ORDINARY_NORMS[0] <= median <= ORDINARY_NORMS[1]:
        return np.float32(1)
    seen = f"word vectors of median norm {median:.3g}, where {ORDINARY_NORMS[0]} to {ORDINARY_NORMS[1]} is ordinary"
    run.tag(start_vectors=f"{seen}: scaled to 1")
    say(f"  WARNING: the network starts from {seen}: scaled to 1. Did the training of the vectors go well?")
    return np.float32(1 / median)
