"""Ingest: from a source to a checked table, every row kept or quarantined."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import flow
from pydantic import Field

from flows.names import scheduled_name
from models.settings import Recipe, Settings
from tasks import sources
from tasks.cluster.units import side_by_side
from tasks.ingestion import steps
from tasks.ingestion.labelled_texts import check_labelled_texts
from tasks.sources.columns import ColumnMap
from tasks.tracking import Run, tracked_run
from tasks.tracking.requests import record_request

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
SAMPLE_TWEETS, SAMPLE_CORPUS = SAMPLE / "tweets.csv", SAMPLE / "corpus"


class TweetSource(Settings):
    """Where tweets come from, and how to read them."""

    source: str = Field(str(SAMPLE_TWEETS), description="File, folder, glob or address. Default: the bundled sample.")
    columns: ColumnMap = ColumnMap()
    encoding: str | None = Field(None, description="Encoding of the file, when it is not UTF-8.")
    against: str | None = Field(None, description="Other tweets: report how many of their texts are among these.")


def snapshot(source: str | None) -> Path | None:
    """The raw snapshot of a source, or None of none."""
    return None if source is None else sources.fetch(source)


@flow(name="ingest tweets", flow_run_name=scheduled_name, validate_parameters=False)
def ingest_tweets(source: TweetSource, recipe: Recipe, parent: Run | None = None) -> Path:
    """Fetch, repair, check, group and split labelled tweets; a table that is checked already is taken as it is."""
    with tracked_run("ingest tweets", "ingest", parent) as run:
        if (checked := steps.checked_tweets(source.source)) is not None:
            run.log_dataset(checked, "tweets")
            return checked
        raw = sources.fetch(source.source)
        run.tag(source=source.source)
        return steps.check_tweets(
            run, raw, source.columns, source.encoding, snapshot(source.against), recipe.contract, recipe.split
        )


@flow(name="ingest corpora", flow_run_name=scheduled_name, validate_parameters=False)
def ingest_corpora(corpora: Sequence[str], parent: Run | None = None) -> list[Path]:
    """Fetch and check unlabelled text, each corpus for itself."""
    if not corpora:
        return []
    with tracked_run("ingest corpora", "ingest", parent) as run:
        return side_by_side(lambda each: steps.check_corpus(run, sources.fetch(each), None, None), corpora)


@flow(name="ingest labelled texts", flow_run_name=scheduled_name, validate_parameters=False)
def ingest_labelled_texts(
    labelled: Sequence[str], parent: Run | None = None, events: str | None = None, text_column: str | None = None
) -> list[Path]:
    """Fetch and read texts with other people's labels, each source for itself; `events` says how these are told."""
    if not labelled:
        return []
    with tracked_run("ingest labelled texts", "ingest", parent) as run:
        return side_by_side(lambda each: check_labelled_texts(run, sources.fetch(each), events, text_column), labelled)


@flow(name="ingest", flow_run_name=scheduled_name)
def ingest_and_report(source: TweetSource) -> dict[str, Any]:
    """Ingest tweets by themselves; return what `--json` prints."""
    with tracked_run("ingest", "ingest") as run:
        record_request(run)
        return steps.summary(run, ingest_tweets(source, Recipe(), run))


@flow(name="ingest corpus", flow_run_name=scheduled_name)
def ingest_corpus_and_report(source: str, text_column: str | None, encoding: str | None) -> dict[str, Any]:
    """Ingest a corpus by itself; return what `--json` prints."""
    with tracked_run("ingest", "ingest") as run:
        record_request(run)
        return steps.summary(run, steps.check_corpus(run, sources.fetch(source), text_column, encoding))
