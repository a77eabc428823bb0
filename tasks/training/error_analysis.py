"""The page of mistakes: of which tweets a model is sure and wrong, where they gather, which words misled it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.html.elements import bar, count, escape, section, share, table, tile
from tasks.html.page import page
from tasks.training.explanation_page import LEGEND, marked_words

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


@dataclass(frozen=True)
class Totals:
    """All rows, and the mistakes of either kind."""

    rows: int
    false_alarms: int
    missed: int


@dataclass(frozen=True)
class SliceMistakes:
    """Rows and mistakes of one slice."""

    name: str
    rows: int
    mistakes: int


def errors_page(model: str, totals: Totals, slices: Sequence[SliceMistakes], shown: Sequence[Mistake]) -> str:
    """The whole page; `shown` in the order in which they are numbered."""
    mistakes = totals.false_alarms + totals.missed
    tiles = [
        tile(count(totals.rows), "tweets of the test split"),
        tile(count(mistakes), f"called wrong, {share(mistakes, totals.rows)}", "gone"),
        tile(count(totals.false_alarms), "false alarms"),
        tile(count(totals.missed), "disasters missed"),
    ]
    numbered = list(enumerate(shown, 1))
    return page(
        f"Mistakes of {model}",
        f"The {len(shown)} it was surest about, among tweets that no choice ever saw",
        f"<div class='tiles'>{''.join(tiles)}</div>",
        _slices(slices, numbered),
        _mistakes("False alarms", "No disaster, yet called one; the surest first.", 0, numbered),
        _mistakes("Disasters missed", "Real disasters not called; the surest first.", 1, numbered),
    )


def _slices(slices: Sequence[SliceMistakes], shown: Sequence[tuple[int, Mistake]]) -> str:
    rows = []
    for each in [each for each in slices if each.mistakes][:SLICES_SHOWN]:
        links = [f"<a href='#m{number}'>{number}</a>" for number, mistake in shown if each.name in mistake.slices]
        parts = [("wrong", each.mistakes, "gone"), ("right", each.rows - each.mistakes, "grey")]
        wrong = share(each.mistakes, each.rows), count(each.mistakes), count(each.rows)
        rows.append([f"<b>{escape(each.name)}</b><p class='about'>{' '.join(links)}</p>", bar(parts), *wrong])
    lead = (
        "Of each slice the share of tweets called wrong; the surely worst slice first, as in the table of slices. "
        "The numbers lead to those of its tweets that stand below."
    )
    return section("By slice", lead, table(["slice", "", "wrong", "tweets", "of"], rows, 3) if rows else "")


def _mistakes(title: str, lead: str, target: int, shown: Sequence[tuple[int, Mistake]]) -> str:
    rows = [
        [
            f"<b id='m{number}'>{number}</b>",
            f"<p>{escape(each.text)}</p>{marked_words(each.explanation)}{_about(each)}",
            f"{each.explanation.probability:.1%}",
        ]
        for number, each in shown
        if each.target == target
    ]
    head = ["no.", "tweet, and as the model read it", "probability"]
    return section(title, lead, LEGEND, table(head, rows, 1)) if rows else ""


def _about(mistake: Mistake) -> str:
    return f"<p class='about'>id {escape(mistake.tweet)} · {escape(', '.join(mistake.slices))}</p>"
