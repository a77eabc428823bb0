"""The page of mistakes: of which tweets a model is sure and wrong, where they gather, which words misled it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.html.pages import render
from tasks.training.explanation_page import MarkedWord, marked_words

if TYPE_CHECKING:
    from models.inspection.explanation import Explanation

SLICES_SHOWN = 30


@dataclass(frozen=True)
class Mistake:
    """One tweet that was called wrong, and the slices it belongs to."""

    tweet: str  # its id
    text: str
    target: int
    explanation: "Explanation"
    slices: tuple[str, ...]
    called: str = ""  # of several classes

    @property
    def words(self) -> "list[MarkedWord]":
        """Its words, by what they added."""
        return marked_words(self.explanation)


@dataclass(frozen=True)
class Totals:
    """All rows, and the mistakes of either kind; of several classes, `others`."""

    rows: int
    false_alarms: int
    missed: int
    others: int = 0

    @property
    def wrong(self) -> int:
        """All mistakes."""
        return self.false_alarms + self.missed + self.others


@dataclass(frozen=True)
class SliceMistakes:
    """Rows and mistakes of one slice."""

    name: str
    rows: int
    mistakes: int


def errors_page(
    model: str, totals: Totals, slices: Sequence[SliceMistakes], shown: Sequence[Mistake], classes: Sequence[str] = ()
) -> str:
    """The whole page; `shown` in the order in which they are numbered; `classes` are the names of several."""
    which = f"The {len(shown)} it was surest about" if len(shown) != 1 else "The one it made"
    return render(
        "training/mistakes.html",
        title=f"Mistakes of {model}",
        subtitle=f"{which}, among tweets that no choice ever saw" if shown else "There is none",
        totals=totals,
        slices=[each for each in slices if each.mistakes][:SLICES_SHOWN],
        shown=list(enumerate(shown, 1)),
        classes=classes,
    )
