"""What the cache holds, and whether it is what was put there."""

import json
import re
from pathlib import Path
from typing import Any

from tasks.caching.records import Record, records
from tasks.runtime import state_folder
from tasks.store import artifact_store

ARTIFACT = re.compile(r"[\w-]+/[0-9a-f]{32}")


def entries() -> list[dict[str, Any]]:
    """One line for each record, the latest used first."""
    return [
        {
            "step": each.step,
            "title": each.title,
            "made": each.made,
            "used": each.used,
            "bytes": size(each.action.path),
            "run_id": each.action.run_id,
            "output": each.action.output,
        }
        for each in records()
    ]


def size(artifact: Path) -> int:
    """Bytes of an artifact's files as its manifest has them; 0 when there is no manifest to read."""
    try:
        return sum(
            entry["bytes"] for entry in json.loads((artifact / artifact_store.MANIFEST).read_text())["files"].values()
        )
    except (OSError, ValueError):
        return 0


def stored_artifacts() -> list[Path]:
    """The folders of all artifacts in the store, unfinished ones left out."""
    return sorted(
        path for path in (state_folder.state_home() / "store").glob("*/*") if ARTIFACT.fullmatch(name_of(path))
    )


def name_of(artifact: Path) -> str:
    """How records and runs call an artifact: `kind/digest`."""
    return f"{artifact.parent.name}/{artifact.name}"


def damages() -> list[dict[str, str]]:
    """Every artifact that is not what was written, and every one that a record made or read and that is gone."""
    everything = list(records())
    made_by = {each.action.output: each.title for each in everything}
    known = made_by.keys() | set().union(*map(inputs_of, everything))
    paths = {name_of(path): path for path in stored_artifacts()}
    paths |= {name: state_folder.state_home() / "store" / name for name in known}
    found = []
    for name, path in sorted(paths.items()):
        try:
            artifact_store.verify(path)
        except artifact_store.DamagedArtifactError as error:
            found.append({"artifact": name, "step": made_by.get(name, ""), "problem": str(error)})
    return found


def artifacts_in(description: Any) -> set[str]:
    """The artifacts in the description of an input, by name."""
    if isinstance(description, dict):
        return set().union(*map(artifacts_in, description.values()))
    if isinstance(description, list):
        return set().union(*map(artifacts_in, description))
    return {description} if isinstance(description, str) and ARTIFACT.fullmatch(description) else set()


def inputs_of(record: Record) -> set[str]:
    """The artifacts that went into what this record says was made."""
    return artifacts_in(record.parts["inputs"])
