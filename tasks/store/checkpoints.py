"""Checkpoints of a training on disk, so that a killed step goes on where it was.

`checkpoints/<action key>/<number>-<sha256>.npz`: the step's key says of which training they are, the digest in the name
whether the file is whole. The last two are kept, so that one that is torn or damaged costs no more than one interval.
"""

import logging
import shutil
import time
from datetime import datetime
from pathlib import Path

import numpy as np

from models.training.checkpoints import Checkpoint
from tasks.runtime import atomic_files, state_folder
from tasks.runtime.progress import say
from tasks.store.digests import file_sha256

logger = logging.getLogger(__name__)

SHARE_OF_TIME = 0.02  # what keeping checkpoints may cost
KEPT = 2
STALE_SECONDS = 30 * 24 * 3600.0


class Checkpoints:
    """The checkpoints of one execution of one step."""

    def __init__(self, action_key: str) -> None:
        self._folder = checkpoints_home() / action_key
        self._idle_until = 0.0

    def latest(self) -> Checkpoint | None:
        """The newest checkpoint that is whole, or None when there is none to go on from."""
        for path in self._newest_first():
            try:
                written = datetime.fromtimestamp(path.stat().st_mtime)
                checkpoint = _read(path)
            except FileNotFoundError:  # another process finished this very step just now
                continue
            if checkpoint is not None:
                say(f"  goes on from the checkpoint of {written:%Y-%m-%d %H:%M:%S}")
                return checkpoint
            logger.warning("%s is damaged: going on from the one before, if there is one", path)
        return None

    def save(self, checkpoint: Checkpoint) -> None:
        """Keep this checkpoint, unless the last one took so long that it would cost more than its share of time.

        A disk that is full is not a reason to stop training: it says so, and goes on without.
        """
        start = time.monotonic()
        if start < self._idle_until:
            return
        try:
            self._write(checkpoint)
        except OSError as error:
            logger.warning("no checkpoint could be kept in %s (%s): training goes on without", self._folder, error)
        end = time.monotonic()
        self._idle_until = end + (end - start) / SHARE_OF_TIME

    def _write(self, checkpoint: Checkpoint) -> None:
        before = self._newest_first()
        number = int(before[0].stem.partition("-")[0]) + 1 if before else 0
        with atomic_files.draft_file(self._folder) as draft:
            with draft.open("wb") as stream:
                np.savez(stream, allow_pickle=False, **checkpoint)
            atomic_files.put_in_place(draft, self._folder / f"{number:08}-{file_sha256(draft)}.npz")
        for path in self._newest_first()[KEPT:]:
            path.unlink(missing_ok=True)

    def _newest_first(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.npz"), reverse=True)


def _read(path: Path) -> Checkpoint | None:
    """The arrays of a file, or None unless it holds the bytes that its name says."""
    if file_sha256(path) != path.stem.partition("-")[2]:
        return None
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def checkpoints_home() -> Path:
    """The folder of all checkpoints."""
    return state_folder.state_home() / "checkpoints"


def forget(action_key: str) -> None:
    """Delete the checkpoints of a step that is done."""
    shutil.rmtree(checkpoints_home() / action_key, ignore_errors=True)


def remove_stale() -> None:
    """Delete the checkpoints that were not resumed for a month: their settings or code are out of date."""
    for folder in checkpoints_home().glob("*"):
        if time.time() - folder.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
