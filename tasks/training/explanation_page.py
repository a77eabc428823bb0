"""One explained prediction: the words as they pushed it, on a page or inside another one."""

from typing import TYPE_CHECKING

from tasks.html.elements import escape, section, table, tile
from tasks.html.page import page

if TYPE_CHECKING:
    from models.inspection.explanation import Explanation

FAINTEST = 1.0  # log-odds: a word that moves less than this is never drawn in full colour
NOTHING = 0.1  # log-odds: at even odds, two and a half points of probability
DEEPEST = 60  # per cent of the colour: beyond, the word itself could not be read
WORDS_SHOWN = 12

LEGEND = (
    "<p class='legend'><span><i class='key positive'></i>towards a disaster (underlined)</span>"
    "<span><i class='key negative'></i>away from it (dotted)</span>"
    "<span>The stronger, the more. <s>Struck out</s>: a word that the model does not know.</span></p>"
)


def marked_words(explanation: "Explanation", numbers: bool = False) -> str:
    """The tokens in colours by what they add; with `numbers`, each with its figure below."""
    scale = strength_scale(explanation)
    rows = zip(explanation.tokens, explanation.contributions, explanation.known, strict=True)
    words = "".join(_word(word, value, known, abs(value) / scale, numbers) for word, value, known in rows)
    more = f" <em>and {explanation.unexplained:,} more words</em>" if explanation.unexplained else ""
    return f"<p class='words{' numbered' if numbers else ''}'>{words}{more}</p>"


def strength_scale(explanation: "Explanation") -> float:
    """The contribution that is drawn in full colour."""
    return max([FAINTEST, *(abs(value) for value in explanation.contributions)])


def _word(word: str, value: float, known: bool, strength: float, numbers: bool) -> str:
    kind = "" if abs(value) < NOTHING else "positive" if value > 0 else "negative"
    shown = escape(word) if known else f"<s>{escape(word)}</s>"
    figure = f"<small>{value:+.2f}</small>" if numbers else ""
    style = f"--strength:{DEEPEST * min(strength, 1):.0f}%"
    return f"<span class='word {kind}' style='{style}' title='{escape(word)} {value:+.2f}'>{shown}{figure}</span> "


def explanation_page(explanation: "Explanation", text: str, keyword: str | None, model: str, threshold: float) -> str:
    """The whole page."""
    called = explanation.probability >= threshold
    tiles = [
        tile(f"{explanation.probability:.1%}", "probability of a real disaster", "gone" if called else "kept"),
        tile("disaster" if called else "no disaster", f"called so from {threshold:.1%} on"),
        tile(f"{explanation.probability_of_nothing:.1%}", "before it reads a word"),
    ]
    return page(
        "Why this answer?",
        f"By {model}",
        f"<div class='tiles'>{''.join(tiles)}</div>",
        section(
            "The text",
            f"With the keyword {keyword}." if keyword else "Without a keyword.",
            f"<blockquote><p>{escape(text)}</p></blockquote>",
        ),
        section(
            "As the model read it",
            "Below each word: by how much the log-odds of a disaster fall when that word is left out.",
            LEGEND,
            marked_words(explanation, numbers=True),
        ),
        section(
            "The words that count most",
            "Each by itself, the rest of the text as it is: words that say the same cover for each other.",
            _table(explanation),
        ),
    )


def _table(explanation: "Explanation") -> str:
    rows = zip(explanation.tokens, explanation.contributions, strict=True)
    strongest = sorted(rows, key=lambda row: -abs(row[1]))[:WORDS_SHOWN]
    if not strongest:
        return "<p>There is no word in it.</p>"
    scale = strength_scale(explanation)
    cells = [
        [escape(word), _side(-value, scale, "negative"), _side(value, scale, "positive"), f"{value:+.2f}"]
        for word, value in strongest
    ]
    return table(["word", "", "", "log-odds"], cells, 1)


def _side(value: float, scale: float, kind: str) -> str:
    """A bar from the middle outwards; the half for the other sign is empty."""
    if value <= 0:
        return ""
    side = "right" if kind == "negative" else "left"
    return f"<div class='half {side}'><i class='{kind}' style='width:{100 * value / scale:.1f}%'></i></div>"
