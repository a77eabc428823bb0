"""The versions of MLflow's and Prefect's tables: those in a database, and those that the installed libraries know."""

import ast
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

Engine = Literal["sqlite", "postgresql"]
Verdict = Literal["none", "same", "older", "newer"]
NAMES = {"mlflow": "MLflow", "prefect": "Prefect"}


@dataclass(frozen=True)
class Version:
    """The version of the tables in a database against the newest that the library knows."""

    verdict: Verdict
    held: str
    newest: str


def judge(library: str, engine: Engine, held: set[str]) -> Version:
    """How the tables with these versions stand to the installed library."""
    known = revisions(migrations(library, engine))
    newest = set(known) - {before for each in known.values() for before in each}
    names = ", ".join(sorted(held)), ", ".join(sorted(newest))
    if held == newest:
        return Version("same", *names)
    if not held:
        return Version("none", *names)
    return Version("older" if held <= set(known) else "newer", *names)


@cache
def migrations(library: str, engine: Engine) -> Path:
    """The folder of a library's migrations, without importing it."""
    found = find_spec(library)
    if found is None or not found.submodule_search_locations:
        raise RuntimeError(f"{library} is not installed: run `make setup`")
    inside = {"mlflow": "store/db_migrations/versions", "prefect": f"server/database/_migrations/versions/{engine}"}
    return Path(found.submodule_search_locations[0]) / inside[library]


@cache
def revisions(folder: Path) -> dict[str, set[str]]:
    """The schema versions that a library knows, each with those that it follows on, from its migrations' text.

    Not by Alembic, which would import them, and with them the whole library.
    """
    found = {}
    for file in folder.glob("*.py"):
        values = {
            target.id: ast.literal_eval(node.value)
            for node in ast.parse(file.read_text(encoding="utf-8")).body
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, (ast.Constant, ast.Tuple))
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name) and target.id in ("revision", "down_revision")
        }
        if "revision" in values:
            before = values.get("down_revision") or ()
            found[values["revision"]] = {before} if isinstance(before, str) else set(before)
    return found
