"""Files that are whole or absent: written under another name, synced, renamed; drafts of dead processes are removed."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.runtime.processes import left_behind, of_another_machine, process_mark
from tasks.runtime.state_folder import state_home

DRAFT = ".draft-"
OTHERS_SECONDS = 7 * 24 * 3600.0  # a draft of a machine that is gone; none that lives is silent for so long


def draft_prefix() -> str:
    """How the name of everything unfinished begins: it says which process is at it."""
    return f"{DRAFT}{process_mark()}-"


def remove_leftovers() -> int:
    """Delete what processes that are gone left unfinished; return how much it was. Nothing that a live one uses."""
    home = state_home()
    return sum(remove_dead_drafts(folder) for folder in (home, *home.glob("*/"), *home.glob("*/*/")))


def remove_dead_drafts(folder: Path) -> int:
    """The same for one folder, anywhere. What processes of other machines write is left alone for a week."""
    left = [path for path in folder.glob(f"{DRAFT}*") if _is_dead(path)]
    for path in left:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(left)


def _is_dead(draft: Path) -> bool:
    mark = draft.name.removeprefix(DRAFT).rpartition("-")[0]
    if not of_another_machine(mark):
        return left_behind(mark)
    try:
        return time.time() - draft.stat().st_mtime > OTHERS_SECONDS
    except FileNotFoundError:  # it was finished just now
        return False


def sync(path: Path) -> None:
    """Have the disk keep what was written to this file or folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old or the new one, never half."""
    with draft_file(path.parent) as draft:
        draft.write_text(text, encoding="utf-8")
        put_in_place(draft, path)


@contextmanager
def draft_file(folder: Path) -> Iterator[Path]:
    """An empty file to write and to put in place; what is still there at the end of the block is dropped."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=draft_prefix())
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def draft_folder(parent: Path) -> Iterator[Path]:
    """A folder to write in and to put in place; what is still there at the end of the block is dropped."""
    parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=draft_prefix(), dir=parent))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def put_in_place(draft: Path, path: Path) -> None:
    """Sync a draft and give it its name, in place of the file that has it now."""
    sync(draft)
    draft.replace(path)
    sync(path.parent)
