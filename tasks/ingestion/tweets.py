"""Ingest of tweets: from a raw snapshot to a table of checked, repaired, grouped and split rows, streaming."""

from pathlib import Path

from models.settings import ContractSettings, SplitSettings
from tasks.ingestion.by_parts import read_source
from tasks.ingestion.outputs import scratch, write_report
from tasks.ingestion.tweet_ingest import Reading
from tasks.runtime.progress import progress
from tasks.sources import ColumnMap
from tasks.store.artifact_store import new_artifact


def ingest_tweets(
    snapshot: Path,
    columns: ColumnMap | None = None,
    contract: ContractSettings | None = None,
    split: SplitSettings | None = None,
    against: Path | None = None,
    encoding: str | None = None,
    labelled: bool | None = None,
) -> Path:
    """The artifact of a snapshot of tweets: tweets.parquet, quarantine.parquet, report.json and report.html.

    Every row read is kept or quarantined. `against` is a second snapshot whose texts are looked for among these.
    `labelled` says whether there must be labels; None asks the source. Memory does not grow with the source.
    Raises RefusedTable when the table as a whole breaks its contract, SourceError when it cannot be read.
    """
    split = split or SplitSettings()
    with scratch() as folder, new_artifact("tweets") as draft, progress("ingest tweets", unit="rows") as report:
        how = Reading(snapshot, columns or ColumnMap(), contract or ContractSettings(), encoding, labelled)
        ingest = read_source(folder, how, report)
        ingest.check_labels()
        contamination = ingest.compare(against) if against else None
        ingest.write(draft.folder, split)
        ingest.check_table()
        settings = {"split": split.model_dump(), "reading": ingest.settings()}
        write_report(draft, ingest.report() | settings | {"contamination": contamination})
    return draft.final
