"""A small text grammar: slots filled from rules, choices made by a seeded generator, articles and capitals mended."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")
Rules = Mapping[str, Sequence[str]]

_CHOICE = re.compile(r"\[([^\[\]]*)\]")  # innermost brackets, so that choices may nest
_SLOT = re.compile(r"\{(\w+)\}")
_ARTICLE = re.compile(r"\b([Aa])\(n\) (?=(\w)(\w*))")
_SOUNDS_LIKE_CONSONANT = ("uni", "use", "usu", "one", "eu")
_SPACES = re.compile(r" {2,}")
_SPACE_BEFORE_MARK = re.compile(r" +([,.:;!?])")
_SENTENCE_START = re.compile(r"(^|[.!?] )([a-z])")


def pick(items: Sequence[Item], rng: np.random.Generator) -> Item:
    """One of the items, each as likely as another."""
    return items[int(rng.integers(len(items)))]


def chance(probability: float, rng: np.random.Generator) -> bool:
    """True this share of the time."""
    return bool(rng.random() < probability)


def expand(template: str, rules: Rules, rng: np.random.Generator) -> str:
    """The template with every `[one|two]` chosen and every `{slot}` filled from its rule, recursively.

    Raises KeyError when a slot has no rule.

    >>> from models.seeds import generator
    >>> expand("a(n) {size} [flood]", {"size": ["{tiny}"], "tiny": ["epic"]}, generator(0, "doctest"))
    'a(n) epic flood'
    """
    while choice := _CHOICE.search(template):
        template = template[: choice.start()] + pick(choice[1].split("|"), rng) + template[choice.end() :]
    return _SLOT.sub(lambda slot: expand(pick(rules[slot[1]], rng), rules, rng), template)


def mend(text: str) -> str:
    """The text with its articles agreed and its spacing tidied.

    >>> mend("a(n)  avalanche , not a(n) rehearsal")
    'an avalanche, not a rehearsal'
    """
    text = _ARTICLE.sub(_article, _SPACES.sub(" ", text))
    return _SPACE_BEFORE_MARK.sub(r"\1", text).strip()


def _article(match: re.Match[str]) -> str:
    word = (match[2] + match[3]).lower()
    vowel = match[2].lower() in "aeiou" and not word.startswith(_SOUNDS_LIKE_CONSONANT)
    return match[1] + ("n " if vowel else " ")


def sentence_case(text: str) -> str:
    """The text with a capital at the start of every sentence.

    >>> sentence_case("roads closed. stay home")
    'Roads closed. Stay home'
    """
    return _SENTENCE_START.sub(lambda start: start[1] + start[2].upper(), text)
