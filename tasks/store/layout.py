"""The layout of the state folder, by number, and how one that an older crisisflow wrote is brought up to date.

`state.json` holds the number. A folder without it is of layout 1, whose MLflow database held absolute addresses of
artifacts (`tasks.store.relative_locations` makes them relative), or empty.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks.runtime.atomic_files import write_atomically
from tasks.runtime.progress import say
from tasks.runtime.state_folder import locked, state_home
from tasks.store import relative_locations

LAYOUT = 2
MARK = "state.json"
RESTORING = "restoring"  # key: the backup that is being unpacked here
# Any of these, and no mark: an older crisisflow was here.
USED = ("mlflow", "prefect", "store", "actions", "checkpoints", "watched", "outputs")


def bring_up_to_date() -> None:
    """Make the state folder's layout the present one; a new folder gets its `state.json`.

    Raises ValueError for a folder of a newer layout, one whose restoring was cut short, and one that a process uses
    while its layout would have to be changed.
    """
    home = state_home()
    if read_mark(home).get("layout") == LAYOUT:
        return
    with locked("layout"):
        mark = read_mark(home)
        if "layout" not in mark:
            number = layout_of(home)
            mark = {"layout": number, **({"made": _now()} if number == LAYOUT else {})}
        while mark["layout"] < LAYOUT:
            mark = _upgrade(home, mark)
        write_mark(home, mark)


def layout_of(home: Path) -> int:
    """The number of this folder's layout; that of an empty folder is the present one."""
    if number := read_mark(home).get("layout"):
        return int(number)
    return 1 if any((home / name).exists() for name in USED) else LAYOUT


def read_mark(home: Path) -> dict[str, Any]:
    """What `state.json` says; empty where there is none.

    Raises ValueError when it cannot be read, names a newer layout, or says that the folder is half restored.
    """
    try:
        mark = dict(json.loads((home / MARK).read_text(encoding="utf-8")))
        number = int(mark["layout"])
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f'{home / MARK} is damaged: write {{"layout": {LAYOUT}}} into it, or restore a backup'
        ) from None
    if RESTORING in mark:
        raise ValueError(f"the state folder {home} is half restored: run `crisisflow restore {mark[RESTORING]}` again")
    if number > LAYOUT:
        raise ValueError(
            f"the state folder {home} has layout {number}, which a newer crisisflow wrote; this one knows layouts up "
            f"to {LAYOUT}: update it with `git pull` and `make setup`, or name another folder with CRISISFLOW_HOME"
        )
    return mark


def half_restored(home: Path) -> bool:
    """Whether a backup was being unpacked here when that was cut short."""
    try:
        return RESTORING in json.loads((home / MARK).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False


def former_homes() -> list[Path]:
    """Where the state folder was when its layout was brought up to date: older records name paths there."""
    roots = [each for done in read_mark(state_home()).get("upgrades", ()) for each in done.get("artifacts_were_in", ())]
    return [state_home(), *(Path(root).parents[1] for root in roots)]


def write_mark(home: Path, mark: dict[str, Any]) -> None:
    """Write `state.json`."""
    write_atomically(home / MARK, json.dumps(mark, indent=1))


def _upgrade(home: Path, mark: dict[str, Any]) -> dict[str, Any]:
    """Bring the folder from one layout to the next; return the mark that says so, with what was changed."""
    upgrades = {1: relative_locations.make_relative}
    changed = upgrades[mark["layout"]](home)
    done = {"from": mark["layout"], "at": _now(), **changed}
    say(f"  the state folder {home} is brought from layout {mark['layout']} to {mark['layout'] + 1}")
    return {**mark, "layout": mark["layout"] + 1, "upgrades": [*mark.get("upgrades", ()), done]}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
