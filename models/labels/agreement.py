"""How far annotators agree beyond chance: Cohen's kappa for two of them, Fleiss' kappa for any number."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

Label = int | str


def fleiss_kappa(counts: np.ndarray) -> float | None:
    """Fleiss' kappa (1971, eq. 2 to 6) of counts int64 (texts, labels): how many annotators gave a text each label.

    Texts may have different numbers of annotators; those of fewer than two say nothing and are left out. None where
    no text has two, or where all labels are the same, so that chance alone would agree always.

    >>> fleiss_kappa(np.array([[2, 0], [0, 2], [2, 0], [1, 1]])) # doctest: +ELLIPSIS
    0.466...
    """
    ratings = counts.sum(axis=1)
    counts, ratings = counts[ratings > 1], ratings[ratings > 1]
    if not len(counts):
        return None
    observed = float(np.mean((counts * (counts - 1)).sum(axis=1) / (ratings * (ratings - 1))))
    shares = counts.sum(axis=0) / ratings.sum()
    by_chance = float((shares**2).sum())
    return None if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def cohen_kappa(first: np.ndarray, second: np.ndarray) -> float | None:
    """Cohen's kappa (1960) of the labels of two annotators for the same texts; None of none, and of one label only."""
    from sklearn.metrics import cohen_kappa_score

    if not len(first) or (len(np.unique(np.concatenate([first, second]))) == 1):
        return None
    return float(cohen_kappa_score(first, second))


def agreement(labels: Mapping[str, Mapping[str, Label]]) -> dict[str, Any]:
    """How far annotators agree, given the label (0 or 1, or the name of a class) of each text by each of them.

    `texts` that several have labelled, how many of them `disagree`, Fleiss' kappa, and of each pair of annotators with
    texts in common their number, the share of equal labels and Cohen's kappa.
    """
    texts = sorted({text for given in labels.values() for text in given})
    said = sorted({label for given in labels.values() for label in given.values()}, key=str)
    counts = np.array(
        [[sum(given.get(text) == label for given in labels.values()) for label in said] for text in texts], np.int64
    ).reshape(len(texts), len(said))
    shared = counts.sum(axis=1) > 1
    return {
        "texts": int(shared.sum()),
        "disagree": int(((counts[shared] > 0).sum(axis=1) > 1).sum()),
        "fleiss_kappa": fleiss_kappa(counts),
        "pairs": [pair for names in combinations(sorted(labels), 2) if (pair := _pair(names, labels))["texts"]],
    }


def _pair(names: tuple[str, ...], labels: Mapping[str, Mapping[str, Label]]) -> dict[str, Any]:
    first, second = (labels[name] for name in names)
    both = sorted(first.keys() & second.keys())
    given = [np.array([str(each[text]) for text in both]) for each in (first, second)]
    return {
        "annotators": list(names),
        "texts": len(both),
        "equal": float(np.mean(given[0] == given[1])) if both else None,
        "cohen_kappa": cohen_kappa(*given),
    }
