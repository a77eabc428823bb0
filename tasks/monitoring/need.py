"""Why a retraining is called for: tweets that have shifted, files that are new, labels that people gave."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field

from models.wording import counted
from tasks import registry, tracking
from tasks.labels.store import labels_in_force
from tasks.registry.data_sources import raw_of_table
from tasks.registry.versions import TABLE
from tasks.sources import watched
from tasks.tracking.steps import data_of_run

TRIGGERS = "drift, files, labels or labels:N"
PATTERN = r"^(drift|files|labels(:[1-9]\d{0,6})?)$"
ENOUGH_LABELS = 50  # as many as one asks people for in a day
Trigger = Annotated[str, Field(pattern=PATTERN)]
SHIFTED = "tags.stage = 'drift' and tags.verdict = 'shifted' and attributes.status = 'FINISHED'"
RETRAINED = "tags.stage = 'retrain'"


def last_retraining() -> "tracking.MlflowRun | None":
    """The retraining that began last, however it ended."""
    found = tracking.find_runs(RETRAINED, limit=1)
    return found[0] if found else None


def began(run: "tracking.MlflowRun") -> datetime:
    """When a run began."""
    return datetime.fromtimestamp(run.info.start_time / 1000, UTC)


def why_not_now(last: "tracking.MlflowRun | None", least_hours: float, now: datetime | None = None) -> str | None:
    """Why no retraining may begin, though one is called for: one runs, or began less than so many hours ago."""
    if last is None:
        return None
    tracking.reconcile_runs()  # one whose process is gone does not run
    if tracking.read_run(last.info.run_id).info.status == "RUNNING":
        return f"retraining {last.info.run_name} is under way"
    if (now or datetime.now(UTC)) - began(last) < timedelta(hours=least_hours):
        return f"the last retraining began at {began(last):%Y-%m-%d %H:%M} UTC, less than {least_hours:g} h ago"
    return None


def find_reasons(triggers: Sequence[Trigger], source: str, last: "tracking.MlflowRun | None") -> list[str]:
    """What has happened since the last retraining, a sentence for each trigger that it sets off."""
    return [reason for each in triggers if (reason := _reason(each, source, last)) is not None]


def _reason(trigger: Trigger, source: str, last: "tracking.MlflowRun | None") -> str | None:
    name, _, least = trigger.partition(":")
    if name == "drift":
        return _drift_since(last)
    return _new_files(source) if name == "files" else _new_labels(last, int(least or ENOUGH_LABELS))


def _drift_since(last: "tracking.MlflowRun | None") -> str | None:
    """The newest run that found tweets shifted from those of the present champion, if it began after `last`."""
    champion = registry.champion()
    if champion is None:
        return None
    since = last.info.start_time if last else 0
    found = tracking.find_runs(
        f"{SHIFTED} and tags.version = '{champion.version}' and attributes.start_time > {since}", limit=1
    )
    if not found:
        return None
    window = found[0].data.tags.get("window", "")
    return f"tweets have shifted (run {found[0].info.run_id}{f', {window}' if window else ''})"


def _new_labels(last: "tracking.MlflowRun | None", least: int) -> str | None:
    """That people have labelled so many tweets since a retraining last began."""
    since = began(last).isoformat() if last else ""
    new = len({each.text_group for each in labels_in_force() if each.time > since})
    return f"{counted(new, 'tweet')} labelled since" if new >= least else None


def _new_files(source: str) -> str | None:
    """That the source holds other bytes than the champion, or any retraining that was finished, has learned from."""
    snapshot = watched.snapshot_if_any(source)
    if snapshot is None:
        return None
    finished = tracking.find_runs(f"{RETRAINED} and attributes.status = 'FINISHED'")
    tables = {artifact for run in finished for _, artifact in data_of_run(run) if artifact.startswith("tweets/")}
    digests = {artifact.partition("/")[2] for artifact in tables}
    champion = registry.champion()
    digests |= {champion.tags.get(TABLE, "")} if champion else set()
    if f"raw/{snapshot.name}" in raw_of_table(*sorted(digests - {""})):
        return None
    return f"its tweets have changed ({snapshot.name[:8]})"
