"""Texts with labels of what kinds of information they hold, as networks learn them beside the label of a tweet."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.classifiers.text_kinds import NO_LABEL
from models.splitting.learned import distinct_groups
from models.text import Tokens
from models.text.vocabulary import RESERVED, fit_vocabulary
from tasks.ingestion.kinds import KINDS, NAMES
from tasks.store import formats
from tasks.training.pretraining import RARE

if TYPE_CHECKING:
    import keras

    from models.vectors.open_vocabulary import OpenVocabulary


@dataclass(frozen=True)
class KindTexts:
    """Texts with labels of kinds: columns group and split, tokens, classes by kind, labels int32 (texts, kinds)."""

    table: pa.Table
    tokens: Tokens
    classes: dict[str, list[str]]
    labels: np.ndarray

    @staticmethod
    @lru_cache(maxsize=1)
    def read(artifact: Path) -> "KindTexts":
        """Those of an artifact of `gather_kinds`."""
        table, classes = pq.read_table(artifact / KINDS), formats.read_parts(artifact)[NAMES]
        labels = np.full((len(table), len(classes)), NO_LABEL, np.int32)
        for place, (kind, names) in enumerate(classes.items()):
            found = pc.index_in(table[kind], pa.array(names, pa.string()))
            labels[:, place] = pc.fill_null(found, NO_LABEL).to_numpy()
        return KindTexts(table.select(["group", "split"]), formats.read_tokens(artifact), classes, labels)

    def rows(self, *splits: str) -> np.ndarray:
        """Row numbers of these splits, in rising order."""
        return np.flatnonzero(np.isin(self.table["split"].to_numpy(zero_copy_only=False), splits))

    def labelled(self, place: int, split: str) -> np.ndarray:
        """Row numbers of the texts of a split that have a label of the kind at this place."""
        rows = self.rows(split)
        found: np.ndarray = rows[self.labels[rows, place] != NO_LABEL]
        return found

    @property
    def sizes(self) -> list[int]:
        """How many classes each kind has."""
        return [len(names) for names in self.classes.values()]

    def words(self, *splits: str) -> pa.StringArray:
        """The words that the texts of these splits use often enough to be known by."""
        return fit_vocabulary(self.tokens.take(self.rows(*splits)), RARE).tokens.slice(len(RESERVED))

    @property
    def groups(self) -> pa.Table:
        """Group and split of every text, each once and in order."""
        return distinct_groups(self.table)


def describe_kinds(
    network: "keras.Model", words: "OpenVocabulary", kinds: KindTexts, learned: Sequence[str]
) -> list[dict[str, Any]]:
    """The kinds as the description of a classifier has them, each with the temperature of its probabilities.

    Fitted on the validation rows; where the network has learned from these, it stays 1.
    """
    from models.classifiers.text_kinds import TextKind, fit_class_temperature, split_logits
    from models.recurrent import frozen_logits
    from models.recurrent.network import LOGIT

    first = network.get_layer(LOGIT).units
    named = [TextKind(name, tuple(classes)) for name, classes in kinds.classes.items()]
    rows = np.empty(0, np.int64) if "validation" in learned else kinds.rows("validation")
    logits = frozen_logits(network)(*words.encode(kinds.tokens.take(rows)))
    described = []
    for kind, own, labels in zip(named, split_logits(logits, named, first), kinds.labels[rows].T, strict=True):
        there = labels != NO_LABEL
        temperature = fit_class_temperature(labels[there], own[there])
        described.append(kind._replace(temperature=temperature).described())
    return described
