"""Labels and open questions as rows that files hold: what is written out, and answers made of what is read in."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from tasks.labels.queue import Question
from tasks.labels.store import ASKED, Answer, Asked, Event, check

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


class LabelReader:
    """Makes answers of rows, and counts the rows that it cannot use, by reason.

    `words` are label words with their meaning, `annotator` is who labelled where a row does not say, `origin` names
    the file.
    """

    def __init__(self, words: Mapping[str, int], origin: str, annotator: str = "", asked: Asked = "own") -> None:
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
