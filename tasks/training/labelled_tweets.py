"""Labelled tweets beside their tokens, as every training reads them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from models.text import Tokens
from tasks.store import formats


@dataclass(frozen=True)
class Labelled:
    """The labelled tweets with their tokens; rows of both agree."""

    tweets: pa.Table
    tokens: Tokens
    labels: np.ndarray

    @classmethod
    def read(cls, tweets: Path, tokens: Path) -> "Labelled":
        """The tweets of these two artifacts. Raises ValueError when tweets have no labels to learn from."""
        table = formats.read_tweets(tweets)
        if table["target"].null_count:
            raise ValueError(
                f"{table['target'].null_count} of {len(table)} tweets have no label: training needs a table with labels"
            )
        return cls(table, formats.read_tokens(tokens), table["target"].to_numpy())

    def rows(self, *splits: str) -> np.ndarray:
        """Row numbers of these splits, in rising order."""
        return np.sort(np.concatenate([formats.rows_in(self.tweets, split) for split in splits]))

    def encoded(self, vocabulary: Any, *splits: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ids, offsets and labels of the rows of these splits; of no split, no documents."""
        rows = self.rows(*splits) if splits else np.empty(0, np.int64)
        return (*vocabulary.encode(self.tokens.take(rows)), self.labels[rows])
