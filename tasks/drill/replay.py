"""The step that replays a tape under one policy, and what it leaves."""

import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.drill.policies import Policy
from models.settings.drill import DrillSettings
from tasks.drill.desk import Desk
from tasks.drill.tape import begin, read_tape
from tasks.runtime.progress import progress
from tasks.steps import step
from tasks.store import formats
from tasks.tracking import Run

SCORES, NIGHTS = "scores.parquet", "nights.parquet"


@step("drill: {name}", hardware=True)
def replay(
    run: Run,
    labelled: Path,
    tokens: Path,
    name: str,
    policy: Policy,
    settings: DrillSettings,
    vectors: Path | None = None,
) -> Path:
    """What the desk said of every tweet (scores) and did every night (nights); the same bytes each time.

    A network starts from the word vectors in `vectors`.
    """
    start = time.process_time()
    tape = read_tape(labelled, tokens, settings.split)
    first, events = begin(tape, settings.warm_up, settings.events)
    last = int(tape.nights[np.isin(tape.events, events)].max())
    desk, lived = Desk.open(tape, policy, settings, vectors), []
    with progress(f"drill: {name}", total=last - first + 1, unit="nights") as report:
        for night in desk.nights(first, last):
            lived.append(asdict(night))
            report(night.night - first + 1)
    nights = pa.Table.from_pylist(lived)
    run.log_metrics(
        {
            "labels": sum(night["asked"] for night in lived),
            "retrainings": sum(night["retrained"] for night in lived),
            "promotions": sum(night["promoted"] for night in lived),
            "cpu_seconds": time.process_time() - start,
        }
    )
    return formats.write_artifact("drill", {SCORES: desk.scores(first, last), NIGHTS: nights})


def read(artifact: Path) -> tuple[pa.Table, pa.Table]:
    """Scores and nights of a policy."""
    return pq.read_table(artifact / SCORES), pq.read_table(artifact / NIGHTS)
