"""Score: tweets in, probabilities out, by the champion or any other logged model."""

import time
from pathlib import Path
from typing import Any

from prefect import flow, task
from pydantic import Field

from models.settings import Settings
from tasks import registry, scoring, serving, sources, tracking
from tasks.environment import load_tensorflow
from tasks.progress import progress
from tasks.registry import CHAMPION_URI
from tasks.sources.columns import ColumnMap


class ScoreRequest(Settings):
    """What to score, with which model, and where to write it."""

    source: str = Field(description="Tweets: whatever ingestion reads.")
    out: str = Field(description="File to write: .csv, .parquet or .jsonl.")
    model: str = Field(CHAMPION_URI, description="Address of an MLflow model.")
    columns: ColumnMap = ColumnMap()
    encoding: str | None = Field(None, description="Encoding of the source.")


@flow(name="score")
def score(request: ScoreRequest) -> dict[str, Any]:
    """Score every row of the source; return what `--json` prints."""
    scoring.check_output(Path(request.out))
    with tracking.tracked_run("score", "score", settings=request) as run:
        snapshot = sources.fetch(request.source)
        run.log_dataset(snapshot, "score", request.source)
        return score_snapshot(run, snapshot, request)


@task
def score_snapshot(run: tracking.Run, snapshot: Path, request: ScoreRequest) -> dict[str, Any]:
    """Read, predict and write batch by batch."""
    load_tensorflow()
    chosen = registry.choose(request.model)
    model = serving.load_model(chosen.uri)
    out, start = Path(request.out), time.monotonic()
    counts = {"rows": 0, "positives": 0, "unscored": 0}
    batches = sources.read_tweets(snapshot, request.columns, request.encoding, labelled=False)
    with scoring.output_file(out) as write, progress("score", unit="tweets") as report:
        for batch in batches:
            scored = scoring.score_batch(batch, model, chosen.name, chosen.version)
            write(scored)
            counts = {key: counts[key] + value for key, value in scoring.count(scored).items()}
            report(counts["rows"])
    seconds = time.monotonic() - start
    run.log_metrics({**counts, "tweets_per_second": counts["rows"] / max(seconds, 1e-9)})
    run.tag(model=chosen.name, version=chosen.version)
    return {
        "run_id": run.run_id,
        "model": chosen.name,
        "version": chosen.version,
        **counts,
        "out": str(out.resolve()),
        "seconds": round(seconds, 2),
    }
