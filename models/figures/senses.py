"""A map of the senses of a word, each among its neighbours."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.figures.style import SERIES, new_axes
from models.figures.vectors import label_without_overlap

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def sense_map(
    word: str, shares: Sequence[float], senses: np.ndarray, neighbours: Sequence[Sequence[str]], vectors: np.ndarray
) -> "Figure":
    """The senses (senses, width) of a word as stars and their neighbours as dots, a colour for each sense.

    vectors (neighbours of the first sense, then of the next, ..., width). Laid out by the two directions in which the
    senses and their neighbours differ most (PCA of directions), whose share of all variance the axes give.
    """
    from sklearn.decomposition import PCA

    rows = np.concatenate([senses, vectors]).astype(float)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    fitted = PCA(2, svd_solver="full").fit(rows)
    places = fitted.transform(rows)
    first, second = (
        f"component {n}, {share:.1%} of variance" for n, share in enumerate(fitted.explained_variance_ratio_, 1)
    )
    figure, axes = new_axes(f"{len(senses)} senses of “{word}” and their neighbours", first, second, (9.0, 6.5))
    start = len(senses)
    for sense, names in enumerate(neighbours):
        colour = SERIES[sense % len(SERIES)]
        around = places[start : start + len(names)]
        start += len(names)
        axes.plot(*places[sense], "*", color=colour, markersize=20, label=f"sense {sense + 1}, {shares[sense]:.0%}")
        axes.plot(around[:, 0], around[:, 1], "o", color=colour, markersize=4, alpha=0.6)
    label_without_overlap(axes, [name for names in neighbours for name in names], places[len(senses) :])
    axes.legend(fontsize=10, frameon=False)
    return figure
