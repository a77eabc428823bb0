"""The columns of a source as the model knows them from training, and what is said where the source has others."""

import logging
from collections.abc import Mapping, Sequence

from pydantic import PrivateAttr

from tasks.sources.columns import FLAGS, ColumnMap, fold_word

logger = logging.getLogger(__name__)

READ = ("id", "text", "keyword")  # what scoring reads of a source


class TrainedColumns(ColumnMap):
    """Columns for scoring: as named by flags, else as in training, else guessed; each departure is said aloud.

    `trained` holds the names of the training source by meaning.
    """

    trained: dict[str, str]
    _found: dict[str, str] = PrivateAttr(default_factory=dict)
    _doubts: list[str] = PrivateAttr(default_factory=list)

    @classmethod
    def of(cls, asked: ColumnMap, trained: Mapping[str, str]) -> ColumnMap:
        """The columns that were asked for, completed by those of training; as they are for a model without any."""
        return cls(**asked.model_dump(), trained=dict(trained)) if trained else asked

    def find(self, names: Sequence[str], file: str, required: Sequence[str] = ("text",)) -> dict[str, str]:
        """Column name in the file for each meaning that it has, as `ColumnMap.find` gives it.

        A keyword column is left alone where the model learned without one: it would answer otherwise than in training.
        """
        there = {fold_word(name) for name in names}
        read = READ if self.ids else READ[1:]
        open_to_choice = [meaning for meaning in read if getattr(self, meaning) is None]
        known = {meaning: self.trained[meaning] for meaning in open_to_choice if meaning in self.trained}
        held = {meaning: name for meaning, name in known.items() if fold_word(name) in there}
        asked = self.model_dump(exclude={"trained"}) | held
        found = ColumnMap(**asked).find(names, file, required)
        if "keyword" in found and "keyword" in open_to_choice and "keyword" not in self.trained:
            self._doubt(f"{file}: the column {found.pop('keyword')!r} is not read: the model learned without keywords")
        for meaning, name in known.items():
            if meaning not in held:
                self._doubt(_departure(file, meaning, name, found.get(meaning), names))
        self._found = self._found or found
        return found

    def report(self) -> dict[str, object]:
        """The columns of the first file by meaning, and what was doubtful of any."""
        return {"columns": self._found, "doubts": list(self._doubts)}

    def _doubt(self, sentence: str) -> None:
        logger.warning(sentence)
        self._doubts.append(sentence)


def _departure(file: str, meaning: str, name: str, taken: str | None, names: Sequence[str]) -> str:
    """What to say of a file without a column that the model learned from."""
    if taken is not None:
        return f"{file} has no column {name!r}, the {meaning} in training: {taken!r} is taken for it"
    others = ", ".join(map(repr, names[:10]))
    effect = "rows are named by their numbers" if meaning == "id" else "labels may be other ones than with it"
    return (
        f"{file} lacks the column {name!r}, the {meaning} in training: {effect}. If one of {others} is meant, say so "
        f"with {FLAGS[meaning]}"
    )
