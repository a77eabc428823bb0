"""Of all that was scored, the tweets that the queue may ask about: the most uncertain, and the first of a random order.

Groups are named by digests. A hash of a digest orders them at random, the same way each time, so a sample is drawn in
one pass and in bounded memory, whatever the order of the rows.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.labels.selection import PREFILTER, choose_diverse, interleave, text_vectors, uncertainty
from models.metrics.probability_columns import read_probabilities
from models.settings import SplitSettings, TextSettings
from models.splitting.splits import assign_splits, raw_groups
from models.text import repair_texts, tokenize_texts
from tasks.labels.queue import Question
from tasks.labels.store import Asked

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("keyword", pa.string()),
        ("probability", pa.float64()),
        ("doubt", pa.string()),
        ("group", pa.string()),
        ("place", pa.string()),
        ("uncertainty", pa.float64()),
    ]
)
REASONS: dict[Asked, str] = {"chosen": "the model is not sure of it", "random": "a random share"}


@dataclass(frozen=True)
class Judge:
    """The model by whose probabilities tweets are chosen: its name, threshold, splits, and groups that it knows.

    `classes` are the names of the several of its label, which has no threshold then.
    """

    name: str
    threshold: float | None
    split: SplitSettings
    labelled: pa.StringArray = field(default_factory=lambda: pa.array([], pa.string()))
    classes: tuple[str, ...] = ()


@dataclass
class Pool:
    """Candidates for `most` questions, and counts of all rows that were scored."""

    judge: Judge
    most: int
    seed: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("scored", "labelled", "in_doubt"), 0))
    _uncertain: pa.Table = field(default_factory=SCHEMA.empty_table)
    _random: pa.Table = field(default_factory=SCHEMA.empty_table)

    def add(self, rows: pa.Table) -> None:
        """Take in scored rows: id, text, keyword, probability, doubt; of several classes the probability of each.

        Those that the model was trained with go.
        """
        groups = raw_groups(rows["text"])
        known = pc.is_in(groups, self.judge.labelled)
        for name, mask in (("labelled", known), ("in_doubt", pc.is_valid(rows["doubt"]))):
            self.counts[name] += pc.sum(mask, min_count=0).as_py()
        self.counts["scored"] += len(rows)
        informative = uncertainty(read_probabilities(rows), self.judge.threshold)
        columns = [rows[name] for name in SCHEMA.names[:5]] + [groups, _places(groups, self.seed), informative]
        new = pa.table(columns, names=SCHEMA.names).cast(SCHEMA).filter(pc.invert(known))
        self._random = self._kept(self._random, new, [("place", "ascending")])
        trained = pc.equal(assign_splits(new["group"], self.judge.split), "train")
        may_teach = new.filter(pc.and_(trained, pc.is_null(new["doubt"])))
        self._uncertain = self._kept(
            self._uncertain, may_teach, [("uncertainty", "descending"), ("place", "ascending")]
        )

    def _kept(self, before: pa.Table, new: pa.Table, order: list[tuple[str, str]]) -> pa.Table:
        """The first rows in this order, one of each group."""
        both = pa.concat_tables([before, new]).sort_by(order)
        first = np.unique(both["group"].to_numpy(zero_copy_only=False), return_index=True)[1]
        return both.take(pa.array(np.sort(first)[: self.most * PREFILTER])).combine_chunks()

    def choose(self, count: int, known: set[str], random_share: float) -> list[Question]:
        """So many questions, of groups that are not known; every beginning of them holds the random share."""
        drawn = _without(self._random, known).slice(0, math.ceil(random_share * count))
        open_to_choice = _without(self._uncertain, known | set(drawn["group"].to_pylist()))
        chosen = self._diverse(open_to_choice, count - len(drawn))
        if missing := count - len(drawn) - len(chosen):  # too few that may be chosen: more of the random order
            taken = known | set(drawn["group"].to_pylist()) | set(chosen["group"].to_pylist())
            drawn = pa.concat_tables([drawn, _without(self._random, taken).slice(0, missing)])
        questions = [*self._questions(chosen, "chosen"), *self._questions(drawn, "random")]
        order = interleave(range(len(chosen)), range(len(chosen), len(questions)), random_share)
        return [questions[number] for number in order]

    def _diverse(self, rows: pa.Table, count: int) -> pa.Table:
        rows = rows.slice(0, count * PREFILTER)
        if not len(rows) or not count:
            return rows.slice(0, 0)
        vectors = text_vectors(tokenize_texts(repair_texts(rows["text"])[0], TextSettings()), self.seed)
        return rows.take(pa.array(choose_diverse(vectors, rows["uncertainty"].to_numpy(), count, self.seed)))

    def _questions(self, rows: pa.Table, asked: Asked) -> list[Question]:
        return [
            Question(
                id=row["id"],
                text=row["text"],
                asked=asked,
                reason=REASONS[asked],
                model=self.judge.name,
                text_group=row["group"],
                keyword=row["keyword"],
                probability=row["probability"],
                classes=self.judge.classes,
            )
            for row in rows.to_pylist()
        ]


def _without(rows: pa.Table, groups: set[str]) -> pa.Table:
    return rows.filter(pc.invert(pc.is_in(rows["group"], pa.array(sorted(groups), pa.string()))))


def _places(groups: pa.StringArray, seed: int) -> pa.StringArray:
    """The place of each group in a random order, as hexadecimal digits; it hangs on seed and group alone."""
    names: Sequence[str] = groups.to_pylist()
    drawn = [hashlib.blake2b(f"labels/{seed}/{name}".encode(), digest_size=8).hexdigest() for name in names]
    return pa.array(drawn, pa.string())
