"""The folder that holds all state, and locks between processes."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def state_home() -> Path:
    """The folder that holds all state: CRISISFLOW_HOME, or data/state beside the code. Made when absent, mode 0700."""
    home = (
        Path(os.environ.get("CRISISFLOW_HOME") or Path(__file__).parents[2] / "data" / "state").expanduser().resolve()
    )
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return home


@contextmanager
def locked(name: str) -> Iterator[None]:
    """For the block, the only process of this machine inside a block of this name. A dead process holds no lock."""
    path = state_home() / "locks" / name
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
