"""Retry: quarantined rows that were corrected, or that another rule lets pass, come back into their table."""

from pathlib import Path
from typing import Any

from prefect import flow

from flows.ingest import snapshot
from flows.names import scheduled_name
from models.settings import RetrySettings
from tasks.ingestion import steps
from tasks.tracking import tracked_run


@flow(name="retry quarantine", flow_run_name=scheduled_name, validate_parameters=False)
def retry(table: Path, corrected: str | None, settings: RetrySettings) -> dict[str, Any]:
    """Judge the quarantined rows of a table again; return what `--json` prints."""
    with tracked_run("retry quarantine", "ingest", settings=settings) as run:
        retried = steps.retry_quarantine(run, table, snapshot(corrected), settings)
        run.describe(steps.describe_retry(retried))
        return steps.retry_summary(run, retried)
