"""Labelled tweets beside their tokens, as every training reads them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from models.classifiers.target import TWO, Target, target_of
from models.text import Tokens
from models.wording import counted
from tasks.sources.columns import ColumnMap
from tasks.steps import Inputs
from tasks.store import formats
from tasks.training.kinds import KindTexts


@dataclass(frozen=True)
class LabelledInputs(Inputs):
    """The artifacts that classifiers learn from: labelled tweets, their tokens, and texts with labels of kinds."""

    tweets: Path
    tokens: Path
    kinds: Path | None = None


@dataclass(frozen=True)
class Labelled:
    """The labelled tweets with their tokens; rows of both agree. `columns` are those of their source.

    `target` is what a label can be.

    `kinds` are texts of their own, for networks that learn what kinds of information they hold, too; `inputs` is what
    all of it was read from.
    """

    tweets: pa.Table
    tokens: Tokens
    labels: np.ndarray
    columns: Mapping[str, Any] = field(default_factory=dict)
    kinds: KindTexts | None = None
    inputs: LabelledInputs | None = None
    target: Target = TWO

    @staticmethod
    @lru_cache(maxsize=1)  # step after step trains on the same artifacts, whose paths name their content
    def read(inputs: LabelledInputs) -> "Labelled":
        """The tweets of these artifacts. Raises ValueError when tweets have no labels to learn from."""
        table = formats.read_tweets(inputs.tweets)
        if table["target"].null_count:
            raise ValueError(
                f"{table['target'].null_count} of {counted(len(table), 'tweet')} have no label: "
                "training needs a table with labels"
            )
        tokens, labels = formats.read_tokens(inputs.tokens), table["target"].to_numpy()
        kinds = None if inputs.kinds is None else KindTexts.read(inputs.kinds)
        columns = read_columns(inputs.tweets)
        target = target_of(columns.get("classes", ()))
        return Labelled(table, tokens, labels, columns, kinds, inputs, target)

    def rows(self, *splits: str) -> np.ndarray:
        """Row numbers of these splits, in rising order."""
        return np.sort(np.concatenate([formats.rows_in(self.tweets, split) for split in splits]))


def read_columns(tweets: Path) -> dict[str, Any]:
    """How the source of a table of tweets was read: its column `names` by meaning, and the words that label it.

    Of a label of several classes also the names of these, as `classes`. Empty for a table without a report.
    """
    file = tweets / "report.json"
    if not file.exists():
        return {}
    report = json.loads(file.read_text(encoding="utf-8"))
    asked = report.get("reading", {}).get("columns", {})
    words = {name: list(asked.get(name) or ()) for name in ("positive", "negative")}
    classes = ColumnMap(classes=asked.get("classes", ())).class_names
    told = {"classes": list(classes)} if classes else {}
    return {"names": dict(report.get("columns") or {}), **words, **told}
