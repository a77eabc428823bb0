"""The label queue: of tweets that a model scores, those to ask people about."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import flow, task
from pydantic import Field

from flows.direct import within_flow
from flows.names import scheduled_name
from models.labels.budget import Budget
from models.labels.selection import LEAST_RANDOM
from models.settings import Settings, SplitSettings
from models.wording import counted
from tasks import scoring, sources, tracking
from tasks.labels import queue
from tasks.labels.pool import Judge, Pool
from tasks.labels.scored import Scores, ask_model, read_scores
from tasks.packaging import mlflow_model
from tasks.registry import CHAMPION_URI
from tasks.registry.data_sources import labelled_groups
from tasks.registry.versions import ADDRESS, SPLIT, TABLE, hidden, registered_version, several_classes, uri_of
from tasks.scoring.rows import Reader
from tasks.sources.columns import ColumnMap

if TYPE_CHECKING:
    from tasks.registry import ModelVersion

STAGE = "label queue"


class QueueRequest(Settings):
    """Of which tweets to fill the queue, by which model, and within which budget."""

    source: str = Field(description="Tweets: whatever ingestion reads.")
    scored: str | None = Field(None, description="What `score` wrote of these tweets; without it they are scored now.")
    model: str = Field(CHAMPION_URI, description="Address of a registered version.")
    budget: str = Field("50/day", description="How many tweets are asked about: 50/day, 200/week, or 50 each time.")
    random_share: float = Field(LEAST_RANDOM, ge=LEAST_RANDOM, le=1, description="Share that is drawn at random.")
    columns: ColumnMap = ColumnMap()
    encoding: str | None = Field(None, description="Encoding of the source.")


@flow(name="label queue", flow_run_name=scheduled_name)
def fill_queue(request: QueueRequest) -> dict[str, Any]:
    """Put tweets of the source into the queue; return what `--json` prints."""
    Budget.parse(request.budget)
    scores = None if request.scored is None else read_scores(Path(request.scored), _classes_by(request.model))
    version = registered_version(uri_of(scores.version) if scores and scores.version else request.model)
    with tracking.tracked_run(STAGE, STAGE, settings=request) as run:
        snapshot = sources.fetch(request.source)
        run.log_dataset(snapshot, "label queue", request.source)
        return within_flow(choose_tweets)(run, snapshot, request, f"{ADDRESS}{version.name}/{version.version}", scores)


def _classes_by(model: str) -> Callable[[str], tuple[str, ...]]:
    """The several classes of the version that scored, or, where it is not named, of the model that is asked for."""
    return lambda version: several_classes(registered_version(uri_of(version) if version else model).tags)


@task
def choose_tweets(
    run: tracking.Run, snapshot: Path, request: QueueRequest, uri: str, scores: Scores | None
) -> dict[str, Any]:
    """Choose among the tweets of the snapshot by one version, which stays the same whoever is promoted meanwhile."""
    found, budget = registered_version(uri), Budget.parse(request.budget)
    pool, version = _scored_pool(found, snapshot, request, scores, budget), str(found.version)
    new = queue.ask(budget, lambda count, known: pool.choose(count, known, request.random_share))
    run.tag(model=found.tags.get("model", ""), version=version)
    counts = {"asked": len(new), **{why: sum(each.asked == why for each in new) for why in ("chosen", "random")}}
    run.log_metrics({**counts, **pool.counts})
    return {
        "run_id": run.run_id,
        "model": found.tags.get("model", ""),
        "version": version,
        **counts,
        **pool.counts,
        "budget": str(budget),
        "left": max(0, budget.tweets - queue.spent(budget)) if budget.period else 0,
        "open": len(queue.open_questions("")),
    }


def _scored_pool(
    found: "ModelVersion", snapshot: Path, request: QueueRequest, scores: Scores | None, budget: Budget
) -> Pool:
    """The candidates among the tweets of the snapshot."""
    name = f"{found.name}/{found.version}"
    split = SplitSettings.model_validate_json(hidden(found.tags, SPLIT) or "{}")
    labelled, classes = labelled_groups(found.tags.get(TABLE, "")), several_classes(found.tags)
    if scores is not None:
        pool = Pool(Judge(name, scores.threshold, split, labelled, classes), budget.tweets)
        reader = Reader(sources.read_tweets(snapshot, request.columns, request.encoding, labelled=False))
        return _filled(pool, scores.of(reader.chunks()), reader)
    model = mlflow_model.load_model(f"{ADDRESS}{name}")
    threshold = model.unwrap_python_model().classifier.threshold
    pool = Pool(Judge(name, threshold, split, labelled, classes), budget.tweets)
    columns = scoring.TrainedColumns.of(request.columns, mlflow_model.column_names(model))
    reader = Reader(sources.read_tweets(snapshot, columns, request.encoding, labelled=False))
    return _filled(pool, ask_model(reader.chunks(), model, mlflow_model.familiarity(model), classes), reader)


def _filled(pool: Pool, rows: Any, reader: Reader) -> Pool:
    """The pool with these rows; rows without a score are counted. Raises ValueError when none has one."""
    for each in rows:
        pool.add(each)
    if not pool.counts["scored"]:
        raise ValueError(
            f"none of {counted(reader.rows, 'row')} has a score: the ids of SRC and of --scored do not meet"
        )
    pool.counts = {"read": reader.rows, **pool.counts}
    return pool
