"""A file on its way in: written down piece by piece, within limits of size, time and number."""

import asyncio
import errno
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fastapi import Request
from starlette.requests import ClientDisconnect

from models.wording import counted
from tasks.runtime.atomic_files import draft_folder
from tasks.runtime.state_folder import UnusableStateFolder, check_free_space, state_home
from tasks.service.limits import Limits, RefusedError

FOLDER = "uploads"
PIECE_BYTES = 1 << 20
MOST_AT_ONCE, MOST_OF_ONE = 8, 2
SECONDS_BETWEEN = 30.0
LONGEST_NAME = 100


def safe_name(name: str) -> str:
    """A name for the file that is one step of a path and no pattern; its end says the format.

    >>> safe_name("../../etc/tweets 2.csv"), safe_name("a*?[b].XLSX"), safe_name("...")
    ('tweets_2.csv', 'a_b_.XLSX', 'file')
    """
    kept = re.sub(r"[^\w.-]+", "_", name.replace("\\", "/").rpartition("/")[2]).lstrip(".-")
    return kept[-LONGEST_NAME:] or "file"


class Uploads:
    """Counts what is on its way, so that slow clients do not keep others out."""

    def __init__(self) -> None:
        self._clients: Counter[str] = Counter()

    @contextmanager
    def place(self, client: str) -> Iterator[None]:
        """For the block, one of the uploads of this client. Raises RefusedError where there are too many."""
        if self._clients[client] >= MOST_OF_ONE or self._clients.total() >= MOST_AT_ONCE:
            files = counted(self._clients.total(), "file")
            message = f"on their way: {files}, of them yours {self._clients[client]}; try later"
            raise RefusedError(503, "overloaded", message, limit=MOST_OF_ONE)
        self._clients[client] += 1
        try:
            yield
        finally:
            self._clients[client] -= 1
            self._clients += Counter()  # drops those at zero


async def receive_file(request: Request, name: str, limits: Limits) -> tuple[Path, ExitStack]:
    """The file of the body under this name, and what removes it. Raises RefusedError, and leaves nothing then."""
    _check_announced(request, limits)
    with ExitStack() as stack:
        try:
            check_free_space(limits.file_bytes)
            path = stack.enter_context(draft_folder(state_home() / FOLDER)) / safe_name(name)
            async with asyncio.timeout(limits.seconds_to_send_file):
                await _write(request, path, limits)
        except TimeoutError:
            raise RefusedError(408, "too_slow", "the file did not arrive in time", field="body") from None
        except ClientDisconnect:
            raise RefusedError(400, "cut_off", "the connection ended before the file did", field="body") from None
        except UnusableStateFolder as error:
            raise RefusedError(507, "disk_full", str(error)) from None
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise RefusedError(507, "disk_full", "the disk of the state folder is full") from None
        return path, stack.pop_all()


async def _write(request: Request, path: Path, limits: Limits) -> None:
    """Write the body to the path; the event loop never waits for the disk."""
    waiting, size = bytearray(), 0
    parts = aiter(request.stream())
    with path.open("wb") as stream:
        while True:
            async with asyncio.timeout(min(SECONDS_BETWEEN, limits.seconds_to_send_file)):
                part = await anext(parts, None)
            if part is None:
                break
            size += len(part)
            if size > limits.file_bytes:
                raise _too_large(size, limits)
            waiting += part
            if len(waiting) >= PIECE_BYTES:
                await asyncio.to_thread(stream.write, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(stream.write, bytes(waiting))
    if not size:
        raise RefusedError(422, "empty", "the file is empty", field="body")


def _check_announced(request: Request, limits: Limits) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limits.file_bytes:
        raise _too_large(int(announced), limits)


def _too_large(found: int, limits: Limits) -> RefusedError:
    message = (
        f"the file has {found:,} bytes or more; at most {limits.file_bytes:,} are taken here: score it with "
        "`crisisflow score`"
    )
    return RefusedError(413, "file_too_large", message, field="body", value=found, limit=limits.file_bytes)
