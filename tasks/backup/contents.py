"""Which files of a state folder belong into a backup, and in which order they are read.

A step writes its artifact first, then the record that names the artifact, and its run before either ends. Files are
read the other way round: records, databases, artifacts, which are looked for after the databases were copied. So
whatever a record or a run in the backup names is in it too, although runs go on meanwhile.
"""

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tasks.runtime.atomic_files import DRAFT
from tasks.store.layout import MARK

# What belongs to processes that run now, or is made again: temporary files, locks, caches of libraries; of a cluster
# its keys, which let run any code on it.
LEFT_OUT = ("locks", "scratch", "matplotlib", "running.json", "cluster", MARK)
UNFINISHED = (DRAFT, ".artifact.uploading.")  # how names of half written files begin: ours, MLflow's
SQLITE = b"SQLite format 3\x00"
SIDE_FILES = ("-wal", "-shm", "-journal")  # of a database: its own copy holds what they hold
ARTIFACTS = ("store/", "mlflow/")


@dataclass(frozen=True)
class Item:
    """A file of the state folder: its name there, where it lies, its size now, and whether it is a database."""

    name: str
    path: Path
    size: int
    database: bool = False


@dataclass(frozen=True)
class Contents:
    """The files to save, in the order in which to read them, and the names of what no backup can hold."""

    records: tuple[Item, ...]
    databases: tuple[Item, ...]
    artifacts: tuple[Item, ...]
    irregular: tuple[str, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """All files."""
        return self.records + self.databases + self.artifacts


def contents_of(home: Path) -> Contents:
    """What to save of a state folder. Links are followed: a backup holds what they lead to.

    Irregular are pipes, sockets, devices, and links that lead nowhere or in a circle.
    """
    found = list(_walk(home, "", ()))
    regular = [(name, path, facts) for name, path, facts in found if facts is not None and stat.S_ISREG(facts.st_mode)]
    items = [Item(name, path, facts.st_size, _is_database(path)) for name, path, facts in regular]
    sides = {each.name + side for each in items if each.database for side in SIDE_FILES}
    kept = sorted((each for each in items if each.name not in sides), key=lambda each: each.name)
    plain, names = [each for each in kept if not each.database], {name for name, _, _ in regular}
    return Contents(
        records=tuple(each for each in plain if not each.name.startswith(ARTIFACTS)),
        databases=tuple(each for each in kept if each.database),
        artifacts=tuple(each for each in plain if each.name.startswith(ARTIFACTS)),
        irregular=tuple(sorted(name for name, _, _ in found if name not in names)),
    )


def _walk(
    folder: Path, inside: str, above: tuple[tuple[int, int], ...]
) -> Iterator[tuple[str, Path, os.stat_result | None]]:
    """Every file below: its name from the top, where it lies, and its facts, None where a link leads nowhere.

    `above` are the folders on the way, against links in a circle.
    """
    for entry in _entries(folder):
        name, path = f"{inside}{entry.name}", Path(entry.path)
        if name in LEFT_OUT or entry.name.startswith(UNFINISHED):
            continue
        facts = _facts(path)
        if facts is None and not path.is_symlink():
            continue  # it went while the folder was looked through
        identity = (facts.st_dev, facts.st_ino) if facts else (0, 0)
        if facts is None or not stat.S_ISDIR(facts.st_mode):
            yield name, path, facts
        elif identity in above:
            yield name, path, None
        else:
            yield from _walk(path, f"{name}/", (*above, identity))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda each: each.name)
    except FileNotFoundError:
        return []


def _facts(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(SQLITE)) == SQLITE
    except FileNotFoundError:
        return False
