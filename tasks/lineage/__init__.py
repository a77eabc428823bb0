"""Lineage: from a model to the raw bytes, rows, settings, code and runs that it came from; from raw bytes to models."""

import json

from tasks.lineage.page import lineage_page
from tasks.lineage.targets import target_of_run
from tasks.lineage.tracing import Lineage, follow, trace
from tasks.tracking import Run

__all__ = ["Lineage", "follow", "record", "trace"]


def record(run: Run) -> None:
    """Put the lineage of all models made below this run among its artifacts, as a page and as JSON."""
    lineage = follow(target_of_run(run.root_id))
    run.log_text(lineage_page(lineage), "lineage.html")
    run.log_text(json.dumps(lineage.summary(), indent=1), "lineage.json")
