"""Which column of a file means what: as told by flags, else guessed from the names that data sets use."""

import re
from collections.abc import Sequence

from pydantic import Field

from models.settings import Settings
from tasks.sources.limits import SourceError

# In order of preference; compared without case, blanks, hyphens and underscores.
USUAL_NAMES = {
    "id": ("idstr", "tweetid", "tweetidstr", "statusid", "id"),
    "text": ("fulltext", "text", "tweettext", "tweet", "content", "message"),
    "label": (
        "target",
        "label",
        "class",
        "classlabel",
        "ontopic",
        "isdisaster",
        "choose_one",
        "chooseone",
        "relevance",
    ),
    "keyword": ("keyword", "keywords"),
    "location": ("location", "userlocation"),
}
FLAGS = {
    "id": "--id-column",
    "text": "--text-column",
    "label": "--label-column",
    "keyword": "--keyword-column",
    "location": "--location-column",
}
SHOWN_NAMES, SHOWN_CHARACTERS = 30, 60
USUAL_LABELS = {
    **dict.fromkeys(("1", "1.0", "true", "yes", "on-topic", "relevant", "related", "informative", "disaster"), 1),
    **dict.fromkeys(("0", "0.0", "false", "no", "off-topic", "not relevant", "not related", "not informative"), 0),
    "not disaster": 0,
}


class MissingColumnError(SourceError):
    """A file lacks a column that it must have; `first_rows` holds its first rows as JSON."""

    first_rows: Sequence[str] = ()


class ColumnMap(Settings):
    """Names of the columns to read; None is guessed. And which words of the label column mean yes and no."""

    id: str | None = Field(default=None, description="Column that names each tweet; without one, rows are numbered.")
    text: str | None = Field(default=None, description="Column that holds the text.")
    label: str | None = Field(default=None, description="Column that holds the label; none means unlabelled.")
    keyword: str | None = Field(default=None, description="Column that holds the search keyword.")
    location: str | None = Field(default=None, description="Column that holds the author's location.")
    sheet: str | None = Field(default=None, description="Sheet of a workbook; None is the only one that holds rows.")
    positive: tuple[str, ...] = Field(
        default=(), description="Label words that mean 1; any given replaces the usual ones."
    )
    negative: tuple[str, ...] = Field(default=(), description="Label words that mean 0.")

    def labels(self) -> dict[str, int]:
        """Label word, without case and blanks around it -> 0 or 1."""
        if not self.positive and not self.negative:
            return USUAL_LABELS
        return {fold_word(word): 1 for word in self.positive} | {fold_word(word): 0 for word in self.negative}

    def find(self, names: Sequence[str], file: str, required: Sequence[str] = ("text",)) -> dict[str, str]:
        """Column name in the file for each meaning that it has.

        >>> ColumnMap().find(["tweet id", "tweet", "label"], "a.csv")
        {'id': 'tweet id', 'text': 'tweet', 'label': 'label'}

        Raises MissingColumnError, which names the columns found and the flag to give, when a needed one is missing.
        """
        found = {}
        for meaning in FLAGS:
            wanted = getattr(self, meaning)
            name = _find_named(names, wanted) if wanted else _guess(names, meaning)
            if name is not None:
                found[meaning] = name
            elif wanted or meaning in required:
                raise MissingColumnError(_missing(meaning, wanted, names, file))
        return found


def fold_word(word: str) -> str:
    """A label word as it is compared.

    >>> fold_word(" On-Topic ")
    'on-topic'
    """
    return word.strip().lower()


def _find_named(names: Sequence[str], wanted: str) -> str | None:
    return next((name for name in names if name == wanted), None) or next(
        (name for name in names if name.strip().lower() == wanted.strip().lower()), None
    )


def _guess(names: Sequence[str], meaning: str) -> str | None:
    folded = {re.sub(r"[\s_-]", "", name).lower(): name for name in reversed(names)}
    return next((folded[usual] for usual in USUAL_NAMES[meaning] if usual in folded), None)


def _missing(meaning: str, wanted: str | None, names: Sequence[str], file: str) -> str:
    what = f"no column {wanted!r}" if wanted else f"no column that looks like the {meaning}"
    found = ", ".join(repr(name[:SHOWN_CHARACTERS]) for name in names[:SHOWN_NAMES])
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return f"{file} has {what}; its columns are {found}{more}: say which one with {FLAGS[meaning]}"
