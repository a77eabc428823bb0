"""How flows name their runs."""

from datetime import UTC, datetime


def scheduled_name() -> str:
    """What the flow is about, and when it was due or began, for the run that asks: standard 11-24 03:00."""
    from prefect.runtime import flow_run

    from tasks.scheduling.naming import run_name

    due = flow_run.scheduled_start_time or datetime.now(UTC)
    return run_name(str(flow_run.flow_name), dict(flow_run.parameters or {}), due)
