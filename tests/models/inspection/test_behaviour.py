"""The behaviour tests themselves: a model built to fail each of them fails it, and nothing else is counted."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from models.classifiers.pipeline import TextClassifier
from models.inspection.behaviour import BEHAVIOURS, check_behaviour
from models.settings import TextSettings
from models.text import Tokens


def classifier(score: Callable[[list[str]], float], **text: bool) -> TextClassifier:
    """A stand-in that gives each document the score of its tokens."""

    def predict(tokens: Tokens) -> np.ndarray:
        return np.array([score(document) for document in tokens.to_lists()])

    return TextClassifier("stand-in", TextSettings(**text), 0.5, predict, pa.array([], pa.string()))


def failures(score: Callable[[list[str]], float], **text: bool) -> dict[str, int]:
    return {result.name: result.failures for result in check_behaviour(classifier(score, **text))}


def length(tokens: list[str]) -> float:
    return min(1.0, sum(map(len, tokens)) / 200)


def test_a_model_that_reads_nothing_keeps_every_invariance_and_fails_every_direction() -> None:
    results = check_behaviour(classifier(lambda tokens: 0.4))
    for result in results:
        assert result.failures == (result.cases if result.kind == "direction" or result.name == "plain reports" else 0)


def test_masks_are_what_keeps_addresses_names_numbers_and_capitals_out() -> None:
    masked = failures(length)
    bare = failures(length, mask_urls=False, mask_mentions=False, mask_numbers=False, lowercase=False)
    for name in ("another address", "another name", "another number"):
        assert masked[name] == 0
        assert bare[name] > 0
    shouting = failures(lambda tokens: float(any(token.isupper() for token in tokens)), lowercase=False)
    assert shouting["written in capitals"] > 0


def test_a_model_that_counts_one_word_fails_negation_and_passes_what_the_word_tells() -> None:
    found = failures(lambda tokens: 0.9 if {"fire", "wildfire", "flood"} & set(tokens) else 0.1)
    assert found["negated"] > 0
    assert found["only staged"] > 0
    assert found["plain reports"] > 0
    assert found["another place"] == 0


def test_a_model_that_knows_negation_passes_it() -> None:
    denials = {"no", "not", "deny", "nobody"}
    assert failures(lambda tokens: 0.1 if denials & set(tokens) else 0.9)["negated"] == 0


def test_a_model_of_whole_words_is_thrown_by_typing_errors() -> None:
    from models.inspection.behaviour.cases import bases
    from models.text import tokenize

    known = {token for text in bases() for token in tokenize(text, TextSettings())}
    found = failures(lambda tokens: float(all(token in known for token in tokens)))
    assert found["two letters swapped"] > 0
    assert found["a letter doubled"] > 0
    assert found["punctuation lost"] == 0


def test_the_worst_failures_are_the_examples() -> None:
    result = next(each for each in check_behaviour(classifier(length)) if each.name == "an address added")
    changes = [example.probability_after - example.probability_before for example in result.examples]
    assert result.failures == 0
    assert changes == []
    flipped = check_behaviour(classifier(lambda tokens: float("<url>" in tokens)))
    worst = next(each for each in flipped if each.name == "an address added")
    assert len(worst.examples) == 3
    assert all(each.probability_after - each.probability_before == 1 for each in worst.examples)


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.name)
def test_cases_are_the_same_each_time_and_differ_where_they_should(behaviour) -> None:
    cases = behaviour.cases()
    assert cases == behaviour.cases()
    assert len(cases) >= 10
    if behaviour.kind in ("invariance", "direction"):
        assert all(case.before != case.after for case in cases)
    assert not any("{" in case.before + case.after for case in cases)
