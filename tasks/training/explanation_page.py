"""One explained prediction: the words as they pushed it, on a page or inside another one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.html.pages import render

if TYPE_CHECKING:
    from models.inspection.explanation import Explanation

FAINTEST = 1.0  # log-odds: a word that moves less than this is never drawn in full colour
NOTHING = 0.1  # log-odds: at even odds, two and a half points of probability
STRENGTHS = 10  # that the style knows
WORDS_SHOWN = 12


@dataclass(frozen=True)
class MarkedWord:
    """A word, what it adds to the log-odds, and how it is drawn: its colour class and how deep (0-10)."""

    text: str
    value: float
    known: bool
    kind: str
    strength: int


def marked_words(explanation: "Explanation") -> list[MarkedWord]:
    """The tokens by what they add."""
    scale = strength_scale(explanation)
    rows = zip(explanation.tokens, explanation.contributions, explanation.known, strict=True)
    return [MarkedWord(word, value, known, _kind(value), _strength(value, scale)) for word, value, known in rows]


def strength_scale(explanation: "Explanation") -> float:
    """The contribution that is drawn in full colour."""
    return max([FAINTEST, *(abs(value) for value in explanation.contributions)])


def _kind(value: float) -> str:
    return "" if abs(value) < NOTHING else "positive" if value > 0 else "negative"


def _strength(value: float, scale: float) -> int:
    return round(STRENGTHS * abs(value) / scale) if abs(value) >= NOTHING else 0


@dataclass(frozen=True)
class ExplainedClass:
    """The one of several classes that is explained, and the probability of each; of which kind, if not of the label."""

    name: str
    classes: dict[str, float]
    kind: str = ""


def explanation_page(
    explanation: "Explanation",
    text: str,
    keyword: str | None,
    model: str,
    threshold: float | None,
    of_class: ExplainedClass | None = None,
) -> str:
    """The whole page; `of_class` is explained where a disaster is not, and there is no threshold."""
    words = marked_words(explanation)
    return render(
        "training/explanation.html",
        title="Why this answer?",
        subtitle=f"By {model}",
        explanation=explanation,
        text=text,
        keyword=keyword,
        threshold=threshold,
        called=threshold is not None and explanation.probability >= threshold,
        of_class=of_class,
        words=words,
        strongest=sorted(words, key=lambda word: -abs(word.value))[:WORDS_SHOWN],
        scale=strength_scale(explanation),
    )
