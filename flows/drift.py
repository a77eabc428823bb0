"""Drift: do these tweets look like those that the model was tested on, and how well does it probably judge them?"""

import time
from pathlib import Path
from typing import Any

from prefect import flow, task
from pydantic import Field

from flows.direct import within_flow
from flows.names import scheduled_name
from models.settings import Settings
from tasks import scoring, sources, tracking
from tasks.monitoring import drift as monitoring
from tasks.monitoring.reference import read_reference
from tasks.packaging import mlflow_model
from tasks.registry import CHAMPION_URI
from tasks.registry.versions import registered_version, several_classes
from tasks.runtime.redaction import redact
from tasks.scoring.rows import Reader
from tasks.sources.columns import ColumnMap


class DriftRequest(Settings):
    """Which tweets to compare with the test rows of which model."""

    source: str = Field(description="Tweets: whatever ingestion reads.")
    model: str = Field(CHAMPION_URI, description="Address of a registered version.")
    columns: ColumnMap = ColumnMap()
    encoding: str | None = Field(None, description="Encoding of the source.")


@flow(name="drift", flow_run_name=scheduled_name)
def drift(request: DriftRequest) -> dict[str, Any]:
    """Compare the tweets of the source with the model's test rows; return what `--json` prints."""
    with tracking.tracked_run("drift", monitoring.STAGE, settings=request) as run:
        snapshot = sources.fetch(request.source)
        run.log_dataset(snapshot, "drift", request.source)
        return within_flow(check_drift)(run, snapshot, request)


@task
def check_drift(run: tracking.Run, snapshot: Path, request: DriftRequest) -> dict[str, Any]:
    """Compare the snapshot with the reference of one version.

    A promotion meanwhile does not change the version.
    """
    start = time.monotonic()
    judged = registered_version(request.model)
    version = str(judged.version)
    reference = read_reference(judged.tags, version)
    # The judged twin: a refit has learned from the reference.
    logged = mlflow_model.load_model(f"models:/{judged.name}/{version}", judged=True)
    named, classes = judged.tags.get("model", judged.name), several_classes(judged.tags)
    model = monitoring.Model(logged, mlflow_model.familiarity(logged), named, version, classes)
    run.tag(model=model.name, version=version)
    columns = scoring.TrainedColumns.of(request.columns, mlflow_model.column_names(logged))
    reader = Reader(sources.read_tweets(snapshot, columns, request.encoding, labelled=False))
    number = monitoring.window_number(version, snapshot.name)
    result = monitoring.compare(reader.chunks(), reference, model, number)
    monitoring.record(run, result, snapshot.name, f"Drift of {redact(request.source)} against version {version}")
    about = {"run_id": run.run_id, "model": model.name, "version": version}
    return {**about, **result, "seconds": round(time.monotonic() - start, 2)}
