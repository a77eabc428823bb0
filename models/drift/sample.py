"""A set of texts as a model met them: what drift is measured on, one number for each text and measure."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.drift.familiarity import MOSTLY_UNKNOWN, NO_KNOWN_WORD, Familiarity
from models.text import Tokens
from models.text.scripts import dominant_scripts

URL, HASHTAG = r"https?://|\bwww\.", r"(?:^|[^&\w])#\w"


@dataclass(frozen=True, eq=False)
class Sample:
    """Different texts with their tokens (as the model cuts them, without keywords), and what the model said of each.

    `probabilities` float (rows,), `called` bool (rows,): positive at the model's threshold. Of several classes (rows,
    classes), and the number of the likeliest.
    """

    texts: pa.StringArray
    tokens: Tokens
    probabilities: np.ndarray
    called: np.ndarray
    familiarity: Familiarity

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def scripts(self) -> list[str | None]:
        """The script of each text."""
        scripts: list[str | None] = dominant_scripts(self.texts).to_pylist()
        return scripts

    @cached_property
    def doubts(self) -> np.ndarray:
        """Whether the model has a ground to judge each text, else why not: object (rows,)."""
        return np.array(self.familiarity.doubts(self.texts, self.tokens).to_pylist(), object)

    @property
    def foreign(self) -> np.ndarray:
        """Whether each text is probably in a language that was not learned, by its words: bool (rows,)."""
        return np.isin(self.doubts, [MOSTLY_UNKNOWN, NO_KNOWN_WORD])

    @cached_property
    def unknown_shares(self) -> np.ndarray:
        """The share of the words of each text that the model does not know; 0 of a model that reads letters."""
        if self.familiarity.words is None:
            return np.zeros(len(self))
        counts = self.familiarity.count_words(self.tokens)
        shares: np.ndarray = counts.unknown / np.maximum(counts.written, 1)
        return shares

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text."""
        return self.tokens.lengths

    def holds(self, pattern: str) -> np.ndarray:
        """Whether each text holds a match of the regular expression, bool (rows,)."""
        found = pc.match_substring_regex(self.texts, pattern)
        return np.asarray(found.to_numpy(zero_copy_only=False), bool)
