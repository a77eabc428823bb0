"""The history of champions: which version became champion when and why, and the way back.

Each change is a tag of the registered model, which outlives the versions. The alias is set first and alone says who
is champion: if a process dies between the two, the history lacks one entry and nothing else is wrong.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

from tasks.database import exclusive
from tasks.packaging.mlflow_model import load_model
from tasks.registry.versions import CHAMPION, HIDDEN, MODEL_NAME, champion, our_versions, tag_version, uri_of
from tasks.runtime.processes import user_and_machine
from tasks.runtime.redaction import mask_secrets
from tasks.tracking import client, nothing_recorded

PREFIX = "accession."  # stored in registries: keeps its name
MAX_WHY_CHARACTERS = 4_000  # its column holds 5,000 with the rest, which PostgreSQL enforces
ROLLED_BACK = "rolled_back"  # the tag of a version that was taken out of use


@dataclass(frozen=True)
class ChampionChange:
    """A version that became champion: by promotion, or by a rollback of another."""

    version: str
    model: str
    replaced: str
    kind: Literal["promotion", "rollback"]
    time: str
    who: str
    why: str


def history() -> list[ChampionChange]:
    """Every change of champion, the oldest first."""
    if nothing_recorded():
        return []
    from mlflow.exceptions import MlflowException

    try:
        tags = client().get_registered_model(MODEL_NAME).tags
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return []
    changes = {name.removeprefix(HIDDEN): value for name, value in tags.items()}
    return [ChampionChange(**json.loads(changes[name])) for name in sorted(changes) if name.startswith(PREFIX)]


def set_champion(
    version: str, model: str, replaced: str, kind: Literal["promotion", "rollback"], why: str
) -> ChampionChange:
    """Make this version champion, and write down who did it and why. Call it inside the registry's lock."""
    client().set_registered_model_alias(MODEL_NAME, CHAMPION, version)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    made = ChampionChange(
        version, model, replaced, kind, when, user_and_machine(), mask_secrets(why)[:MAX_WHY_CHARACTERS]
    )
    name = f"{HIDDEN}{PREFIX}{len(history()) + 1:06}"
    client().set_registered_model_tag(MODEL_NAME, name, json.dumps(asdict(made)))
    return made


def champion_lineage(changes: Sequence[ChampionChange], current: str) -> list[str]:
    """The champions that lead up to the current one, which is the last; a rollback takes off what it undid.

    >>> first = ChampionChange("1", "lstm", "", "promotion", "", "", "")
    >>> second = ChampionChange("2", "gru", "1", "promotion", "", "", "")
    >>> third = ChampionChange("1", "lstm", "2", "rollback", "", "", "")
    >>> champion_lineage([first, second], "2"), champion_lineage([first, second, third], "1")
    (['1', '2'], ['1'])
    """
    line: list[str] = []
    for each in changes:
        if each.replaced and line[-1:] != [each.replaced]:  # became champion before this was written down, or by hand
            line.append(each.replaced)
        if each.kind == "rollback" and each.version in line:
            line = line[: len(line) - line[::-1].index(each.version)]
        else:
            line.append(each.version)
    return line if not current or line[-1:] == [current] else [*line, current]


def rollback(to: str | None = None, why: str = "") -> ChampionChange:
    """Put the champion before this one in use again, or the version named; the one in use now is marked as rolled back.

    A version so marked is never promoted again by itself. Raises ValueError when there is nothing to go back to, and
    when the model of that version cannot be loaded.
    """
    with exclusive("registry") as lock:
        current = champion()
        replaced = str(current.version) if current else ""
        version = to or _before(replaced)
        found = our_versions().get(version)
        if found is None:
            known = ", ".join(our_versions()) or "none"
            raise ValueError(f"there is no version {version} of {MODEL_NAME}; there are: {known}")
        if version == replaced:
            raise ValueError(f"version {version} is the champion already")
        load_model(uri_of(version))  # what cannot be loaded is not put in use
        lock.check()
        made = set_champion(version, found.tags.get("model", "unknown"), replaced, "rollback", why)
        if ROLLED_BACK in found.tags:
            client().delete_model_version_tag(MODEL_NAME, version, ROLLED_BACK)
        if replaced:
            tag_version(replaced, {ROLLED_BACK: f"{made.time} by {made.who}{f': {made.why}' if why else ''}"})
        return made


def _before(current: str) -> str:
    """The last champion before the current one that was not deleted."""
    there = our_versions()
    line = [each for each in champion_lineage(history(), current) if each in there and each != current]
    if not line:
        now = f"before version {current}" if current else "yet"
        raise ValueError(f"there was no champion {now} to go back to: `crisisflow rollback --to VERSION` names any")
    return line[-1]
