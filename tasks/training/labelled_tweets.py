"""Labelled tweets beside their tokens, as every training reads them."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from models.text import Tokens
from tasks.steps import Inputs
from tasks.store import formats


@dataclass(frozen=True)
class LabelledInputs(Inputs):
    """The artifacts that every classifier learns from: labelled tweets and their tokens."""

    tweets: Path
    tokens: Path


@dataclass(frozen=True)
class Labelled:
    """The labelled tweets with their tokens; rows of both agree."""

    tweets: pa.Table
    tokens: Tokens
    labels: np.ndarray

    @staticmethod
    @lru_cache(maxsize=1)  # step after step trains on the same artifacts, whose paths name their content
    def read(inputs: LabelledInputs) -> "Labelled":
        """The tweets of these artifacts. Raises ValueError when tweets have no labels to learn from."""
        table = formats.read_tweets(inputs.tweets)
        if table["target"].null_count:
            raise ValueError(
                f"{table['target'].null_count} of {len(table)} tweets have no label: training needs a table with labels"
            )
        return Labelled(table, formats.read_tokens(inputs.tokens), table["target"].to_numpy())

    def rows(self, *splits: str) -> np.ndarray:
        """Row numbers of these splits, in rising order."""
        return np.sort(np.concatenate([formats.rows_in(self.tweets, split) for split in splits]))

    def encoded(self, vocabulary: Any, *splits: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ids, offsets and labels of the rows of these splits; of no split, no documents."""
        rows = self.rows(*splits) if splits else np.empty(0, np.int64)
        return (*vocabulary.encode(self.tokens.take(rows)), self.labels[rows])
