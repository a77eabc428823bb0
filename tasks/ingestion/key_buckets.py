"""What rows are to one another, decided bucket by bucket on disk, so that memory does not grow with the table.

Equal keys always meet in one bucket. Only digests are kept, 26 bytes a row and key, and one bucket is in memory at a
time.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.splitting.duplicates import (
    NO_ROW,
    Repetition,
    contradicting_rows,
    count_repetition,
    earlier_copies,
    found_among,
    keys_of,
    number_groups,
)

BUCKETS = 32
CONTRADICTS, SAME_ID_AS, SAME_TEXT_AS = RELATIONS = ("contradicts", "same_id_as", "same_text_as")
ENTRY = np.dtype([("key", "<u8", 2), ("row", "<i8"), ("label", "i1"), ("candidate", "?")])


def bucket_file(folder: Path, number: int) -> Path:
    """Where the entries of a bucket lie."""
    return folder / f"{number:02}"


class Buckets(ABC):
    """The keys of every row of a table, dealt out by their first number."""

    @abstractmethod
    def bucket(self, number: int) -> np.ndarray:
        """The entries of one bucket, in row order."""

    def __iter__(self) -> Iterator[np.ndarray]:
        """The entries of one bucket after another."""
        return map(self.bucket, range(BUCKETS))

    def repetition(self) -> Repetition:
        """How often texts occur more than once, over all rows."""
        return sum((count_repetition(bucket["key"], bucket["label"]) for bucket in self), Repetition())

    def distinct(self) -> int:
        """How many different keys there are."""
        return sum(map(distinct_keys, self))

    def rows_found_in(self, other: "Buckets") -> int:
        """How many of these rows have a key that the other table holds too."""
        return sum(int(found_among(mine["key"], theirs["key"]).sum()) for mine, theirs in zip(self, other, strict=True))


def distinct_keys(bucket: np.ndarray) -> int:
    """How many different keys there are in one bucket."""
    return int(number_groups(bucket["key"]).max(initial=-1)) + 1


class KeyBuckets(Buckets):
    """Keys of one kind for every row of a table, in a file for each bucket."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._paths = [bucket_file(folder, number) for number in range(BUCKETS)]
        for path in self._paths:
            path.touch()

    def add(self, keys: np.ndarray, rows: np.ndarray, labels: np.ndarray, candidates: np.ndarray) -> None:
        """Note the keys (rows, 2) of rows, with label (-1: none) and whether the row may still be kept."""
        entries = np.empty(len(keys), ENTRY)
        entries["key"], entries["row"], entries["label"], entries["candidate"] = keys, rows, labels, candidates
        bucket = keys[:, 0] % BUCKETS
        entries = entries[np.argsort(bucket, kind="stable")]
        ends = np.cumsum(np.bincount(bucket.astype(np.int64), minlength=BUCKETS))
        for number, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            with self._paths[number].open("ab") as file:
                file.write(entries[start:end].tobytes())

    def add_texts(self, texts: pa.Array, first: int, labels: pa.Array, candidates: np.ndarray) -> None:
        """Note the keys of texts, or of other strings, the first of them of row `first`; null has no key."""
        self._add_given(keys_of(texts.drop_null().to_pylist()), pc.is_valid(texts), first, labels, candidates)

    def add_digests(self, digests: pa.Array, first: int, labels: pa.Array, candidates: np.ndarray) -> None:
        """Note digests of 32 hexadecimal digits, which are keys already; those that are null have none."""
        keys = np.frombuffer(bytes.fromhex("".join(digests.drop_null().to_pylist())), "<u8").reshape(-1, 2)
        self._add_given(keys, pc.is_valid(digests), first, labels, candidates)

    def _add_given(
        self, keys: np.ndarray, given: pa.Array, first: int, labels: pa.Array, candidates: np.ndarray
    ) -> None:
        chosen = given.to_numpy(zero_copy_only=False)
        self.add(keys, first + np.flatnonzero(chosen), pc.fill_null(labels, -1).to_numpy()[chosen], candidates[chosen])

    def bucket(self, number: int) -> np.ndarray:
        """The entries of one bucket, in row order."""
        return np.fromfile(self._paths[number], ENTRY)


class Relations:
    """For every row, the row that it contradicts, repeats or copies, if any; kept on disk, -1 for none.

    The first `settled` rows stay whatever the others turn out to be.
    """

    def __init__(self, folder: Path, rows: int, settled: int = 0) -> None:
        self._settled = settled
        self.contradicts = _on_disk(folder / "contradicts", rows)
        self.same_id_as = _on_disk(folder / "same_id_as", rows)
        self.same_text_as = _on_disk(folder / "same_text_as", rows)

    def resolve(self, texts: KeyBuckets, ids: KeyBuckets | None) -> None:
        """Decide all relations among candidates, in an order that loses no text without need.

        Contradictions first, so that no copy hides one. Then ids and only then copies: of two texts under one id the
        first stays, and a copy of the other may take its place.
        """
        for bucket in texts:
            rows = bucket[bucket["candidate"]]
            self.contradicts[rows["row"]] = contradicting_rows(rows["key"], rows["label"], rows["row"])
        if ids is not None:
            for bucket in ids:
                rows = self._standing(bucket)
                self.same_id_as[rows["row"]] = earlier_copies(rows["key"], rows["row"])
        for bucket in texts:
            rows = self._standing(bucket)
            self.same_text_as[rows["row"]] = earlier_copies(rows["key"], rows["row"])

    def _standing(self, bucket: np.ndarray) -> np.ndarray:
        rows = bucket["row"]
        undisputed = (self.contradicts[rows] < 0) & (self.same_id_as[rows] < 0)
        standing: np.ndarray = bucket[bucket["candidate"] & (undisputed | (rows < self._settled))]
        return standing


def _on_disk(path: Path, rows: int) -> np.ndarray:
    """An array of -1, mapped to a file."""
    if not rows:
        return np.empty(0, np.int64)
    array = np.memmap(path, np.int64, "w+", shape=(rows,))
    array[:] = NO_ROW
    return array
