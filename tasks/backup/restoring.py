"""Unpack a backup into an empty state folder, and compare every byte with what was saved."""

import hashlib
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from models.wording import counted
from tasks.backup import archive
from tasks.backup.archive import PIECE_BYTES, Digests, NoBackup, Reader
from tasks.runtime.progress import progress
from tasks.runtime.state_folder import check_free_space, check_state_home, locked, state_home
from tasks.store import layout
from tasks.tracking import artifacts
from tasks.tracking.adoption import adopt_running

MEGABYTE = 1_000_000
OWN = {"locks", layout.MARK, "lost+found"}  # what is in a folder that no command has used
SHOWN = 5


def restore(backup: Path) -> dict[str, Any]:
    """Unpack this backup into the state folder, which must be empty; return what `--json` prints.

    Raises NoBackup for a file that is missing, is none, is cut off, or of a newer version; ValueError for a folder that
    is in use; RuntimeError where bytes are not those that were saved. Nothing is left in the folder then.
    """
    check_state_home()
    backup = backup.absolute()
    if not backup.is_file():
        raise NoBackup(f"there is no file {backup}: name one that `crisisflow backup` wrote")
    with archive.opened(backup) as reader, locked("layout"):
        _check_head(reader, backup)
        _check_empty(state_home())
        check_free_space(int(reader.head["bytes"]))
        layout.write_mark(state_home(), {"layout": layout.LAYOUT, layout.RESTORING: str(backup)})
        try:
            written = _unpack(reader, state_home())
            _compare(written, reader.digests or {}, backup)
        except BaseException:
            _empty(state_home())
            raise
        _finish(reader.head, backup)
    layout.bring_up_to_date()
    return {"backup": str(backup), "state_folder": str(state_home()), "made": reader.head["made"]} | {
        "file_count": len(written),
        "bytes": int(reader.head["bytes"]),
    }


def _check_head(reader: Reader, backup: Path) -> None:
    if reader.head["layout"] > layout.LAYOUT:
        raise NoBackup(
            f"{backup} holds a state folder of layout {reader.head['layout']}, which a newer crisisflow wrote; this "
            f"one knows layouts up to {layout.LAYOUT}: update it with `git pull` and `make setup`"
        )


def _check_empty(home: Path) -> None:
    """Raise ValueError for a folder that holds anything, but for what a restoring that was cut short left there."""
    if layout.half_restored(home):
        _empty(home)
    if inside := sorted(set(os.listdir(home)) - OWN):
        raise ValueError(
            f"the state folder {home} holds {inside[0]}: a backup is restored over nothing, name a new folder with "
            "CRISISFLOW_HOME"
        )


def _empty(home: Path) -> None:
    """Remove what was unpacked, and last the mark that says so."""
    for path in home.iterdir():
        if path.name in OWN:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    (home / layout.MARK).unlink(missing_ok=True)


def _unpack(reader: Reader, home: Path) -> Digests:
    """Write every file; return their SHA-256."""
    written = {}
    done = 0
    with progress("restore", reader.head["bytes"] / MEGABYTE, "MB") as report:
        for name, modified, file in reader.files():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            written[str(name)], count = _write(file, path)
            os.utime(path, (modified, modified))
            done += count
            report(done / MEGABYTE)
    os.sync()
    return written


def _write(file: IO[bytes], path: Path) -> tuple[str, int]:
    """The SHA-256 of the bytes, and how many they are."""
    digest, count = hashlib.sha256(), 0
    with path.open("xb") as stream:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            count += stream.write(piece)
    return digest.hexdigest(), count


def _compare(written: Digests, saved: Digests, backup: Path) -> None:
    wrong = [name for name in sorted({*written, *saved}) if written.get(name) != saved.get(name)]
    if wrong:
        named = ", ".join(wrong[:SHOWN]) + (", ..." if len(wrong) > SHOWN else "")
        raise RuntimeError(
            f"{len(wrong)} of {counted(len(saved), 'file')} in {backup} are not what was saved ({named}): "
            "nothing is restored. "
            f"Take another backup, or look at the rest with `tar -xf {backup.name}`"
        )


def _finish(head: dict[str, Any], backup: Path) -> None:
    """Give what seemed to run to this process, and say in the folder's mark where it came from."""
    database = artifacts.database_in(state_home())
    if database.exists():
        adopt_running(database)
    about = {"from": str(backup), "made": head["made"], "at": datetime.now(UTC).isoformat(timespec="seconds")}
    layout.write_mark(state_home(), {**(head["mark"] or {"layout": head["layout"]}), "restored": about})
