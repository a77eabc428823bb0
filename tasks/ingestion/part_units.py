"""The units of an ingest on a cluster: a part of the source in the first pass, and again in the second."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

from models.settings import SplitSettings
from tasks.ingestion import contracts
from tasks.ingestion.expectations import Checker
from tasks.ingestion.key_buckets import RELATIONS, KeyBuckets
from tasks.ingestion.places import Places
from tasks.ingestion.shuffle import Shuffle
from tasks.ingestion.spill import Spill
from tasks.ingestion.statistics import TweetTally
from tasks.ingestion.tweet_ingest import FirstPass, Reading
from tasks.ingestion.tweet_rows import TWEETS, with_splits
from tasks.ingestion.two_passes import judge, relations_frame
from tasks.sources.parts import Part, PartReading
from tasks.sources.pieces import PieceEnd
from tasks.sources.records import QUARANTINE
from tasks.sources.row_counts import RowCounts
from tasks.sources.tables import ReadingNotes
from tasks.sources.tweets import numbered_ids


@dataclass(frozen=True)
class ReadPart:
    """A part after the first pass: what was laid aside in its folder, and its figures.

    Rows are numbered by themselves: from 0, those of a piece of a table also in their file, from 1. `numbers_rows` says
    that the ids of a piece are to be made of their numbers.
    """

    folder: Path
    rows: int
    batches: int
    labelled: bool
    numbers_rows: bool
    places: Places
    tally: TweetTally
    counts: RowCounts
    notes: ReadingNotes
    end: PieceEnd | None


def read_part(how: Reading, part: Part, folder: Path) -> ReadPart:
    """Repair and check every row of a part by itself, lay it aside, and note its keys, in a new folder below this one.

    Raises what `read_tweets` raises.
    """
    own = Path(tempfile.mkdtemp(dir=folder))  # another worker may be at the same part
    reading = PartReading(how.snapshot, part, how.columns, how.encoding, how.labelled)
    first = FirstPass(own, how, reading.notes, is_piece=part.file is not None)
    first.run(reading.batches(), lambda _: None)
    passes = first.passes
    return ReadPart(
        own,
        passes.rows,
        passes.spill.batches,
        first.labelled,
        first.numbers_rows,
        passes.places,
        first.tally,
        first.counts,
        reading.notes,
        reading.end,
    )


@dataclass(frozen=True)
class PlacedPart:
    """A part that was read, once it is known how many rows come before it: in the source, and in its file."""

    folder: Path
    spilled: int  # batches
    numbers_rows: bool
    first: int
    rows_before: int

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows with the places, and the ids, that they have in their file."""
        for batch in Spill(self.folder, self.spilled):
            rows = pc.add(batch["source_row"], self.rows_before)
            columns = {name: batch[name] for name in batch.schema.names} | {"source_row": rows}
            if self.numbers_rows:
                columns["id"] = numbered_ids(batch["source"], rows)
            yield pa.RecordBatch.from_pydict(columns)


def note_ids(part: PlacedPart, folder: Path) -> Path:
    """The unit that notes the ids of rows which are named by their places; the folder of their keys."""
    own = Path(tempfile.mkdtemp(dir=folder)) / "ids"
    ids, first = KeyBuckets(own), 0
    for batch in part.batches():
        passed = pc.is_null(batch["rule"]).to_numpy(zero_copy_only=False)
        ids.add_texts(batch["id"], first, batch["target"], passed)
        first += batch.num_rows
    return own


@dataclass(frozen=True)
class JudgedPart:
    """A part after the second pass: files of its rows to keep and of those quarantined, and their figures."""

    kept: Path
    quarantined: Path
    tally: TweetTally


def judge_part(
    part: PlacedPart, shuffle: Shuffle, split: SplitSettings, spacing: int, classes: tuple[str, ...]
) -> JudgedPart:
    """Split the rows of a part to keep from those to quarantine; of `spacing` rows one is sampled."""
    tally, checker, places = TweetTally(classes), Checker(contracts.row_relations()), shuffle.places()
    kept, quarantined, first = [TWEETS.empty_table()], [], part.first
    for batch in part.batches():
        related = {name: shuffle.related(name, first, batch.num_rows) for name in RELATIONS}
        judged = judge(batch, checker.violations(relations_frame(related, places)), first)
        kept.append(with_splits(judged.kept, split))
        quarantined += judged.quarantined
        tally.add_kept(kept[-1], judged.kept_rows % spacing == 0, judged.kept_rows)
        tally.add_quarantined(judged.quarantined)
        first += batch.num_rows
    own = Path(tempfile.mkdtemp(dir=part.folder))
    _write(own / "kept.arrow", pa.concat_tables(kept))
    _write(own / "quarantined.arrow", pa.Table.from_pylist(quarantined, QUARANTINE))
    return JudgedPart(own / "kept.arrow", own / "quarantined.arrow", tally)


def _write(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
