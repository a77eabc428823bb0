"""Numbers in sentences, written one way on every page, in every table and every message."""

import math
import re

SAYS_NOTHING_POINTS = 20.0
SCORE_NAMES = {
    "accuracy": "accuracy",
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier score",
    "ece": "calibration error (ECE)",
}


def score_names(several: bool) -> dict[str, str]:
    """What the scores are called; of `several` classes those that are means over them.

    >>> score_names(several=True)["f1"], score_names(several=False)["f1"]
    ('macro F1', 'F1')
    """
    means = ("f1", "precision", "recall")
    return {name: f"macro {words}" if several and name in means else words for name, words in SCORE_NAMES.items()}


def p_words(p: float) -> str:
    """A p value as papers print it.

    >>> p_words(0.00004), p_words(0.0342), p_words(1.0)
    ('p < .001', 'p = .034', 'p = 1.000')
    """
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("= 0.", "= .")


def counted(number: int, noun: str, plural: str = "") -> str:
    """The number with its noun, in the singular for one.

    >>> counted(1, "row"), counted(2_000, "row"), counted(2, "match", "matches")
    ('1 row', '2,000 rows', '2 matches')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def how_sure(rows: int) -> str:
    """How far an accuracy on so many rows may be from the true one, in words.

    >>> how_sure(1575)
    'An accuracy on 1,575 test rows is sure to within 2.5 points'
    >>> how_sure(4)
    '4 test rows are too few to tell how good a model is'

    The bound is 1.96 standard errors of a share of one half, the least sure of all; above 20 points it says nothing.
    """
    points = 98 / math.sqrt(rows) if rows else math.inf
    on = counted(rows, "test row")
    if points > SAYS_NOTHING_POINTS:
        return f"{on} {'is' if rows == 1 else 'are'} too few to tell how good a model is"
    return f"An accuracy on {on} is sure to within {points:.1f} points"


def snake_case(words: str) -> str:
    """The words as the name of a column: small letters and digits with underscores between them.

    >>> snake_case("Information Source"), snake_case("Related - but not informative")
    ('information_source', 'related_but_not_informative')
    """
    return re.sub(r"\W+", "_", words.strip().lower()).strip("_")
