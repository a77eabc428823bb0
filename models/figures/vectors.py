"""A map of word vectors: like words lie near one another, as far as two dimensions can show."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from models.figures.style import BLUE, INK, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Projection = Literal["pca", "t-sne"]


def vector_map(
    vectors: np.ndarray, words: Sequence[str], projection: Projection = "t-sne", seed: int = 1, limit: int = 200
) -> "Figure":
    """The first `limit` words (give them most frequent first) laid out by their vectors (words, width).

    Vectors are set to length 1 first, so that distance is that of their directions. `pca` says which share of the
    variance the map shows; `t-sne` keeps neighbours together and has no unit. Raises ValueError below 4 words.
    """
    count = min(limit, len(words))
    if count < 4 or len(vectors) < count:
        raise ValueError(f"a map needs at least 4 words with a vector each, got {len(words)} and {len(vectors)}")
    chosen = np.asarray(vectors[:count], dtype=float)
    chosen = chosen / np.maximum(np.linalg.norm(chosen, axis=1, keepdims=True), 1e-12)
    places, x_label, y_label = (_by_variance if projection == "pca" else _by_neighbours)(chosen, seed)
    figure, axes = new_axes(f"Word vectors, the {count} most frequent words", x_label, y_label, (9.0, 7.0))
    axes.plot(places[:, 0], places[:, 1], "o", color=BLUE, markersize=3, alpha=0.45)
    label_without_overlap(axes, list(words[:count]), places)
    return figure


def _by_variance(vectors: np.ndarray, seed: int) -> tuple[np.ndarray, str, str]:
    from sklearn.decomposition import PCA

    fitted = PCA(2, svd_solver="full", random_state=seed).fit(vectors)
    first, second = (
        f"component {n}, {share:.1%} of variance" for n, share in enumerate(fitted.explained_variance_ratio_, 1)
    )
    return fitted.transform(vectors), first, second


def _by_neighbours(vectors: np.ndarray, seed: int) -> tuple[np.ndarray, str, str]:
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = min(20.0, (len(vectors) - 1) / 3)
    # Started from PCA, so that the map barely hangs on the seed. One thread, which `n_jobs` alone does not give: the
    # map repeats exactly, and threads that wait for one another a thousand times take four times as long.
    mapper = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, n_jobs=1)
    with threadpool_limits(1):
        places = mapper.fit_transform(vectors)
    return places, "t-SNE 1 (no unit: near means alike)", "t-SNE 2 (no unit)"


def label_without_overlap(axes: "Axes", words: list[str], places: np.ndarray) -> None:
    """Write words from the most frequent on, leaving out those that would cover one already written."""
    span = np.ptp(places, axis=0) + 1e-12
    taken: list[tuple[float, float, float]] = []
    for word, (x, y) in zip(words, (places - places.min(axis=0)) / span, strict=True):
        width = 0.011 * len(word) + 0.01
        if all(
            y - other_y > 0.021 or other_y - y > 0.021 or x > end or x + width < start for start, end, other_y in taken
        ):
            taken.append((x, x + width, y))
            place = places.min(axis=0) + np.array([x + 0.004, y]) * span
            # A dollar sign would start a formula.
            axes.text(place[0], place[1], word.replace("$", r"\$"), fontsize=9, color=INK, va="center")
