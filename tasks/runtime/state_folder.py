"""The folder that holds all state, whether it can be used, and locks between processes."""

import fcntl
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOME = "CRISISFLOW_HOME"
LEAST_FREE_BYTES = 64 << 20  # with less, a database could be torn in the middle of a command
INSIDE = "state:"
REMEDY = f"name another folder with {HOME}"


class UnusableStateFolder(ValueError):
    """The state folder cannot hold state: its name, what lies there, or the disk forbids it."""


def state_home() -> Path:
    """The folder that holds all state: CRISISFLOW_HOME, or data/state beside the code. Made when absent, mode 0700."""
    home = Path(os.environ.get(HOME) or Path(__file__).parents[2] / "data" / "state").expanduser().resolve()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return home


def portable(path: Path) -> str:
    """The path as it is written down: `state:PATH` inside the state folder, which may be moved, else from the root."""
    home, path = state_home(), path.resolve()
    return f"{INSIDE}{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)


def unportable(written: str) -> str:
    """The path that `portable` wrote down, where it is now; any other text stays as it is."""
    return str(state_home() / written.removeprefix(INSIDE)) if written.startswith(INSIDE) else written


def check_state_home() -> Path:
    """The state folder, made when absent, once it is known that files can be written there.

    Raises UnusableStateFolder, in one sentence that names the folder and what to do.
    """
    named = Path(os.environ.get(HOME) or Path(__file__).parents[2] / "data" / "state")
    _check_name(str(named))
    try:
        if named.expanduser().is_symlink() and not named.expanduser().exists():
            raise UnusableStateFolder(
                f"the state folder {named} is a link to {named.expanduser().readlink()}, which is not there: mount or "
                f"make it, or {REMEDY}"
            )
        home = state_home()
        with tempfile.TemporaryFile(dir=home):
            return home
    except (OSError, RuntimeError) as error:  # RuntimeError: a circle of links, or ~ of a user who does not exist
        raise UnusableStateFolder(
            f"the state folder {named} cannot be used: {_reason(error, named)}; {REMEDY}"
        ) from None


def check_free_space(bytes_needed: int = 0) -> None:
    """Raise UnusableStateFolder when the state folder's disk has less free than this and a margin."""
    home = state_home()
    free = shutil.disk_usage(home).free
    if free < bytes_needed + LEAST_FREE_BYTES:
        needed = f"{(bytes_needed + LEAST_FREE_BYTES) / (1 << 20):,.0f}"
        raise UnusableStateFolder(
            f"the disk of the state folder {home} is full: {free / (1 << 20):,.0f} MiB are free, {needed} are needed; "
            f"free some with `crisisflow cache prune --older-than 30d`, or {REMEDY}"
        )


def _check_name(name: str) -> None:
    """Raise UnusableStateFolder for a name with what is lost in addresses of databases and files, or in messages.

    MLflow decodes %41 in a path again and again.
    """
    if odd := sorted({each for each in name if each in "?%" or unicodedata.category(each) in ("Cc", "Cs")}):
        shown = ", ".join(map(ascii, odd))
        raise UnusableStateFolder(
            f"the state folder's name {name!a} holds {shown}, which addresses of files cannot: {REMEDY}"
        )


def _reason(error: OSError | RuntimeError, named: Path) -> str:
    if isinstance(error, RuntimeError):
        return str(error)
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        file = next(each for each in (named.absolute(), *named.absolute().parents) if each.exists())
        return f"{file} is a file, not a folder"
    return (error.strerror or str(error)).lower()


@contextmanager
def locked(name: str) -> Iterator[None]:
    """For the block, the only process of this machine inside a block of this name. A dead process holds no lock."""
    path = state_home() / "locks" / name
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
