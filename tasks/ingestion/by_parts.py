"""Ingest of tweets on a cluster: parts of the source are read, compared and judged by workers, in their order.

Every part is read as if the parts before it were what their first look promised. Where they are not, the parts after it
are planned again; where a file breaks a rule that only who reads all of it can apply, the source is read here, from its
beginning.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc

from models.settings import SplitSettings
from tasks.cluster.units import Unit, in_use, run
from tasks.ingestion.duplicates import KINDS
from tasks.ingestion.outputs import QuarantineWriter, RowGroups, reconcile
from tasks.ingestion.part_units import JudgedPart, PlacedPart, ReadPart, judge_part, note_ids, read_part
from tasks.ingestion.places import Places
from tasks.ingestion.shuffle import IDS, KeysOfPart, PartedBuckets, Shuffle, find_relations
from tasks.ingestion.token_sample import SAMPLE_ROWS
from tasks.ingestion.tweet_ingest import Reading, TweetIngest
from tasks.ingestion.tweet_rows import TWEETS
from tasks.sources import SourceError
from tasks.sources.delimited import FAULT_SHARE
from tasks.sources.lines import REREAD_CHARACTERS
from tasks.sources.parts import Part, pieces_of, plan_parts
from tasks.sources.row_counts import FIRST_ROWS


class IrregularError(Exception):
    """The parts of this source do not add up to it: one reader has to go over all of it."""


def read_source(folder: Path, how: Reading, report: Callable[[float], None]) -> TweetIngest:
    """An ingest after its first pass: by the cluster in use where the source is worth cutting up, else here."""
    parts = plan_parts(how.snapshot, how.encoding) if in_use() else []
    if len(parts) > 1 or any(part.file for part in parts):
        parted = PartedIngest(folder / "parts", how, parts)
        with suppress(IrregularError):
            parted.read(report)
            return parted
    ingest = TweetIngest(folder, how)
    ingest.read(report)
    return ingest


class PartedIngest(TweetIngest):
    """One ingest in progress whose parts are worked on elsewhere."""

    def __init__(self, folder: Path, how: Reading, parts: list[Part]) -> None:
        super().__init__(folder, how)
        folder.mkdir()
        self._todo = parts
        self._placed: list[PlacedPart] = []
        self._places = Places()
        self._shuffle = Shuffle(folder / "shuffle")
        self._needs_label = False
        self._rows = 0
        self._file = _FileFigures("")

    def read(self, report: Callable[[float], None]) -> None:
        """First pass; raises IrregularError where it cannot be done in parts."""
        try:
            while self._todo:
                self._todo = self._read_as_planned(report)
        except SourceError as error:  # it is raised again by who reads it all, or another one that comes before
            raise IrregularError from error
        if not self._notes.files:
            raise IrregularError
        self._notes.warn()
        self._relate()

    def _read_as_planned(self, report: Callable[[float], None]) -> list[Part]:
        """Read the parts until one ends elsewhere than the next begins; what is to be read from there on."""
        sent: deque[tuple[Part, Part | None]] = deque()
        results = run(self._units(sent))
        for read in results:
            part, following = sent.popleft()
            self._accept(part, read)
            report(self._rows)
            if read.end is not None and not read.end.leads_to(_goes_on(part, following)):
                results.close()  # type: ignore[attr-defined]  # a generator
                rest = self._todo[_index(self._todo, part) + 1 :]
                return [replace(part, state=read.end.state), *rest] if read.end.state else rest
        return []

    def _units(self, sent: deque[tuple[Part, Part | None]]) -> Iterator[Unit]:
        pieces = chain.from_iterable(pieces_of(self._how.snapshot, part, self._columns) for part in self._todo)
        for part, following in pairwise(chain(pieces, [None])):
            if part is not None:
                sent.append((part, following))
                yield Unit(f"read part of {part.names[0]}", read_part, (self._how, part, self._folder))

    def _accept(self, part: Part, read: ReadPart) -> None:
        """Add what was found in the next part; raise IrregularError where one reader would see it otherwise."""
        if part.names[0] != self._file.name or part.file is None:
            self._file = _FileFigures(part.names[0])
        before = self._file.rows
        self._file.add(part, read, self._columns.quoting is None)
        self._check_labels_of(read)
        self._notes.add(read.notes)
        if read.rows and read.labelled != self._labelled:
            raise IrregularError
        if before and read.numbers_rows and len(self._read.first_rows) < FIRST_ROWS:
            raise IrregularError
        self._read.include(read.counts, before)
        self._tally.include(read.tally)
        self._places.include(read.places, self._rows, before)
        self._placed.append(PlacedPart(read.folder, read.batches, read.numbers_rows, self._rows, before))
        self._rows += read.rows

    def _check_labels_of(self, read: ReadPart) -> None:
        """All files after one with labels must have them, unless it was said that there are none."""
        for found in read.notes.found:
            if self._needs_label and "label" not in found:
                raise IrregularError
            self._needs_label |= self._how.labelled is None and "label" in found

    def _relate(self) -> None:
        numbered = [part for part in self._placed if part.numbers_rows]
        work = [Unit(f"number rows from {part.first}", note_ids, (part, self._folder)) for part in numbered]
        ids = dict(zip((part.folder for part in numbered), run(work), strict=True))
        parts = [
            KeysOfPart(
                {kind: str(part.folder / "read" / kind) for kind in KINDS}
                | {IDS: str(ids.get(part.folder, part.folder / IDS))},
                part.first,
            )
            for part in self._placed
        ]
        self._buckets = {kind: PartedBuckets(parts, kind) for kind in KINDS}
        self._shuffle.start(parts, self._places)
        self._found = find_relations(self._shuffle)

    def _duplicates(self) -> dict[str, Any]:
        return {kind: vars(each) for kind, each in self._found.repetition.items()} | {"groups": self._found.groups}

    def write(self, folder: Path, split: SplitSettings) -> None:
        """Second pass: write the rows that workers have judged to where they belong."""
        spacing = max(1, self._tally.read // SAMPLE_ROWS)
        told = (self._shuffle, split, spacing, self._columns.class_names)
        work = (Unit(f"judge rows from {part.first}", judge_part, (part, *told)) for part in self._placed)
        kept_path, quarantine_path = folder / "tweets.parquet", folder / "quarantine.parquet"
        with RowGroups(kept_path, TWEETS) as table, QuarantineWriter(quarantine_path) as bin:
            for part, judged in zip(self._placed, run(work), strict=True):
                table.write_table(_table(judged.kept))
                bin.write_table(_table(judged.quarantined))
                self._add(part, judged)
        reconcile(self._tally, [kept_path], quarantine_path)

    def _add(self, part: PlacedPart, judged: JudgedPart) -> None:
        self._tally.include(judged.tally)
        self._tally.keywords.settle(part.first)
        judged.kept.unlink()
        judged.quarantined.unlink()


class _FileFigures:
    """What only who reads all of a file knows: its rows so far, and how many contradict its dialect."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows = self._faults = self._read_again = 0

    def add(self, part: Part, read: ReadPart, quoting_guessed: bool) -> None:
        """Count a part; raise IrregularError where a reader of all of the file might give up."""
        if read.end is None:
            return
        self._faults += read.end.faults
        self._read_again += read.end.read_again
        too_many = quoting_guessed and self._faults * FAULT_SHARE > self.rows * 5
        if part.state is not None and (not self.rows or (read.end.faults and too_many)):
            raise IrregularError
        if self._read_again > REREAD_CHARACTERS:
            raise IrregularError
        self.rows += read.rows


def _goes_on(part: Part, following: Part | None) -> Any:
    """The state in which the next piece of the same table begins; None where none follows."""
    return following.state if following is not None and following.names == part.names else None


def _index(parts: list[Part], part: Part) -> int:
    return next(place for place, each in enumerate(parts) if each.names == part.names)


def _table(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as file:
        return pa.ipc.open_file(file).read_all()
