"""Names for what makes way: NAME.bak, which never takes the place of an earlier one."""

import itertools
import os
from pathlib import Path


def backup_of(path: Path) -> Path:
    """The first of NAME.bak, NAME.bak.2, NAME.bak.3 and so on that is free."""
    names = itertools.chain([f"{path.name}.bak"], (f"{path.name}.bak.{number}" for number in itertools.count(2)))
    return next(path.with_name(name) for name in names if not os.path.lexists(path.with_name(name)))


def keep_a_backup(path: Path) -> None:
    """Give the file a second name, so that it is never absent; where the disk has no hard links, move it."""
    backup = backup_of(path)
    try:
        os.link(path, backup, follow_symlinks=False)
    except FileExistsError:  # another process took that name first
        keep_a_backup(path)
    except OSError:
        path.rename(backup)
