"""Twins of a text in the training data: rows that differ from it in nothing but case, addresses, mentions, digits."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.splitting.splits import raw_groups
from tasks.ingestion.steps import table_classes
from tasks.registry.data_sources import stored_table
from tasks.registry.versions import TABLE, version_at

SHOWN = 10
FILE = "tweets.parquet"


def tweets_of_model(uri: str) -> Path | None:
    """The checked tweets of the registered version at this address in the store; None where they are not there."""
    found = version_at(uri)
    return stored_table(found.tags.get(TABLE, "")) if found else None


def find_twins(tweets: Path | None, text: str) -> dict[str, Any] | None:
    """How many rows share the group of this text, and the first of them; None where that is not known.

    Read again each time: a table of a million tweets would not be worth its memory, and takes a fraction of a second.
    """
    if tweets is None or not (tweets / FILE).exists():
        return None
    (group,) = raw_groups(pa.array([text], pa.string())).to_pylist()
    classes = table_classes(tweets) if (tweets / "report.json").exists() else ()
    rows = pq.read_table(tweets / FILE, columns=["text", "target", "split"], filters=[("group", "=", group)])
    shown = [
        {"text": each["text"], "label": _label(each["target"], classes), "split": each["split"]}
        for each in rows.slice(0, SHOWN).to_pylist()
    ]
    return {"count": len(rows), "shown": shown}


def _label(target: int | None, classes: tuple[str, ...]) -> int | str | None:
    """The label as people read it: 1 or 0, or the name of one of several classes."""
    return classes[target] if classes and target is not None else target
