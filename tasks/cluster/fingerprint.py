"""What must be equal in a command and in every worker, for the same bytes: code, lock, libraries, processor, folder.

Imported as a worker begins, so that the code it compares is the code that it runs.
"""

import os
import uuid
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tasks.caching.code import AT_START, DATA_AT_START, ROOT, project_digest
from tasks.caching.libraries import installed, python_version
from tasks.caching.machine import hardware_class, numeric_environment
from tasks.caching.syntax import parse
from tasks.runtime.environment import DEVICE
from tasks.store.digests import combine, file_sha256

SHOWN = 3  # differences of one kind that are named
RESTART = "`crisisflow cluster stop` and `start` take up what is on the disk"
REMEDIES = {
    "code": "bring both to the same commit, and start the workers anew",
    "lock": "bring both to the same commit, and run `make setup` there",
    "python": "use the same Python in both",
    "libraries": "install requirements.lock in both: `make setup`",
    "hardware": "sums round otherwise there: use machines of one kind, with as many processors",
    "environment": "set these variables alike where the workers start, or unset them",
}


@cache
def fingerprint() -> dict[str, Any]:
    """What this process is, as far as it changes bytes, by the names of REMEDIES."""
    lock = ROOT / "requirements.lock"
    return {
        "code": code_at_start(),
        "lock": file_sha256(lock) if lock.is_file() else "none",
        "python": python_version(),
        "libraries": {name: each.version for name, each in installed().items() if name != "crisisflow"},
        "hardware": hardware_class(),
        "environment": numeric_environment() | {DEVICE: os.environ.get(DEVICE, "")},
    }


@cache
def fingerprint_digest() -> str:
    """The fingerprint in one word: what every unit is sent with."""
    return combine(fingerprint())


@cache
def code_at_start() -> str:
    """Digest of the project's code, and of the files beside it, as they were when this process began."""
    return combine({name: parse(text).tree_digest for name, text in AT_START.items()} | DATA_AT_START)


def was_edited() -> bool:
    """Whether the code on the disk is another one by now."""
    return project_digest() != combine({name: parse(text).tree_digest for name, text in AT_START.items()})


def examine(token: str) -> dict[str, Any]:
    """What a worker says of itself: fingerprint, whether its code was edited, and what it reads in this token file."""
    return {
        "fingerprint": fingerprint(),
        "edited": was_edited(),
        "token": read_token(token),
        "home": os.environ.get("CRISISFLOW_HOME", ""),
    }


def read_token(token: str) -> str:
    """What a token file holds; nothing where it is not seen."""
    path = Path(token)
    return path.read_text() if path.is_file() else ""


def write_token(folder: Path) -> Path:
    """A file in this folder that only those can read who share it."""
    path = folder / "token"
    path.write_text(uuid.uuid4().hex)
    return path


def objections(answer: Mapping[str, Any], token: Path) -> Iterator[str]:
    """Why a worker that gives this answer may not work for this process, each with what to do."""
    if answer["token"] != token.read_text():
        yield (
            f"it does not see this state folder (its own is {answer['home'] or 'not named'}): mount the folder "
            f"under the same path there, and start the worker with CRISISFLOW_HOME={os.environ.get('CRISISFLOW_HOME')}"
        )
    if answer["edited"]:
        yield f"the code there was edited after it began: {RESTART}"
    own, other = fingerprint(), answer["fingerprint"]
    for kind, remedy in REMEDIES.items():
        if own[kind] != other[kind]:
            yield f"other {kind}{_details(other[kind], own[kind])}: {remedy}"


def _details(there: Any, here: Any) -> str:
    """What differs, named where there are names: " (numpy 2.3.1, here 2.4.6)"."""
    if not isinstance(there, Mapping):
        return f" ({str(there)[:40]}, here {str(here)[:40]})"
    names = sorted(name for name in {*there, *here} if there.get(name) != here.get(name))
    told = [f"{name} {_shown(there.get(name), here.get(name))}" for name in names[:SHOWN]]
    more = [f"and {len(names) - SHOWN} more"] if len(names) > SHOWN else []
    return f" ({', '.join(told + more)})"


def _shown(there: Any, here: Any) -> str:
    if isinstance(there, list) and isinstance(here, list):
        return f"{' '.join(sorted(set(there) ^ set(here)))} in one of them"
    return f"{there or 'missing'}, here {here or 'missing'}"
