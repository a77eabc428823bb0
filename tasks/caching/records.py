"""The record of what steps made: `actions/<step>/<key>.json`, with the key's parts, the output and who made it."""

import json
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tasks.caching import code
from tasks.caching.keys import ActionKey
from tasks.runtime import atomic_files, state_folder
from tasks.store import artifact_store

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Action:
    """What one execution gave: the artifact, and the run that made it."""

    output: str
    run_id: str
    metrics: dict[str, float]
    tags: dict[str, str]
    seconds: float

    @property
    def path(self) -> Path:
        """The artifact's folder in the store."""
        return state_folder.state_home() / "store" / self.output


@dataclass(frozen=True)
class Record:
    """One line of the cache: the key's parts, and what was made under it."""

    file: Path
    title: str
    made: float
    parts: dict[str, Any]
    action: Action

    @property
    def step(self) -> str:
        """The step's function."""
        return self.file.parent.name

    @property
    def used(self) -> float:
        """When this was made or last reused, in seconds since 1970."""
        return self.file.stat().st_mtime


def _file(key: ActionKey) -> Path:
    return state_folder.state_home() / "actions" / key.step / f"{key.digest}.json"


def recall(key: ActionKey) -> Action | None:
    """The record under this key, when its artifact is there and intact; None means: compute it."""
    try:
        record = read_record(_file(key))
        artifact_store.verify(record.action.path)
        os.utime(record.file)  # it is in use: pruning by age passes over it
    except (OSError, ValueError, TypeError, KeyError, artifact_store.DamagedArtifactError):
        return None
    return record.action


def remember(key: ActionKey, action: Action) -> None:
    """File what a step gave, with the parts of its key and the code in words.

    Nothing is filed when the project's code was edited while this process ran: it is unknown which text it ran.
    """
    if edited := code.edited_since_start(key.parts.get("code", {})):
        logger.warning(
            "%s was edited while %s ran: its output is kept, and will be computed again next time",
            ", ".join(edited),
            key.step,
        )
        return
    _keep_code(key)
    content = {"title": key.title, "made": time.time(), "parts": key.parts, "action": asdict(action)}
    atomic_files.write_atomically(_file(key), json.dumps(content, indent=1))


def kept_code(digest: str) -> Path:
    """Where the text of a module with this digest is kept, to show one day what was changed."""
    return state_folder.state_home() / "actions" / "code" / f"{digest}.py"


def _keep_code(key: ActionKey) -> None:
    for name, digest in key.parts.get("code", {}).items():
        file = code.module_file(name)
        if file is not None and not kept_code(digest).exists():
            atomic_files.write_atomically(kept_code(digest), file.read_text(encoding="utf-8"))


def read_record(file: Path) -> Record:
    """The record in this file. Raises OSError, ValueError, TypeError or KeyError when it is none."""
    content = json.loads(file.read_text(encoding="utf-8"))
    return Record(file, content["title"], content["made"], content["parts"], Action(**content["action"]))


def records(step: str = "*") -> Iterator[Record]:
    """All readable records, or those of one step, the latest first."""
    files = list((state_folder.state_home() / "actions").glob(f"{step}/*.json"))
    for file in sorted(files, key=lambda each: each.stat().st_mtime, reverse=True):
        try:
            yield read_record(file)
        except (ValueError, TypeError, KeyError):
            logger.warning("%s is not a record: it is passed over", file)
