"""Where the files of runs and models lie that a database names: one folder for all who share it, on a common disk.

The database holds addresses relative to that folder, its path as the first machine saw it, and an id that a file in the
folder holds too: machines may mount it at different places, and none takes another folder for it.
"""

import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path

from tasks.database.address import Address
from tasks.database.connection import UnusableDatabase
from tasks.runtime.atomic_files import write_atomically
from tasks.runtime.processes import user_and_machine
from tasks.runtime.state_folder import state_home

VARIABLE = "CRISISFLOW_ARTIFACTS"
FILE = "crisisflow-artifacts.json"
PATH, ID, NAMED_BY = "artifacts", "artifacts_id", "artifacts_named_by"  # facts in the database


def choose(address: Address) -> dict[str, str]:
    """The folder for a new database, made and marked, as facts: CRISISFLOW_ARTIFACTS, or that of this state folder."""
    folder = _named() or _own()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        known = _id(folder)
        if known is not None:
            raise UnusableDatabase(
                f"{folder} holds the artifacts of another database: name another folder with {VARIABLE}, or remove "
                f"{folder / FILE} if that database is gone"
            )
        number = uuid.uuid4().hex
        write_atomically(folder / FILE, json.dumps({"id": number, "database": str(address)}, indent=1))
    except OSError as error:
        raise UnusableDatabase(f"the folder of artifacts {folder} cannot be used ({error}): {_remedy()}") from None
    return {PATH: str(folder), ID: number, NAMED_BY: user_and_machine()}


def find(facts: Mapping[str, str], address: Address) -> Path:
    """The folder as this machine sees it. Raises UnusableDatabase where it is not to be seen."""
    named = _named()
    if _id(named or Path(facts[PATH])) == facts[ID]:
        return named or Path(facts[PATH])
    if not named and _id(_own()) == facts[ID]:  # the state folder was moved
        return _own()
    said = f"the artifacts of {address} lie in {facts[PATH]}, as {facts[NAMED_BY]} named it"
    where = f"{VARIABLE} names {named}, which is not that folder" if named else "this machine does not see that folder"
    raise UnusableDatabase(f"{said}, and {where}: {_remedy()}")


def _remedy() -> str:
    return f"mount the folder that the team shares, with the right to write, and set {VARIABLE} to its path here"


def _named() -> Path | None:
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser().resolve() if named else None


def _own() -> Path:
    return state_home() / "mlflow" / "artifacts"


def _id(folder: Path) -> str | None:
    """The id in the folder's mark; None where there is none, or it cannot be read."""
    try:
        return str(json.loads((folder / FILE).read_text(encoding="utf-8"))["id"])
    except (OSError, ValueError, KeyError):
        return None
