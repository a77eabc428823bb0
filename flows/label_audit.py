"""The audit of labels: which labels of the training rows are probably wrong, and asking people about them."""

import json
from pathlib import Path
from typing import Any

from prefect import flow, task
from pydantic import Field

from flows.ingest import TweetSource, ingest_tweets
from flows.names import scheduled_name
from models.labels.budget import Budget
from models.settings import Recipe, Settings
from tasks import registry, tracking
from tasks.ingestion.steps import table_classes
from tasks.labels import queue
from tasks.labels.audit import audit_table, to_questions
from tasks.registry.data_sources import stored_table
from tasks.registry.versions import TABLE

STAGE = "label audit"


class AuditRequest(Settings):
    """Which labels to audit, how many to show, and whether to ask people about these."""

    tweets: TweetSource | None = Field(None, description="Default: the tweets of the champion, own labels among them.")
    top: int = Field(50, ge=1, description="How many labels are shown, the worst first.")
    add_to_queue: bool = Field(False, description="Ask people about those that are shown.")
    budget: str = Field("50/day", description="How many tweets are asked about in a day, a week, or this time.")


@flow(name="label audit", flow_run_name=scheduled_name)
def audit(request: AuditRequest) -> dict[str, Any]:
    """Rank the labels of the training rows by how wrong they look; return what `--json` prints."""
    Budget.parse(request.budget)
    with tracking.tracked_run(STAGE, STAGE, settings=request) as run:
        tweets = champion_table() if request.tweets is None else ingest_tweets(request.tweets, Recipe(), run)
        run.log_dataset(tweets, "tweets")
        return audit_tweets(run, tweets, request)


@task
def audit_tweets(run: tracking.Run, tweets: Path, request: AuditRequest) -> dict[str, Any]:
    """Audit a table, keep all that is suspected on the run, and ask about what is shown."""
    found = audit_table(tweets, table_classes(tweets))
    run.log_metrics({name: found[name] for name in ("rows", "suspected", "wrong")})
    run.log_text(json.dumps(found, indent=1, ensure_ascii=False), "audit.json")
    shown = found["labels"][: request.top]
    new = []
    if request.add_to_queue:
        new = queue.ask(Budget.parse(request.budget), lambda *_: to_questions(shown), again=True)
    return {"run_id": run.run_id, "table": str(tweets), **found, "labels": shown, "asked": len(new)}


def champion_table() -> Path:
    """The checked tweets of the champion. Raises ValueError when there is none, or they are no longer in the store."""
    current = registry.champion()
    table = None if current is None else stored_table(current.tags.get(TABLE, ""))
    if table is None:
        raise ValueError("there is no champion whose tweets are in the store: name tweets with --tweets")
    return table
