"""A map of word vectors: like words lie near one another, as far as two dimensions can show."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from models.figures.style import BLUE, INK, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Projection = Literal["pca", "t-sne"]
FONT = 8  # points
# Where a word may stand: letters to the right of its point, lines above it, and which of its ends is there.
PLACES: tuple[tuple[float, float, Literal["left", "center", "right"]], ...] = (
    (0.7, 0, "left"), (-0.7, 0, "right"), (0, 0.9, "center"), (0, -0.9, "center"),
    (0.4, 0.7, "left"), (0.4, -0.7, "left"), (-0.4, 0.7, "right"), (-0.4, -0.7, "right"),
)  # fmt: skip


def vector_map(
    vectors: np.ndarray, words: Sequence[str], projection: Projection = "t-sne", seed: int = 1, limit: int = 200
) -> "Figure":
    """The first `limit` content words (give them most frequent first) laid out by their vectors (words, width).

    Words that only hold sentences together, and marks such as <url>, lie in one heap and say nothing of a text: they
    are shown only where too few others are given.

    Vectors are set to length 1 first, so that distance is that of their directions. `pca` says which share of the
    variance the map shows; `t-sne` keeps neighbours together and has no unit. Raises ValueError below 4 words.
    """
    if len(words) < 4 or len(vectors) < len(words):
        raise ValueError(f"a map needs at least 4 words with a vector each, got {len(words)} and {len(vectors)}")
    shown = _content_words(words)[:limit]
    count = len(shown)
    chosen = np.asarray(vectors, dtype=float)[shown]
    chosen = chosen / np.maximum(np.linalg.norm(chosen, axis=1, keepdims=True), 1e-12)
    places, x_label, y_label = (_by_variance if projection == "pca" else _by_neighbours)(chosen, seed)
    figure, axes = new_axes(f"Word vectors, {count} frequent words", x_label, y_label, (12.0, 9.0))
    axes.plot(places[:, 0], places[:, 1], "o", color=BLUE, markersize=3, alpha=0.45)
    label_without_overlap(axes, [words[place] for place in shown], places)
    return figure


def _content_words(words: Sequence[str]) -> list[int]:
    """The places of all words but marks and the function words of English; of all words, if fewer than 4 are left."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    found = [place for place, word in enumerate(words) if _is_content(word) and word not in ENGLISH_STOP_WORDS]
    return found if len(found) >= 4 else list(range(len(words)))


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


def _is_content(word: str) -> bool:
    """Whether this may be a word of its own: not <url>, "n't", an English letter or a number."""
    return word[:1].isalpha() and "'" not in word and (len(word) > 1 or not word.isascii())


def label_without_overlap(axes: "Axes", words: list[str], places: np.ndarray) -> None:
    """Write words from the most frequent on, beside, above or below their points, whichever is free.

    A word that would cover another at each of these places is left out.
    """
    span = np.ptp(places, axis=0) + 1e-12
    frame = axes.get_window_extent()
    width, height = frame.width * 72 / axes.figure.dpi, frame.height * 72 / axes.figure.dpi  # points
    letter, line = 0.6 * FONT / width, 1.15 * FONT / height
    taken: list[tuple[float, float, float, float]] = []
    for word, (x, y) in zip(words, (places - places.min(axis=0)) / span, strict=True):
        for across, up, side in PLACES:
            wide = letter * len(word)
            left = x + across * letter - wide * {"left": 0, "center": 0.5, "right": 1}[side]
            box = (left, left + wide, y + (up - 0.5) * line, y + (up + 0.5) * line)
            if not any(box[0] < b and a < box[1] and box[2] < d and c < box[3] for a, b, c, d in taken):
                taken.append(box)
                at = places.min(axis=0) + np.array([x + across * letter, y + up * line]) * span
                # A dollar sign would start a formula.
                text = word.replace("$", r"\$")
                axes.text(at[0], at[1], text, fontsize=FONT, color=INK, ha=side, va="center")
                break
