"""Parts of the progress store scored as units of work: the command reads the source, workers score what it read."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc

from tasks.cluster.units import Unit, exchange, run
from tasks.scoring.predicting import Scorer
from tasks.scoring.progress_store import PART_CHUNKS, ProgressStore, keep_part
from tasks.scoring.rows import CHUNK_ROWS


@dataclass(frozen=True)
class SharedModel:
    """A model that workers load themselves: from a folder that they share, once in each process."""

    load: Callable[[Path], Scorer]
    folder: Path


def score_by_parts(stored: ProgressStore, chunks: Iterable[pa.Table], model: SharedModel) -> Iterator[int]:
    """Keep the answers to these chunks, which follow those that are there; the rows scored so far, after each part."""
    with exchange() as between:
        for part in run(_units(stored, chunks, model, between)):
            (between / f"{stored.parts}.arrow").unlink()  # not before: a unit whose worker died is run again
            stored.adopt(part)
            yield stored.rows


def _units(stored: ProgressStore, chunks: Iterable[pa.Table], model: SharedModel, between: Path) -> Iterator[Unit]:
    """A unit for each part. Read only as they are asked for, so that few rows wait on the disk."""
    for number, several in enumerate(_in_groups(chunks), start=stored.parts):
        rows = between / f"{number}.arrow"
        table = pa.concat_tables(several)
        with pa.ipc.new_file(rows, table.schema) as writer:
            writer.write_table(table)
        yield Unit(f"score part {number}", score_part, (model, rows, stored.folder, number))


def _in_groups(chunks: Iterable[pa.Table]) -> Iterator[list[pa.Table]]:
    waiting: list[pa.Table] = []
    for chunk in chunks:
        waiting.append(chunk)
        if len(waiting) == PART_CHUNKS:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def score_part(model: SharedModel, rows: Path, folder: Path, number: int) -> Path:
    """Score the rows of a file, chunk by chunk as they would be in one process; the finished part in this folder."""
    scorer = model.load(model.folder)
    with pa.memory_map(str(rows)) as source:
        table = pa.ipc.open_file(source).read_all()
        chunks = [table.slice(start, CHUNK_ROWS) for start in range(0, len(table), CHUNK_ROWS)]
        return keep_part(folder, number, pa.concat_tables([scorer.score(chunk) for chunk in chunks]))
