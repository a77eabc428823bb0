"""Score: tweets in, probabilities out, by the champion or any other logged model."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect import flow, task
from pydantic import Field

from flows.direct import within_flow
from flows.names import scheduled_name
from models.settings import Settings
from models.wording import snake_case
from tasks import registry, scoring, sources, tracking
from tasks.cluster import units
from tasks.packaging import mlflow_model
from tasks.registry import CHAMPION_URI
from tasks.sources.columns import ColumnMap
from tasks.store.outputs import Outputs


class ScoreRequest(Settings):
    """What to score, with which model, and where to write it."""

    source: str = Field(description="Tweets: whatever ingestion reads.")
    out: str = Field(description="File to write: .csv, .parquet or .jsonl; or a folder of parts, its name ending in /.")
    model: str = Field(CHAMPION_URI, description="Address of an MLflow model.")
    columns: ColumnMap = ColumnMap()
    encoding: str | None = Field(None, description="Encoding of the source.")
    partition_rows: int | None = Field(None, ge=1, description="Rows of each part of a folder.")
    raw_csv: bool = Field(False, description="Leave cells of CSV as they are, formulas too.")
    overwrite: bool = Field(False, description="Move a file that crisisflow did not write to NAME.bak.")

    def outputs(self) -> Outputs:
        """What may be written: not into the source, and over other files only if told."""
        return Outputs(sources.local_paths(self.source), self.overwrite)

    def check_output(self) -> None:
        """Raise ValueError for a place that may not or cannot be written."""
        scoring.Destination(self.out, self.partition_rows, self.raw_csv, self.outputs()).check()


@flow(name="score", flow_run_name=scheduled_name)
def score(request: ScoreRequest) -> dict[str, Any]:
    """Score every row of the source; return what `--json` prints."""
    request.check_output()
    with tracking.tracked_run("score", "score", settings=request) as run:
        snapshot = sources.fetch(request.source)
        run.log_dataset(snapshot, "score", request.source)
        return within_flow(score_snapshot)(run, snapshot, request)


@task
def score_snapshot(run: tracking.Run, snapshot: Path, request: ScoreRequest) -> dict[str, Any]:
    """Score it with one model, which stays the same if another is promoted meanwhile, and record the figures."""
    start = time.monotonic()
    chosen = registry.choose(request.model)
    model = mlflow_model.load_model(chosen.uri)
    run.tag(model=chosen.name, version=chosen.version)
    scorer = mlflow_model.scorer_of(model)
    with _shared(chosen.uri) as shared_model:
        job = scoring.ScoringJob(
            snapshot,
            request.out,
            scoring.TrainedColumns.of(request.columns, mlflow_model.column_names(model)),
            request.encoding,
            request.partition_rows,
            request.raw_csv,
            request.outputs(),
            scorer.familiarity,
            scorer.learned,
            scorer.answering,
            shared_model,
        )
        written = job.run(model, str(model.metadata.model_uuid), chosen.name, chosen.version)
    figures = {name: value for name, value in written.items() if isinstance(value, (int, float))}
    called = {f"called/{snake_case(name)}": rows for name, rows in written.get("classes", {}).items()}
    run.log_metrics({**figures, **called, "rows_in_doubt": written["in_doubt"]["rows"]})
    about = {"run_id": run.run_id, "model": chosen.name, "version": chosen.version}
    return {**about, **written, "seconds": round(time.monotonic() - start, 2)}


@contextmanager
def _shared(uri: str) -> Iterator[scoring.SharedModel | None]:
    """The model as workers load it, for the block; nothing where no cluster is in use."""
    if not units.in_use():
        yield None
        return
    with units.exchange() as folder:
        yield scoring.SharedModel(mlflow_model.load_scorer, mlflow_model.copy_model(uri, folder))
