"""The tweets that a registered model is compared on: labelled, and neither learned from nor used to choose it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tasks import registry
from tasks.monitoring.window import first_of_groups
from tasks.runtime import state_folder
from tasks.store import formats
from tasks.store.artifact_store import is_artifact

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

TABLE = "validation_rows"  # the tag of a version that names the digest of its checked tweets
REGISTERED = "models:/"


@dataclass(frozen=True)
class Reference:
    """The test rows (text, keyword, target) of a version's tweets, one of each group, and the groups of all others."""

    rows: pa.Table
    learned: pa.StringArray


def find_judged(uri: str) -> "ModelVersion":
    """The registered version at this address. Raises ValueError when there is none, or the address names no version."""
    name, alias, number = "", None, None
    if uri.startswith(REGISTERED):
        name, _, number = uri.removeprefix(REGISTERED).partition("/")
        if "@" in name:
            name, _, alias = name.partition("@")
    if not (alias or (number or "").isdecimal()):
        raise ValueError(f"{uri} is no registered version, whose test rows are known: name models:/NAME/VERSION")
    found = registry.find_version(name, number or None, alias)
    if found is None:
        if uri == registry.CHAMPION_URI:
            raise ValueError("there is no champion yet: run `crisisflow retrain` first, or name a model with --model")
        raise ValueError(f"there is no {uri}: `crisisflow champion --history` lists the versions")
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
