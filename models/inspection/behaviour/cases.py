"""The behaviours asked for, each with its cases: pairs of texts, and what must hold between their probabilities."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from typing import Literal

import numpy as np

from models.inspection.behaviour import sentences
from models.seeds import generator

Kind = Literal["invariance", "direction", "robustness", "plain"]
Expectation = Literal["the same", "within 0.1", "lower", "higher", "called", "not called"]
Rewrite = Callable[[str], str]

ARTICLE = re.compile(r"\b([Aa]) (?=[aeiou])")
COPIES = 8  # of every sentence, each filled otherwise


@dataclass(frozen=True)
class Case:
    """A text and the same changed; both alike where one text is to be called by itself."""

    before: str
    after: str


@dataclass(frozen=True)
class Behaviour:
    """What is expected of the probability of the changed text."""

    name: str
    kind: Kind
    expected: Expectation
    cases: Callable[[], list[Case]]


def fill(sentence: str, copies: int = COPIES) -> Iterator[str]:
    """The sentence with other hazards, places, venues and counts in it each time; once where it has no gap.

    >>> list(fill("a {hazard} in {place}", 3))
    ['a fire in Spokane', 'a flood in Fresno', 'an explosion in Tulsa']
    """
    gaps = ("hazard", "place", "venue", "count")
    lists = (sentences.HAZARDS, sentences.PLACES, sentences.VENUES, sentences.COUNTS)
    values = zip(*map(cycle, lists), strict=True)
    for chosen in islice(values, copies if "{" in sentence else 1):
        yield ARTICLE.sub(r"\1n ", sentence.format(**dict(zip(gaps, chosen, strict=True))))


@cache
def bases() -> tuple[str, ...]:
    """Reports and jokes, filled: what most rewrites start from."""
    return tuple(text for sentence in (*sentences.REPORTS, *sentences.JOKES) for text in fill(sentence, 4))


def _pairs(pairs: Sequence[tuple[str, str]]) -> Callable[[], list[Case]]:
    def cases() -> list[Case]:
        both = [zip(fill(one), cycle(fill(other)), strict=False) for one, other in pairs]
        return [Case(*texts) for filled in both for texts in filled]

    return cases


def _called(group: Sequence[str]) -> Callable[[], list[Case]]:
    return lambda: [Case(text, text) for sentence in group for text in fill(sentence)]


def _rewritten(rewrite: Rewrite) -> Callable[[], list[Case]]:
    return lambda: [Case(text, rewrite(text)) for text in bases()]


def _exchanged(form: str, values: Sequence[str]) -> Callable[[], list[Case]]:
    """Cases in which one value stands where another stood; `form` says where, beside the text."""

    def cases() -> list[Case]:
        turns = zip(bases(), cycle(values), cycle([*values[1:], values[0]]), strict=False)
        return [Case(form.format(value=one, text=text), form.format(value=two, text=text)) for text, one, two in turns]

    return cases


def _another_place() -> list[Case]:
    following = dict(zip(sentences.PLACES, (*sentences.PLACES[1:], sentences.PLACES[0]), strict=True))
    cases = []
    for text in bases():
        place = next((each for each in following if each in text), None)
        if place is not None:
            cases.append(Case(text, text.replace(place, following[place])))
    return cases


def _misspelt(change: Callable[[str, int], str]) -> Callable[[], list[Case]]:
    """Cases in which one word of five letters or more has a typing error inside, drawn with one fixed seed."""

    def cases() -> list[Case]:
        random = generator(0, "behaviour/typos")
        return [Case(text, _misspell(text, change, random)) for text in bases()]

    return cases


def _misspell(text: str, change: Callable[[str, int], str], random: np.random.Generator) -> str:
    words = text.split(" ")
    places = [place for place, word in enumerate(words) if len(word) >= 5 and word.isalpha()]
    chosen = places[random.integers(len(places))]
    words[chosen] = change(words[chosen], int(random.integers(1, len(words[chosen]) - 2)))
    return " ".join(words)


def _without_marks(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum() or letter == " ")


BEHAVIOURS = (
    Behaviour("another address", "invariance", "the same", _exchanged("{text} {value}", sentences.ADDRESSES)),
    Behaviour("another name", "invariance", "the same", _exchanged("{value} {text}", sentences.NAMES)),
    Behaviour("another number", "invariance", "the same", _exchanged("{text}, {value} miles away", sentences.NUMBERS)),
    Behaviour("written in capitals", "invariance", "the same", _rewritten(str.upper)),
    Behaviour("another place", "robustness", "within 0.1", _another_place),
    Behaviour("an address added", "robustness", "within 0.1", _rewritten(lambda t: f"{t} {sentences.ADDRESSES[0]}")),
    Behaviour("punctuation lost", "robustness", "within 0.1", _rewritten(_without_marks)),
    Behaviour(
        "two letters swapped", "robustness", "within 0.1", _misspelt(lambda w, i: w[:i] + w[i + 1] + w[i] + w[i + 2 :])
    ),
    Behaviour("a letter left out", "robustness", "within 0.1", _misspelt(lambda w, i: w[:i] + w[i + 1 :])),
    Behaviour("a letter doubled", "robustness", "within 0.1", _misspelt(lambda w, i: w[:i] + w[i] + w[i:])),
    Behaviour("negated", "direction", "lower", _pairs(sentences.NEGATIONS)),
    Behaviour("meant figuratively", "direction", "lower", _pairs(sentences.FIGURES)),
    Behaviour("only staged", "direction", "lower", _pairs(sentences.STAGED)),
    Behaviour("a disaster told", "direction", "higher", _pairs(sentences.EVENTS)),
    Behaviour("plain reports", "plain", "called", _called(sentences.REPORTS)),
    Behaviour("plain figures of speech", "plain", "not called", _called(sentences.JOKES)),
)
