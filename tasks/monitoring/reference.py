"""The tweets that a registered model is compared on: labelled, and neither learned from nor used to choose it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tasks import registry
from tasks.monitoring.window import first_of_groups
from tasks.registry.versions import REFERENCE, TABLE
from tasks.runtime import state_folder
from tasks.store import formats
from tasks.store.artifact_store import is_artifact

if TYPE_CHECKING:
    from tasks.registry import ModelVersion

REGISTERED = "models:/"


@dataclass(frozen=True)
class Reference:
    """The test rows (text, keyword, target) of a version's tweets, one of each group, and the groups of all others."""

    rows: pa.Table
    learned: pa.StringArray


def find_judged(uri: str) -> "ModelVersion":
    """The registered version at this address. Raises ValueError when there is none, or the address names no version."""
    address = registry.choose(uri).uri  # of the champion, the version that it is now; without one it says so
    asked = REFERENCE.fullmatch(address)
    if asked is None or not address.startswith(REGISTERED):
        raise ValueError(f"{uri} is not a registered version, whose test rows are known: name models:/NAME/VERSION")
    found = registry.find_version(asked["name"] or registry.MODEL_NAME, asked["version"], asked["alias"])
    if found is None:
        raise ValueError(f"there is no {uri}: `crisisflow champion` shows which versions were in use")
    return found


def read_reference(tags: Mapping[str, str], version: str) -> Reference:
    """What the version with these tags is compared on.

    Raises ValueError when its tweets are not in the store any more, or none of them was held out.
    """
    digest = tags.get(TABLE, "")
    path: Path = state_folder.state_home() / "store" / "tweets" / digest
    if not digest or not is_artifact(path):
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
