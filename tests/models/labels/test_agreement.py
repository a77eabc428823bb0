"""Agreement beyond chance, against tables that others have worked out."""

import numpy as np
import pytest

from models.labels.agreement import agreement, cohen_kappa, fleiss_kappa

# Fourteen raters sort ten subjects into five categories: the worked example of the Wikipedia article on Fleiss' kappa.
FOURTEEN_RATERS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def test_fleiss_kappa_is_that_of_the_worked_example() -> None:
    assert fleiss_kappa(np.array(FOURTEEN_RATERS)) == pytest.approx(0.210, abs=0.0005)


def test_cohen_kappa_is_that_of_the_textbook_table() -> None:
    """20 times both say yes, 15 times both say no, 5 and 10 times one of them: .7 observed, .5 by chance, kappa .4."""
    first = np.array([1] * 25 + [0] * 25)
    second = np.array([1] * 20 + [0] * 5 + [1] * 10 + [0] * 15)
    assert cohen_kappa(first, second) == pytest.approx(0.4)


def test_texts_of_one_annotator_say_nothing_of_agreement() -> None:
    both = np.array([[2, 0], [0, 2], [1, 1]])
    assert fleiss_kappa(np.concatenate([both, [[1, 0], [0, 0]]])) == fleiss_kappa(both)
    assert fleiss_kappa(np.array([[1, 0], [0, 1]])) is None


def test_kappa_is_not_defined_where_everything_is_one_label() -> None:
    assert fleiss_kappa(np.array([[2, 0], [2, 0]])) is None
    assert cohen_kappa(np.array([1, 1]), np.array([1, 1])) is None


def test_agreement_counts_texts_in_common_and_leaves_out_pairs_without_any() -> None:
    found = agreement({"ada": {"a": 1, "b": 0, "c": 1}, "bo": {"a": 1, "b": 1}, "cy": {"d": 0}})
    assert (found["texts"], found["disagree"]) == (2, 1)
    assert [(pair["annotators"], pair["texts"], pair["equal"]) for pair in found["pairs"]] == [(["ada", "bo"], 2, 0.5)]


def test_agreement_of_nobody_is_nothing() -> None:
    assert agreement({}) == {"texts": 0, "disagree": 0, "fleiss_kappa": None, "pairs": []}


def test_classes_by_name_agree_as_numbers_do() -> None:
    numbers = {"ada": {"a": 1, "b": 0, "c": 1}, "bo": {"a": 1, "b": 1, "c": 1}}
    names = {who: {text: ("none", "storm")[label] for text, label in given.items()} for who, given in numbers.items()}
    assert agreement(names) == agreement(numbers)
