"""Texts that neither model learned from, and the rule by which a refit is served."""

import numpy as np
import pytest

from models.selection.refit_check import Agreement, beginnings, decide, measure_agreement, spliced_texts
from models.settings import ServedSettings
from models.text import Tokens

SETTINGS = ServedSettings(min_texts=10)
DOCUMENTS = [[f"{letter}{number}" for number in range(6)] for letter in "abcdefgh"]


def test_a_made_text_is_the_front_of_one_tweet_and_the_back_of_another() -> None:
    made = spliced_texts(DOCUMENTS, DOCUMENTS, 1)
    assert made == spliced_texts(DOCUMENTS, DOCUMENTS, 1)
    for text in made:
        assert [word[1] for word in text] == list("012345")
        assert len({word[0] for word in text}) == 2
    assert not {tuple(text) for text in made} & {tuple(each) for each in DOCUMENTS}


def test_two_tweets_of_the_same_words_make_no_text() -> None:
    same = [["a", "b", "c", "d"]] * 5
    assert spliced_texts(same, same, 1) == []


def test_a_made_text_that_the_refit_has_learned_from_is_left_out() -> None:
    one, other = ["a", "b", "c", "d"], ["e", "f", "g", "h"]
    held_out = ["a", "b", "g", "h"]
    assert spliced_texts([one, other], [one, other, held_out], 1) == [["e", "f", "c", "d"]]


def test_beginnings_are_as_long_as_tweets_and_no_labelled_text() -> None:
    long = [[*DOCUMENTS[0], "more"], [f"z{number}" for number in range(50)]]
    assert beginnings(Tokens.from_lists(long), DOCUMENTS, 1) == [[f"z{number}" for number in range(6)]]


@pytest.mark.parametrize(
    ("agreement", "served", "words"),
    [
        (Agreement(9, 1.0, 0.0, 0.0), False, "cannot tell whether the refit agrees: 9 texts to ask, 10 wanted"),
        (Agreement(10, 0.9, 0.04, -0.04), True, "gives the label of the judged model to 0.900 of 10 spliced texts"),
        (Agreement(10, 0.8, 0.0, 0.0), False, "equal labels 0.800, at least 0.85 wanted"),
        (Agreement(10, 1.0, -0.06, 0.0), False, "mean probability -0.060, at most 0.05 either way wanted"),
        (Agreement(10, 1.0, 0.0, 0.06), False, "mean certainty +0.060, at most 0.05 either way wanted"),
    ],
)
def test_a_refit_is_served_within_the_bounds_only(agreement: Agreement, served: bool, words: str) -> None:
    found = decide({"spliced texts": agreement}, SETTINGS)
    assert found[0] is served
    assert words in found[1]


def test_every_kind_with_enough_texts_must_agree_and_one_with_too_few_has_no_say() -> None:
    good, bad = Agreement(50, 1.0, 0.0, 0.0), Agreement(50, 0.5, 0.0, 0.0)
    assert not decide({"spliced texts": good, "unlabelled texts": bad}, SETTINGS)[0]
    assert decide({"spliced texts": good, "unlabelled texts": Agreement(5, 0.5, 0.0, 0.0)}, SETTINGS)[0]


def test_a_refit_that_is_surer_of_everything_is_seen_though_all_labels_are_the_same() -> None:
    twin = np.array([0.3, 0.7] * 20)
    refit = np.array([0.01, 0.99] * 20)
    found = measure_agreement(twin, refit, [twin >= 0.5, refit >= 0.5])
    assert (found.agreement, found.drift) == (1.0, 0.0)
    assert found.certainty == pytest.approx(0.29)
