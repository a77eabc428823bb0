"""Labels and open questions as rows that files hold: what is written out, and answers made of what is read in."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from tasks.labels.queue import Question
from tasks.labels.store import ASKED, Answer, Asked, Event, Label, check
from tasks.sources.columns import ColumnMap, fold_word

COLUMNS = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("keyword", pa.string()),
        ("label", pa.string()),
        ("annotator", pa.string()),
        ("time", pa.string()),
        ("asked", pa.string()),
        ("model", pa.string()),
    ]
)
ABOUT = ("annotator", "time", "asked", "model")  # what a file may say of a label beside the tweet itself
NOBODY = "unnamed"
Row = dict[str, str | None]


def label_rows(labels: Iterable[Event]) -> list[Row]:
    """A row for each label."""
    return [
        {name: getattr(each, name) for name in COLUMNS.names if name != "label"} | {"label": str(each.label)}
        for each in labels
    ]


def question_rows(questions: Iterable[Question]) -> list[Row]:
    """A row without label for each question."""
    known = ("id", "text", "keyword", "asked", "model")
    return [dict.fromkeys(COLUMNS.names) | {name: getattr(each, name) for name in known} for each in questions]


def label_words(columns: ColumnMap, classes: Sequence[str] = ()) -> dict[str, Label]:
    """What the label words of a file mean, folded: 1 or 0, or the name of one of several classes.

    These are the classes of the columns, or else the given ones, whose names are understood beside the usual words.

    >>> words = label_words(ColumnMap(), ("No disaster", "drill"))
    >>> words["yes"], words["no disaster"]
    (1, 'No disaster')
    >>> label_words(ColumnMap(classes=("0=none", "1=storm", "drill")))["0"]
    'none'
    """
    if not columns.classes:
        given = () if columns.positive or columns.negative else classes
        return {**columns.labels(), **{fold_word(name): name for name in given}}
    names = columns.class_names
    return {**{fold_word(name): name for name in names}, **{word: names[n] for word, n in columns.labels().items()}}


class LabelReader:
    """Makes answers of rows, and counts the rows that it cannot use, by reason.

    `words` are label words with their meaning (see `label_words`), `annotator` is who labelled where a row does not
    say, `origin` names the file.
    """

    def __init__(self, words: Mapping[str, Label], origin: str, annotator: str = "", asked: Asked = "own") -> None:
        self._words, self._origin, self._annotator, self._asked = words, origin, annotator, asked
        self.unusable: dict[str, int] = {}
        self.rows = 0

    def answer(self, row: Mapping[str, Any]) -> Answer | None:
        """The answer of a row with the columns of COLUMNS, its label folded; None of a row that cannot be used."""
        self.rows += 1
        try:
            return self._checked(row)
        except ValueError as error:
            self.unusable[str(error)] = self.unusable.get(str(error), 0) + 1
            return None

    def _checked(self, row: Mapping[str, Any]) -> Answer:
        if row.get("label") is None:
            raise ValueError("no label")
        if row["label"] not in self._words:
            raise ValueError(f"label {row['label']!r}")
        if not (row.get("text") or "").strip():
            raise ValueError("no text")
        asked = row.get("asked") or self._asked
        answer = Answer(
            annotator=(row.get("annotator") or self._annotator or NOBODY).strip(),
            id=row.get("id") or "",
            text=row.get("text") or "",
            label=self._words[row["label"]],
            keyword=row.get("keyword") or None,
            asked=asked if asked in ASKED else "own",
            model=row.get("model") or "",
            origin=self._origin,
            time=row.get("time") or "",
        )
        check(answer)
        return answer
