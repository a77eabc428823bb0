"""One scoring from snapshot to output: what was scored before is taken up, the rest scored, and all of it written."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.drift.familiarity import Familiarity
from models.splitting.learned import LearnedGroups
from tasks.runtime.progress import on_terminal, progress
from tasks.scoring.by_parts import SharedModel, score_by_parts
from tasks.scoring.columns import TrainedColumns
from tasks.scoring.output import Destination, ModelInfo, write_output
from tasks.scoring.predicting import TWO_CLASSES, AnswerColumns, score_chunks
from tasks.scoring.progress_store import ProgressStore, open_progress, scoring_key
from tasks.scoring.rows import Reader, expected_rows
from tasks.sources.columns import ColumnMap
from tasks.sources.tweets import read_tweets
from tasks.store.outputs import Outputs


@dataclass(frozen=True)
class ScoringJob:
    """What to score, how to read it, where the answers go, and what the model learned from, if that is known.

    `answering` says with which columns the model answers. Where workers are to score, they load the `shared_model`.
    """

    snapshot: Path
    out: str
    columns: ColumnMap = field(default_factory=ColumnMap)
    encoding: str | None = None
    partition_rows: int | None = None
    raw_csv: bool = False
    outputs: Outputs = field(default_factory=Outputs)
    familiarity: Familiarity | None = None
    learned: LearnedGroups | None = None
    answering: AnswerColumns = TWO_CLASSES
    shared_model: SharedModel | None = None

    def key(self, model: str) -> str:
        """What names the work that is kept: not where the answers go, nor in which form."""
        return scoring_key(self.snapshot, model, {"columns": self.columns.model_dump(), "encoding": self.encoding})

    def run(self, model: Any, model_id: str, name: str, version: str) -> dict[str, Any]:
        """Score what was not scored before and write all; the counts, the places, rows taken up and tweets a second.

        `model` predicts as a logged model does; `model_id` is another one for every other model.
        """
        start = time.monotonic()
        to = Destination(self.out, self.partition_rows, self.raw_csv, self.outputs)
        to.check()
        with open_progress(self.key(model_id)) as stored:
            resumed = stored.rows
            read = self._fill(stored, model)
            model_info = ModelInfo(name, version, self.snapshot.name, self.answering)
            written = write_output(stored, read, to, model_info)
        speed = (read - resumed) / max(time.monotonic() - start, 1e-9)
        columns = self.columns.report() if isinstance(self.columns, TrainedColumns) else {}
        return {**written, **columns, "resumed_rows": resumed, "tweets_per_second": round(speed, 1)}

    def _fill(self, stored: ProgressStore, model: Any) -> int:
        """Score what is not scored yet, showing how far it is; return how many rows the source has."""
        reader = Reader(read_tweets(self.snapshot, self.columns, self.encoding, labelled=False))
        total = expected_rows(self.snapshot) if on_terminal() else None
        with progress("score", total, unit="tweets", before=stored.rows) as report:
            chunks = reader.chunks(stored.rows)
            if self.shared_model is not None:
                scored = score_by_parts(stored, chunks, self.shared_model)
            else:
                scored = stored.extend(score_chunks(chunks, model, self.familiarity, self.learned, self.answering))
            for done in scored:
                report(done)
        return reader.rows
