"""Watch: ingest or score what is new in a folder or behind an address since the last time, and say when nothing is."""

import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from flows.drift import DriftRequest, drift
from flows.ingest import TweetSource, ingest_and_report
from flows.names import scheduled_name
from flows.score import ScoreRequest, score
from models.settings import Settings
from tasks import registry, sources
from tasks.monitoring.drift import most_shifted
from tasks.notifications.news import News, tell
from tasks.registry import CHAMPION_URI
from tasks.runtime.redaction import redact
from tasks.runtime.state_folder import state_home
from tasks.sources import watched
from tasks.sources.columns import ColumnMap
from tasks.store.outputs import Outputs

logger = logging.getLogger(__name__)

NOTHING_NEW = "Nothing new"


class WatchRequest(Settings):
    """Tweets to check whenever they have changed."""

    source: str | None = Field(None, description="Folder, file, glob or address. Default: inbox/tweets in the state.")
    columns: ColumnMap = ColumnMap()
    encoding: str | None = Field(None, description="Encoding of the files, when it is not UTF-8.")


class WatchedScoreRequest(Settings):
    """Tweets to score file by file as they come, and where the results go."""

    source: str | None = Field(None, description="Folder, glob or address. Default: inbox/score in the state folder.")
    out: str | None = Field(None, description="Folder to write into. Default: scored in the state folder.")
    model: str = Field(CHAMPION_URI, description="Address of an MLflow model.")
    columns: ColumnMap = ColumnMap()
    encoding: str | None = Field(None, description="Encoding of the files.")


@flow(name="ingest new", flow_run_name=scheduled_name)
def ingest_new(request: WatchRequest | None = None) -> dict[str, Any] | State[Any]:
    """Check the tweets of a source, all of them, if any has changed: duplicates may lie in different files."""
    request = request or WatchRequest()
    source = request.source or str(watched.inbox("tweets"))
    seen = watched.Watched(source, f"ingest {request.columns} {request.encoding}")
    snapshot = watched.snapshot_if_any(source)
    if snapshot is None or snapshot.name in seen.done:
        return _nothing_new(source, holds_files=snapshot is not None)
    result = ingest_and_report(TweetSource(source=source, columns=request.columns, encoding=request.encoding))
    seen.note(**{snapshot.name: result["run_id"]})
    return result


@flow(name="score new", flow_run_name=scheduled_name)
def score_new(request: WatchedScoreRequest | None = None) -> dict[str, Any] | State[Any]:
    """Score each file that was not scored before, into `scored_on=DATE/`; return what was written, file by file."""
    request = request or WatchedScoreRequest()
    source = request.source or str(watched.inbox("score"))
    seen = watched.Watched(source, "score")
    snapshot = watched.snapshot_if_any(source)
    files = {} if snapshot is None else watched.file_digests(snapshot)
    new = {digest: name for digest, name in files.items() if digest not in seen.done}
    if snapshot is None or not new:
        return _nothing_new(source, holds_files=bool(files))
    registry.choose(request.model)  # before anything is written: is there a model?
    folder = _partition(request.out)
    Outputs(sources.local_paths(source)).check(folder / "any.parquet")  # what is written must not be scored next time
    folder.mkdir(parents=True, exist_ok=True)
    results = []
    for digest, name in sorted(new.items(), key=lambda item: item[1]):
        out = folder / f"{name.replace('/', '__')}-{digest[:8]}.parquet"
        path = str(sources.snapshot_files(snapshot)[name])
        asked = request.model_dump(include={"model", "columns", "encoding"})
        named = score.with_options(flow_run_name=f"score {name}")
        scored = named(ScoreRequest(source=path, out=str(out), **asked))
        results.append(scored | {"drift": _drift(name, DriftRequest(source=path, **asked))})
        seen.note(**{digest: str(out)})
    return {"files": len(results), "rows": sum(each["rows"] for each in results), "results": results}


def _drift(name: str, request: DriftRequest) -> dict[str, Any]:
    """Verdict, reason and run of the comparison of a scored file; where it has no reference, "cannot tell" and why."""
    try:
        found = drift.with_options(flow_run_name=f"drift {name}")(request)
    except ValueError as error:  # the scores are written, and stay good without it
        logger.warning("drift of %s cannot be measured: %s", name, error)
        return {"verdict": "cannot tell", "reason": str(error), "run_id": None}
    if found["verdict"] == "shifted":
        shown = tuple(most_shifted(found["measures"])["tweets"])
        words = f"{found['reason']}, against version {found['version']}. Page: drift.html of run {found['run_id']}."
        tell(News("drift", found["run_id"], f"{name} has shifted", words, shown))
    return {key: found[key] for key in ("verdict", "reason", "run_id")}


def _partition(out: str | None) -> Path:
    """Today's folder below the output folder, so named that readers of partitioned data see the day as a column."""
    folder = Path(out) if out else state_home() / "scored"
    return folder / f"scored_on={datetime.now():%Y-%m-%d}"


def _nothing_new(source: str, holds_files: bool) -> State[Any]:
    """The end of a run that found no work: nothing in MLflow, and two words in Prefect's list of runs."""
    why = "holds what it held the last time" if holds_files else "holds no file yet"
    return Completed(name=NOTHING_NEW, message=f"{redact(source)} {why}.", data={"new": False})
