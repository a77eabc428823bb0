"""Save the state folder into one file, also while runs go on."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import IO, Any

from tasks import database
from tasks.backup.archive import Writer
from tasks.backup.contents import Contents, Item, contents_of
from tasks.runtime.atomic_files import draft_file, draft_folder, sync
from tasks.runtime.progress import progress
from tasks.runtime.state_folder import state_home
from tasks.store import artifact_store, layout

MEGABYTE = 1_000_000
WAIT_SECONDS = 60.0  # for a process that writes to a database
ROOM = 1.05  # of the bytes to save: the form of the file, and what is written meanwhile


def back_up(target: Path) -> dict[str, Any]:
    """Write a backup of the state folder to this file; return what `--json` prints.

    A team's database is not in it: `elsewhere` says what is to be saved besides. Raises ValueError for a file that is
    there already, lies in the state folder, or does not fit on its disk, and RuntimeError for an artifact that is
    deleted meanwhile. Nothing is left of a file that could not be finished.
    """
    home, target = state_home(), target.absolute()
    _check_target(target, home)
    contents = contents_of(home)
    total = sum(each.size for each in contents.items)
    _check_room(target, total)
    with draft_file(target.parent) as draft, draft_folder(target.parent) as folder:
        try:
            with draft.open("wb") as stream:
                digests, damaged = _write(stream, contents, total, folder)
        except OSError as error:
            error.filename = error.filename or str(draft)  # for the message that says which disk is full
            raise
        sync(draft)
        _name(draft, target)
    return {
        "backup": str(target),
        "bytes": target.stat().st_size,
        "file_count": len(digests),
        "came_damaged": damaged,
        "left_out": list(contents.irregular),
        "elsewhere": list(_elsewhere(home)),
    }


def _elsewhere(home: Path) -> Iterator[str]:
    """What a team keeps outside of the state folder, and how it is saved, in words."""
    team = database.in_force()
    if team is None:
        return
    command = f"pg_dump --format=custom --file=FILE '{team.written()}'"
    yield f"runs, models and schedules are in {team}: save them with `{command}`, at the same time"
    folder = database.artifacts_of(team.tracking_uri())
    if folder is not None and not folder.is_relative_to(home):
        yield f"the artifacts of all runs are in {folder}: copy that folder, after the database"


def _check_target(target: Path, home: Path) -> None:
    if os.path.lexists(target):
        raise ValueError(f"{target} is there already: a backup takes the place of nothing, give another name")
    if target.resolve().is_relative_to(home):
        raise ValueError(f"{target} lies in the state folder that it would be a backup of: write it elsewhere")


def _check_room(target: Path, total: int) -> None:
    folder = next(each for each in target.parents if each.exists())
    free = shutil.disk_usage(folder).free
    if free < total * ROOM:
        raise ValueError(
            f"the backup needs {total * ROOM / MEGABYTE:,.0f} MB, and the disk that holds {folder} has "
            f"{free / MEGABYTE:,.0f} MB free: write it elsewhere"
        )


def _write(stream: IO[bytes], contents: Contents, total: int, folder: Path) -> tuple[dict[str, str], list[str]]:
    """Write everything; return the digests, and what came damaged: databases, and artifacts that are not as sealed.

    `folder` is for copies of the databases.
    """
    head = {"layout": layout.LAYOUT, "made": datetime.now(UTC).isoformat(timespec="seconds"), "bytes": total}
    head |= {"crisisflow": metadata.version("crisisflow"), "mark": layout.read_mark(state_home())}
    writer = Writer(stream, head)
    damaged = []
    with progress("back up", total / MEGABYTE, "MB") as report:
        tell = _adding(report)
        for item in contents.records:
            _add(writer, item, item.path, tell)
        for item in contents.databases:
            copy = _copied_database(item.path, folder)
            if copy is None:
                damaged.append(item.name)
            _add(writer, item, copy or item.path, tell)
        for item in contents_of(state_home()).artifacts:  # those of runs that were recorded just now, too
            _add(writer, item, item.path, tell)
    writer.close()
    return writer.digests, damaged + _damaged_artifacts(writer.digests)


def _add(writer: Writer, item: Item, path: Path, tell: Callable[[int], None]) -> None:
    """Add a file; one that is gone meanwhile, such as the checkpoint of a step that is done, is left out.

    Raises RuntimeError where that is part of an artifact.
    """
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            writer.add(item.name, file, facts.st_size, facts.st_mtime, tell)
    except FileNotFoundError:
        if item.name.startswith("store/"):
            raise RuntimeError(f"{item.path} was deleted while the backup was made: make it again") from None
    except EOFError:
        raise RuntimeError(f"{item.path} became shorter while the backup was made: make it again") from None


def _adding(report: Callable[[float], None]) -> Callable[[int], None]:
    """A function that reports the sum of the bytes it is told."""
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        done += count
        report(done / MEGABYTE)

    return tell


def _copied_database(path: Path, folder: Path) -> Path | None:
    """A copy by SQLite itself, of one moment although others write; None of a database that is damaged."""
    copy = folder / "copy.db"
    copy.unlink(missing_ok=True)
    try:
        opened = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=WAIT_SECONDS)
        with closing(opened) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            sound = target.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except sqlite3.OperationalError:  # it is locked, or cannot be opened: its bytes may be sound
        raise
    except sqlite3.DatabaseError:
        return None
    return copy if sound else None


def _damaged_artifacts(digests: dict[str, str]) -> list[str]:
    """The artifacts of which a file that was saved is not the one that was sealed."""
    found = set()
    for name in digests:
        folder, _, file = name.rpartition("/")
        manifest = state_home() / name
        if file == artifact_store.MANIFEST and folder.startswith("store/") and manifest.exists():
            sealed = json.loads(manifest.read_text())["files"]
            if any(digests.get(f"{folder}/{each}") != entry["sha256"] for each, entry in sealed.items()):
                found.add(folder.removeprefix("store/"))
    return sorted(found)


def _name(draft: Path, target: Path) -> None:
    """Give the finished file its name, in the place of nothing: another process may have taken it meanwhile."""
    try:
        os.link(draft, target)
    except FileExistsError:
        raise ValueError(f"{target} has come to be while the backup was made: give another name") from None
    except OSError:  # a disk without hard links
        _check_target(target, state_home())
        draft.rename(target)
    sync(target.parent)
