"""The tweets that a registered model is compared on: labelled, and neither learned from nor used to choose it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from tasks.monitoring.window import first_of_groups
from tasks.registry.data_sources import stored_table
from tasks.registry.versions import TABLE
from tasks.store import formats


@dataclass(frozen=True)
class Reference:
    """The test rows (text, keyword, target) of a version's tweets, one of each group, and the groups of all others."""

    rows: pa.Table
    learned: pa.StringArray


def read_reference(tags: Mapping[str, str], version: str) -> Reference:
    """What the version with these tags is compared on.

    Raises ValueError when its tweets are not in the store any more, or none of them was held out.
    """
    path = stored_table(tags.get(TABLE, ""))
    if path is None:
        raise ValueError(
            f"the tweets of version {version} are not in the store, so nothing new can be compared with them: "
            "`crisisflow retrain` makes a version whose tweets are"
        )
    table = formats.read_tweets(path)
    held_out = pc.and_(pc.equal(table["split"], "test"), pc.is_valid(table["target"]))
    rows = first_of_groups(table.filter(held_out))
    if not len(rows):
        raise ValueError(f"version {version} has no labelled test rows to compare with")
    learned = pc.unique(table.filter(pc.not_equal(table["split"], "test"))["group"].cast(pa.string()))
    return Reference(rows.select(["text", "keyword", "target"]), learned)
