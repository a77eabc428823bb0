"""Which texts a model has met in training, by their groups: its answers to those say nothing of new ones."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from models.splitting.splits import raw_groups


def distinct_groups(rows: pa.Table) -> pa.Table:
    """Group and split of these rows, each pair once, in order: it says nothing of the order of the rows.

    >>> rows = pa.table({"id": [1, 2, 3], "group": ["b", "a", "b"], "split": ["test"] * 3})
    >>> distinct_groups(rows)["group"].to_pylist()
    ['a', 'b']
    """
    groups = rows.select(["group", "split"]).group_by(["group", "split"], use_threads=False).aggregate([])
    return groups.sort_by([("group", "ascending"), ("split", "ascending")])


@dataclass(frozen=True)
class LearnedGroups:
    """The groups that a model learned from, each once, and the split of each; both (groups,)."""

    groups: pa.StringArray
    splits: pa.StringArray

    @classmethod
    def of(cls, table: pa.Table | None) -> "LearnedGroups | None":
        """Those of a table with the columns group and split; None for no table."""
        if table is None:
            return None
        first = table.group_by("group", use_threads=False).aggregate([("split", "min")])
        return cls(first["group"].combine_chunks(), first["split_min"].combine_chunks())

    def splits_of(self, texts: pa.StringArray) -> pa.StringArray:
        """For each raw text (rows,), the split of the rows of its group that were learned from; null where none was.

        >>> folded = raw_groups(pa.array(["Fire in Ohio"]))
        >>> LearnedGroups(folded, pa.array(["train"])).splits_of(pa.array(["fire in OHIO!", "rain", None])).to_pylist()
        ['train', None, None]
        """
        return self.splits.take(pc.index_in(raw_groups(texts), value_set=self.groups))
