"""How often texts repeat and contradict one another, and how many of a second source are among them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.splitting.duplicates import normalise
from tasks.ingestion.key_buckets import Buckets, KeyBuckets

KINDS = ("exact", "normalised", "folded")


class TextKeys:
    """Keys of the texts of one source, read in three ways.

    exact: as they came, character by character. normalised: as published counts compare them. folded: by group, as
    splits do.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.buckets = {kind: KeyBuckets(folder / kind) for kind in KINDS}

    def add(self, batch: pa.RecordBatch, first: int, passed: np.ndarray) -> None:
        """Note a batch with columns raw_text, group and target; rows without a text have no key."""
        labels = batch["target"]
        missing = pc.is_null(batch["raw_text"])
        normalised = pc.if_else(missing, pa.scalar(None, pa.string()), normalise(batch["raw_text"]))
        self.buckets["exact"].add_texts(batch["raw_text"], first, labels, passed)
        self.buckets["normalised"].add_texts(normalised, first, labels, passed)
        self.buckets["folded"].add_digests(batch["group"], first, labels, passed)

    def report(self) -> dict[str, Any]:
        """Repetition by each way of reading, and the number of groups."""
        figures = {kind: vars(buckets.repetition()) for kind, buckets in self.buckets.items()}
        return {**figures, "groups": self.buckets["folded"].distinct()}

    def found_in(self, others: Mapping[str, Buckets]) -> dict[str, int]:
        """How many of these rows have a text that another source, of these keys by kind, holds too."""
        return {kind: buckets.rows_found_in(others[kind]) for kind, buckets in self.buckets.items()}
