"""Occlusion against a model whose weights are known."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import expit, logit

from models.classifiers.pipeline import Answers, TextClassifier
from models.classifiers.text_kinds import TextKind
from models.inspection.explanation import MOST_TOKENS, explain, explain_classes
from models.settings import TextSettings
from models.text import Tokens

WEIGHTS = {"fire": 2.0, "mixtape": -3.0, "<url>": 0.5}
BIAS = -0.25


def linear(asked: list[int] | None = None) -> TextClassifier:
    """Log-odds are the sum of the words' weights; `asked` counts the documents of each call."""

    def predict(tokens: Tokens) -> np.ndarray:
        if asked is not None:
            asked.append(len(tokens))
        return np.array([expit(BIAS + sum(WEIGHTS.get(word, 0) for word in words)) for words in tokens.to_lists()])

    return TextClassifier("linear", TextSettings(), 0.5, predict, pa.array(list(WEIGHTS)))


def test_each_word_adds_its_weight() -> None:
    explained = explain(linear(), ["My mixtape is fire http://t.co/x"])[0]
    assert explained.tokens == ("my", "mixtape", "is", "fire", "<url>")
    assert explained.contributions == pytest.approx((0, -3, 0, 2, 0.5), abs=1e-9)
    assert explained.known == (False, True, False, True, True)
    assert explained.probability == pytest.approx(expit(-0.75))
    assert explained.probability_of_nothing == pytest.approx(expit(BIAS))


def test_the_keyword_is_explained_with_the_text() -> None:
    assert explain(linear(), ["near me"], ["fire"])[0].tokens == ("fire", "near", "me")


def test_many_texts_are_one_question_and_each_gets_its_own_answer() -> None:
    asked: list[int] = []
    texts = ["fire", "", None, "fire fire", "mixtape"]
    together = explain(linear(asked), texts)
    assert asked == [5 + 4 + 1]  # the texts, each of their words left out, and nothing
    assert together == [explain(linear(), [text])[0] for text in texts]
    assert together[1].tokens == together[2].tokens == ()


def test_a_word_said_twice_covers_for_itself_where_it_counts_once() -> None:
    once = replace(
        linear(), predict=lambda tokens: np.array([0.9 if "fire" in words else 0.1 for words in tokens.to_lists()])
    )
    assert explain(once, ["fire fire"])[0].contributions == pytest.approx((0, 0))
    assert explain(once, ["fire now"])[0].contributions[0] == pytest.approx(4.394, abs=1e-3)


def test_a_model_that_cannot_say_what_it_knows_has_no_word_struck_out() -> None:
    assert explain(replace(linear(), known_words=None), ["fire zzyzx"])[0].known == (True, True)


def test_certainty_is_explained_in_finite_figures() -> None:
    certain = replace(linear(), predict=lambda tokens: (tokens.lengths > 0).astype(float))
    assert np.isfinite(explain(certain, ["fire"])[0].contributions).all()


def test_of_an_endless_text_the_start_is_explained_and_the_rest_counted() -> None:
    explained = explain(linear(), ["fire " * (MOST_TOKENS + 7)])[0]
    assert (len(explained.tokens), explained.unexplained) == (MOST_TOKENS, 7)


def of_words(tokens: Tokens) -> np.ndarray:
    """Three classes: the first one but for fire, which makes it the second, and rain, which makes it the third."""
    found = [
        (2, 8, 0) if "fire" in words else (1, 1, 8) if "rain" in words else (8, 1, 1) for words in tokens.to_lists()
    ]
    return np.array(found) / 10


def test_every_class_of_label_and_kinds_is_explained_from_one_batch() -> None:
    asked: list[int] = []

    def answer(tokens: Tokens) -> Answers:
        asked.append(len(tokens))
        said = of_words(tokens)
        return Answers(said, [said[:, :2] / said[:, :2].sum(axis=1, keepdims=True)])

    classifier = replace(
        linear(), predict=of_words, answer=answer, kinds=(TextKind("source", ("seen", "told")),),
        classes=("none", "storm", "drill"),
    )  # fmt: skip
    reasons = explain_classes(classifier, ["the fire"])[0]
    assert asked == [1 + 2 + 1]
    assert [each.probability for each in reasons.label] == pytest.approx([0.2, 0.8, 0.0], abs=1e-9)
    assert reasons.label[1].contributions == pytest.approx((0, logit(0.8) - logit(0.1)))
    assert reasons.label[0].contributions[1] < 0
    assert [each.probability for each in reasons.kinds["source"]] == pytest.approx([0.2, 0.8])


def test_the_likeliest_of_several_classes_is_explained_where_one_is_asked_for() -> None:
    classifier = replace(linear(), predict=of_words, classes=("none", "storm", "drill"))
    assert explain(classifier, ["rain"])[0].contributions == pytest.approx((logit(0.8) - logit(0.1),))


def test_of_two_classes_a_disaster_is_explained() -> None:
    (reasons,) = explain_classes(linear(), ["fire"])
    assert reasons.label == (explain(linear(), ["fire"])[0],)
    assert reasons.kinds == {}
