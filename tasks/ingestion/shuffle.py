"""What rows are to one another, decided on a cluster: keys meet by bucket, whichever part of the source they are of.

The parts lie in a folder that workers share, each with files of keys for every bucket. A bucket is decided by one unit,
which keeps the few rows that are related to others, sorted, in a file of their own. Units that look for other
relations, and those of the second pass, read of it what they need.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from models.splitting.duplicates import NO_ROW, Repetition, contradicting_rows, count_repetition, earlier_copies
from tasks.cluster.units import Unit, run
from tasks.ingestion.duplicates import KINDS
from tasks.ingestion.key_buckets import (
    BUCKETS,
    CONTRADICTS,
    ENTRY,
    SAME_ID_AS,
    SAME_TEXT_AS,
    Buckets,
    bucket_file,
    distinct_keys,
)
from tasks.ingestion.places import Places
from tasks.runtime.atomic_files import draft_file, put_in_place

IDS = "ids"
AT_ONCE = 4  # buckets of one unit: of a million tweets each takes some hundredths of a second
PLACES = "places.json"


class KeysOfPart(NamedTuple):
    """Where the keys of a part lie, by kind, and the number of its first row in the whole source."""

    folders: dict[str, str]
    first: int


class PartedBuckets(Buckets):
    """Keys of one kind of all parts."""

    def __init__(self, parts: Sequence[KeysOfPart], kind: str) -> None:
        self._parts = [(Path(part.folders[kind]), part.first) for part in parts]

    def bucket(self, number: int) -> np.ndarray:
        """The entries of one bucket, in row order, numbered as in the whole source."""
        pieces = [np.empty(0, ENTRY)]
        for folder, first in self._parts:
            entries = np.fromfile(bucket_file(folder, number), ENTRY)
            entries["row"] += first
            pieces.append(entries)
        return np.concatenate(pieces)


@dataclass(frozen=True)
class Shuffle:
    """The folder of the keys of all parts, and of what is found out about them."""

    folder: Path

    def start(self, parts: Sequence[KeysOfPart], places: Places) -> None:
        """Note where the parts lie, for the units that follow."""
        self.folder.mkdir()
        (self.folder / "parts.json").write_text(json.dumps(parts), encoding="utf-8")
        (self.folder / PLACES).write_text(json.dumps(asdict(places)), encoding="utf-8")

    def parts(self) -> list[KeysOfPart]:
        """The parts."""
        found = json.loads((self.folder / "parts.json").read_text(encoding="utf-8"))
        return [KeysOfPart(folders, first) for folders, first in found]

    def places(self) -> Places:
        """Where rows stand in their files."""
        found = json.loads((self.folder / PLACES).read_text(encoding="utf-8"))
        return Places(found["starts"], [(source, row) for source, row in found["firsts"]])

    def keep(self, relation: str, number: int, rows: np.ndarray, others: np.ndarray) -> None:
        """Keep the rows of a bucket that have this relation to another row."""
        related = others != NO_ROW
        order = np.argsort(rows[related], kind="stable")
        with draft_file(self.folder) as draft:
            with draft.open("wb") as stream:
                np.save(stream, np.stack([rows[related][order], others[related][order]]))
            put_in_place(draft, self._path(relation, number))

    def related(self, relation: str, first: int, count: int) -> np.ndarray:
        """For each of these rows the row that it has the relation to, -1 for none."""
        found = np.full(count, NO_ROW, np.int64)
        for number in range(BUCKETS):
            rows, others = self._load(relation, number)
            start, end = np.searchsorted(rows, [first, first + count])
            found[rows[start:end] - first] = others[start:end]
        return found

    def rows_with(self, relations: Sequence[str]) -> np.ndarray:
        """The rows that have one of these relations to another row, int64, in no order."""
        return np.concatenate([self._load(relation, number)[0] for relation in relations for number in range(BUCKETS)])

    def _path(self, relation: str, number: int) -> Path:
        return self.folder / f"{relation}-{number:02}.npy"

    def _load(self, relation: str, number: int) -> np.ndarray:
        path = self._path(relation, number)
        array: np.ndarray = np.load(path, mmap_mode="r" if path.stat().st_size > 1 << 16 else None)
        return array


class Duplicates(NamedTuple):
    """How often texts repeat, by each way of reading them, and the number of groups."""

    repetition: dict[str, Repetition]
    groups: int


def find_relations(shuffle: Shuffle) -> Duplicates:
    """Decide what all rows are to one another, in the order of `tasks.ingestion.key_buckets.Relations`."""
    numbers = [range(first, min(first + AT_ONCE, BUCKETS)) for first in range(0, BUCKETS, AT_ONCE)]
    counted: list[Duplicates] = []
    for what, function in (
        ("compare texts", find_contradictions),
        ("compare ids", find_repeated_ids),
        ("find copies", find_copies),
    ):
        work = [Unit(f"{what} {each.start}", function, (shuffle, list(each))) for each in numbers]
        counted += [each for each in run(work) if each is not None]
    repetition = {kind: sum((each.repetition[kind] for each in counted), Repetition()) for kind in KINDS}
    return Duplicates(repetition, sum(each.groups for each in counted))


def find_contradictions(shuffle: Shuffle, numbers: Sequence[int]) -> Duplicates:
    """The unit that counts the texts of these buckets, and finds those of several labels."""
    repetition, groups = dict.fromkeys(KINDS, Repetition()), 0
    for kind in KINDS:
        buckets = PartedBuckets(shuffle.parts(), kind)
        for number in numbers:
            bucket = buckets.bucket(number)
            repetition[kind] += count_repetition(bucket["key"], bucket["label"])
            groups += distinct_keys(bucket) if kind == "folded" else 0
            if kind == "exact":
                rows = bucket[bucket["candidate"]]
                others = contradicting_rows(rows["key"], rows["label"], rows["row"])
                shuffle.keep(CONTRADICTS, number, rows["row"], others)
    return Duplicates(repetition, groups)


def find_repeated_ids(shuffle: Shuffle, numbers: Sequence[int]) -> None:
    """The unit that finds the rows with the id of an earlier one."""
    _find_earlier(shuffle, numbers, IDS, SAME_ID_AS, (CONTRADICTS,))


def find_copies(shuffle: Shuffle, numbers: Sequence[int]) -> None:
    """The unit that finds the rows with the text of an earlier one."""
    _find_earlier(shuffle, numbers, "exact", SAME_TEXT_AS, (CONTRADICTS, SAME_ID_AS))


def _find_earlier(shuffle: Shuffle, numbers: Sequence[int], kind: str, relation: str, before: Sequence[str]) -> None:
    buckets, gone = PartedBuckets(shuffle.parts(), kind), shuffle.rows_with(before)
    for number in numbers:
        bucket = buckets.bucket(number)
        rows = bucket[bucket["candidate"] & ~np.isin(bucket["row"], gone)]
        shuffle.keep(relation, number, rows["row"], earlier_copies(rows["key"], rows["row"]))
