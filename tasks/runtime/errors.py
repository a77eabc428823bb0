"""What went wrong, in words that say what to do: full disks, exhausted memory and lost servers hide deep in a chain."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from tasks.runtime.redaction import mask_secrets
from tasks.runtime.state_folder import state_home

GOES_ON = "Finished steps and checkpoints are kept: the same command goes on from there."
# What somebody named, or gave, that cannot be used; all else is a fault of the machine or of this code.
BAD_INPUT = (ValueError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_TEXTS = ("No space left on device", "database or disk is full")
LOST_CODES = ("08", "57P", "53300")  # no connection, server shut down, too many connections
MEMORY_TYPES = ("MemoryError", "ResourceExhaustedError")  # Python's and Arrow's, TensorFlow's


class ClusterLostError(RuntimeError):
    """The scheduler of a cluster, or its last worker, is gone."""


def in_words(error: BaseException) -> str | None:
    """One paragraph for a failure of the machine; None for any other error, which speaks for itself."""
    if full := [cause for cause in causes(error) if _is_full_disk(cause)]:
        return _full_disk(full)
    if any(_is_out_of_memory(cause) for cause in causes(error)):
        return "out of memory: end other programs, or use a recipe with a smaller vocabulary, batch or network"
    if tracking_lost(error):
        return _lost()
    if lost := [cause for cause in causes(error) if isinstance(cause, ClusterLostError)]:
        return str(lost[0])
    return None


def _lost() -> str:
    if address := os.environ.get("MLFLOW_TRACKING_URI"):
        return f"the tracking server at {mask_secrets(address)} does not answer: start it, or unset MLFLOW_TRACKING_URI"
    return "the team's database does not answer: start its server; `crisisflow doctor` says which one it is"


def _full_disk(errors: list[BaseException]) -> str:
    """Which disk is full: that of the state folder, unless a file elsewhere was being written."""
    home = state_home()
    files = [Path(each.filename) for each in errors if isinstance(each, OSError) and isinstance(each.filename, str)]
    elsewhere = [file for file in files if not file.absolute().is_relative_to(home)]
    if elsewhere:
        folder = next(parent for parent in elsewhere[0].absolute().parents if parent.exists())  # drafts are gone
        return f"the disk that holds {folder} is full: free some space, or write elsewhere"
    return f"the disk that holds {home} is full: free some space, or name another folder with CRISISFLOW_HOME"


def tracking_lost(error: BaseException) -> bool:
    """Whether this came of a tracking server, or a team's database, that is away."""
    return any(_is_lost_server(cause) or _is_lost_database(cause) for cause in causes(error))


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from or while, and so on."""
    following: BaseException | None = error
    while following is not None:
        yield following
        following = following.__cause__ or following.__context__


def _is_full_disk(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    return any(text in str(error) for text in FULL_TEXTS)


def _is_out_of_memory(error: BaseException) -> bool:
    no_room_for_process = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return no_room_for_process or any(kind.__name__ in MEMORY_TYPES for kind in type(error).__mro__)


def _is_lost_server(error: BaseException) -> bool:
    kind = type(error)
    return kind.__module__.startswith("requests.") and kind.__name__ in ("ConnectionError", "RetryError", "ReadTimeout")


def _is_lost_database(error: BaseException) -> bool:
    """Whether PostgreSQL's driver lost its connection, or got none. It names no code then, or one of these classes."""
    kinds = {kind.__name__ for kind in type(error).__mro__ if kind.__module__.startswith("psycopg2")}
    code = getattr(error, "pgcode", None) or ""
    return bool(kinds & {"OperationalError", "InterfaceError"}) and (not code or code.startswith(LOST_CODES))
