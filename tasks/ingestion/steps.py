"""Ingestion as steps: a raw snapshot becomes a checked table, and what was found is recorded."""

import json
from pathlib import Path
from typing import Any

from models.settings import ContractSettings, RetrySettings, SplitSettings
from models.wording import counted, snake_case
from tasks.sources.columns import ColumnMap
from tasks.steps import step
from tasks.store.artifact_store import is_artifact
from tasks.tracking import Run
from tasks.tracking.run import flatten


@step("check tweets")
def check_tweets(
    run: Run,
    snapshot: Path,
    columns: ColumnMap,
    encoding: str | None,
    against: Path | None,
    contract: ContractSettings,
    split: SplitSettings,
) -> Path:
    """Repair, check, group and split tweets; rows that break the contract are quarantined with the reason."""
    from tasks.ingestion.tweets import ingest_tweets

    return _record(run, ingest_tweets(snapshot, columns, contract, split, against, encoding))


@step("check corpus")
def check_corpus(run: Run, snapshot: Path, text_column: str | None, encoding: str | None) -> Path:
    """Read documents of any form into shards; what holds no text is quarantined."""
    from tasks.ingestion.corpus import ingest_corpus

    return _record(run, ingest_corpus(snapshot, ColumnMap(text=text_column), encoding))


@step("retry quarantine")
def retry_quarantine(run: Run, tweets: Path, corrected: Path | None, settings: RetrySettings) -> Path:
    """Judge the quarantined rows of a table again; those that pass now come back in, every other row stays."""
    from tasks.ingestion.retry import retry_tweets

    artifact = _record(run, retry_tweets(tweets, corrected, settings))
    retry = read_report(artifact)["retry"]
    run.log_metrics({"retried": retry["retried"], "returned": retry["returned"]})
    return artifact


def checked_tweets(source: str) -> Path | None:
    """The table in the store that this source names by its path, as a retry prints it; None for any other source."""
    path = Path(source).expanduser().resolve()
    return path if path.parent.name == "tweets" and is_artifact(path) else None


def read_report(artifact: Path) -> dict[str, Any]:
    """The figures of an ingest."""
    return dict(json.loads((artifact / "report.json").read_text(encoding="utf-8")))


def split_settings(artifact: Path) -> SplitSettings:
    """How a table of tweets was split, whatever recipe uses it."""
    return SplitSettings(**read_report(artifact).get("split", {}))


def _record(run: Run, artifact: Path) -> Path:
    report = read_report(artifact)
    figures = {name: report[name] for name in ("counts", "rules", "repairs", "contamination") if report.get(name)}
    figures |= {f"split.{name}": _of_split(counts) for name, counts in report.get("splits", {}).items()}
    run.log_metrics({name.replace(".", "/"): value for name, value in flatten(figures).items() if _is_number(value)})
    for name in ("report.html", "report.json", "quarantine.parquet"):
        run.log_file(artifact / name)
    if "inspection" in report:
        run.log_text(json.dumps(report["inspection"], indent=1, ensure_ascii=False), "inspect.json")
    return artifact


def _of_split(counts: dict[str, Any]) -> dict[str, Any]:
    """The counts under names that metrics may have."""
    return {**counts, "classes": {snake_case(name): rows for name, rows in counts.get("classes", {}).items()}}


def table_classes(artifact: Path) -> tuple[str, ...]:
    """The names of the several classes of the label of a table of tweets; none of two."""
    return tuple(read_report(artifact).get("classes", ()))


def inspection(artifact: Path) -> dict[str, Any] | None:
    """How the source of a table was understood, without its first rows; None of a table of an older version."""
    found: dict[str, Any] | None = read_report(artifact).get("inspection")
    return found and {name: value for name, value in found.items() if name != "first_rows"}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def summary(run: Run, artifact: Path) -> dict[str, Any]:
    """What `ingest --json` prints."""
    return {
        "run_id": run.run_id,
        "data": read_report(artifact)["counts"],
        "inspection": inspection(artifact),
        "table": str(artifact),
        "report": str(artifact / "report.html"),
    }


def describe_retry(artifact: Path) -> str:
    """What came back, as the description of a run."""
    report = read_report(artifact)
    retry, counts = report["retry"], report["counts"]
    rules = ", ".join(f"{rows} from {rule}" for rule, rows in retry["returned_by_rule"].items())
    corrected = f", corrected by `raw/{retry['corrected']}`" if retry["corrected"] else ""
    return (
        f"{retry['returned']} of {counted(retry['retried'], 'quarantined row')} of "
        f"`tweets/{retry['table']}` came back{corrected}"
        f"{f': {rules}' if rules else ''}. {counts['read']} read = {counts['kept']} kept + {counts['quarantined']} "
        "quarantined."
    )


def retry_summary(run: Run, artifact: Path) -> dict[str, Any]:
    """What `quarantine retry --json` prints."""
    return summary(run, artifact) | {"retry": read_report(artifact)["retry"]}


def tweet_counts(artifact: Path) -> dict[str, Any]:
    """What `retrain --json` prints of its data."""
    report = read_report(artifact)
    test = report["splits"]["test"]
    return {
        "data": report["counts"],
        "inspection": inspection(artifact),
        "labels": report.get("own_labels"),
        "test": {name: test[name] for name in ("rows", "positives", "classes") if name in test},
    }
