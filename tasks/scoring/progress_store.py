"""What was scored so far, kept in finished parts, so that a run that was cut short goes on after the last of them.

`checkpoints/<key>/<number>-<sha256>.parquet` under the state folder, a row for every row read. The key holds the digest
of the source, the model, the settings of reading, the code and the kind of processor: where one is another, scoring
starts afresh. The digest in a name says whether that part is whole.
"""

import fcntl
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.wording import counted
from tasks import caching
from tasks.caching.keys import code_parts
from tasks.runtime import atomic_files, state_folder
from tasks.runtime.progress import say
from tasks.scoring.rows import CHUNK_ROWS
from tasks.store import checkpoints
from tasks.store.digests import combine, file_sha256

logger = logging.getLogger(__name__)

PART_CHUNKS = 8  # some four seconds of work: what a kill costs at most
PART_ROWS = PART_CHUNKS * CHUNK_ROWS
OWN_CODE = ("tasks.scoring", "tasks.sources")


def scoring_key(snapshot: Path, model: str, settings: dict[str, Any]) -> str:
    """What names the work: the bytes of the source, the model, how the source is read, and the code that does it."""
    files = {name: caching.module_file(name) for name in OWN_CODE}
    code = code_parts({name: file for name, file in files.items() if file is not None}, hardware=True)
    return "score-" + combine({"source": snapshot.name, "model": model, "settings": settings, **code})


class ProgressStore:
    """The finished parts under one key. Only the last may have fewer than PART_ROWS rows."""

    def __init__(self, key: str) -> None:
        self.folder = checkpoints.checkpoints_home() / key
        self._parts = list(_intact(sorted(self.folder.glob("[0-9]*.parquet"))))
        self.rows = sum(pq.read_metadata(part).num_rows for part in self._parts)

    @property
    def parts(self) -> int:
        """How many parts are finished."""
        return len(self._parts)

    def __iter__(self) -> Iterator[pa.Table]:
        """Every part, in order."""
        return (pq.read_table(part) for part in self._parts)

    def extend(self, chunks: Iterable[pa.Table]) -> Iterator[int]:
        """Keep these answers, which follow those that are there; how many rows were scored, after every chunk."""
        waiting, scored = [], self.rows
        for chunk in chunks:
            waiting.append(chunk)
            scored += len(chunk)
            if len(waiting) == PART_CHUNKS:
                self._keep(pa.concat_tables(waiting))
                waiting = []
            yield scored
        if waiting:
            self._keep(pa.concat_tables(waiting))

    def adopt(self, part: Path) -> None:
        """Take up the next part, which a worker has put into the folder."""
        self._parts.append(part)
        self.rows += pq.read_metadata(part).num_rows

    def _keep(self, part: pa.Table) -> None:
        self._parts.append(keep_part(self.folder, self.parts, part))
        self.rows += len(part)


def keep_part(folder: Path, number: int, part: pa.Table) -> Path:
    """The file of a part that is finished."""
    with atomic_files.draft_file(folder) as draft:
        pq.write_table(part, draft, compression="zstd")
        path = folder / f"{number:06}-{file_sha256(draft)}.parquet"
        atomic_files.put_in_place(draft, path)
    return path


def _intact(paths: list[Path]) -> Iterator[Path]:
    """The parts that can be gone on from: whole, full, and none before them missing; the others are deleted."""
    sound = True
    for number, path in enumerate(paths):
        place, _, digest = path.stem.partition("-")
        sound = sound and int(place) == number and file_sha256(path) == digest
        sound = sound and pq.read_metadata(path).num_rows == PART_ROWS
        if sound:
            yield path
        else:
            path.unlink()


@contextmanager
def open_progress(key: str) -> Iterator[ProgressStore]:
    """The progress of this key, for this process alone; deleted when the block ends well, else kept to go on from."""
    with _alone(key):
        stored = ProgressStore(key)
        if stored.rows:
            say(f"  goes on after {counted(stored.rows, 'row')} that were scored before")
        yield stored
        checkpoints.forget(key)


@contextmanager
def _alone(key: str) -> Iterator[None]:
    """For the block, the only process that does this work; another one waits, and says so."""
    path = state_folder.state_home() / "locks" / key
    path.parent.mkdir(exist_ok=True)
    while True:
        with path.open("w") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("  another process scores this source with this model: waiting for it")
                fcntl.flock(stream, fcntl.LOCK_EX)
            if path.exists() and os.path.samestat(path.stat(), os.fstat(stream.fileno())):
                yield
                path.unlink()
                return
