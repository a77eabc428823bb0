"""Files that people drop on the page: scored one at a time, in a thread of their own, and kept for a while in memory.

A file lies on the disk, in a draft of the state folder, from its first byte until it is scored, and no longer.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from models.wording import counted
from tasks.scoring.rows import expected_rows
from tasks.service.limits import Limits, RefusedError
from tasks.service.scored_file import count_rows, score_file, source_limits
from tasks.service.served_model import ServedModel
from tasks.service.state import Service
from tasks.sources.columns import ColumnMap
from tasks.sources.errors import SourceError

logger = logging.getLogger(__name__)

MOST_WAITING = 4
MOST_KEPT = 8
MOST_KEPT_BYTES = 512 << 20
KEPT_SECONDS = 1800.0
PRUNE_SECONDS = 60.0


class ForgottenError(Exception):
    """The file is no longer wanted."""


@dataclass(eq=False)
class FileJob:
    """A file, whose it is, and how far it is."""

    owner: str
    path: Path
    columns: ColumnMap
    folder: ExitStack = field(repr=False)  # removes the file
    id: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    state: Literal["waiting", "scoring", "done", "failed"] = "waiting"
    rows: int = 0
    expected: int | None = None
    message: str = ""
    doubts: list[str] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)
    table: pa.Table | None = field(default=None, repr=False)
    model: tuple[str, str] = ("", "")
    forgotten: bool = False
    seen: float = 0.0

    def report(self, rows: int) -> None:
        """Note how many rows are done. Raises ForgottenError when they are no longer wanted."""
        self.rows = rows
        if self.forgotten:
            raise ForgottenError

    def score(self, model: ServedModel | None, limits: Limits) -> None:
        """Score the file, note what came of it, and remove it."""
        try:
            self.report(0)
            if model is None:
                raise SourceError("there is no champion yet: run `crisisflow retrain`, then ask again")
            self.state, self.model = "scoring", (model.model, model.version)
            self.expected = expected_rows(self.path, source_limits(limits.file_bytes))
            most = (limits.file_bytes, limits.file_rows)
            self.table, self.doubts = score_file(self.path, self.columns, model, most, self.report)
            self.counts, self.state = count_rows(self.table, model.classes), "done"
        except ForgottenError:
            self.table = None
        except ValueError as error:  # what the readers say of files that they cannot read
            self.state, self.message = "failed", str(error)
        except Exception as error:
            logger.error("a file could not be scored: %s", type(error).__name__)  # messages may quote a tweet
            self.state, self.message = "failed", f"the file could not be scored ({type(error).__name__})"
        finally:
            self.folder.close()

    def status(self, ahead: int) -> dict[str, Any]:
        """What is told of it while it is worked at, and then."""
        names = ("id", "state", "rows", "expected", "message", "doubts", "counts")
        about = {"name": self.path.name, "ahead": ahead, "model": self.model[0], "version": self.model[1]}
        return {name: getattr(self, name) for name in names} | about


class FileJobs:
    """The files of one service; belongs to one event loop."""

    def __init__(self, service: Service, clock: Callable[[], float] = time.monotonic) -> None:
        self._service, self._clock = service, clock
        self._jobs: dict[str, FileJob] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="files")
        self._timer: asyncio.TimerHandle | None = None

    def refuse_if_full(self) -> None:
        """Raise RefusedError when too many files are waiting already."""
        self._prune()
        if len(waiting := self._unfinished()) >= MOST_WAITING:
            waits = counted(len(waiting), "file")
            message = f"waiting already: {waits}, and no more may; try again when one of them is scored"
            raise RefusedError(503, "overloaded", message, value=len(waiting), limit=MOST_WAITING)

    def add(self, job: FileJob) -> FileJob:
        """Have this file scored after those before it."""
        self.refuse_if_full()
        job.seen = self._clock()
        self._jobs[job.id] = job
        self._make_room()
        loop = asyncio.get_running_loop()
        loop.run_in_executor(self._thread, lambda: job.score(self._service.model, self._service.limits))
        self._prune_later(loop)
        return job

    def _make_room(self) -> None:
        """Forget the oldest of the scored files, where they are too many or hold too much memory."""
        ended = [each for each in self._jobs.values() if each.state in ("done", "failed")]
        held = sum(each.table.nbytes for each in ended if each.table is not None)
        while len(ended) > MOST_KEPT or held > MOST_KEPT_BYTES:
            oldest = ended.pop(0)
            held -= oldest.table.nbytes if oldest.table is not None else 0
            self.forget(oldest)

    def find(self, name: str, owner: str) -> FileJob:
        """The file of this id. Raises RefusedError when there is none, no longer, or it is another's."""
        self._prune()
        job = self._jobs.get(name)
        if job is None or job.owner != owner:
            raise RefusedError(404, "no_file", "there is no such file, or no longer: send it again", field="id")
        job.seen = self._clock()
        return job

    def status(self, job: FileJob) -> dict[str, Any]:
        """How far it is."""
        waiting = self._unfinished()
        return job.status(waiting.index(job) if job in waiting else 0)

    def forget(self, job: FileJob) -> None:
        """Drop the file; where it is being scored, that ends with the rows in work."""
        job.forgotten = True
        self._jobs.pop(job.id, None)

    def close(self) -> None:
        """Drop all files, so that the thread ends soon."""
        for job in list(self._jobs.values()):
            self.forget(job)

    def _unfinished(self) -> list[FileJob]:
        return [each for each in self._jobs.values() if each.state in ("waiting", "scoring")]

    def _prune(self) -> None:
        for job in [each for each in self._jobs.values() if self._clock() - each.seen > KEPT_SECONDS]:
            self.forget(job)

    def _prune_later(self, loop: asyncio.AbstractEventLoop) -> None:
        """Delete files that were not asked for recently, for as long as there are any."""
        if self._timer is None and self._jobs:
            self._timer = loop.call_later(PRUNE_SECONDS, self._prune_on_time, loop)

    def _prune_on_time(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        self._prune()
        self._prune_later(loop)
