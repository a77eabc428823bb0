"""The label queue: of tweets that a model scores, those to ask people about."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import flow, task
from pydantic import Field

from flows.names import scheduled_name
from models.labels.budget import Budget
from models.labels.selection import LEAST_RANDOM
from models.settings import Settings, SplitSettings
from models.wording import counted
from tasks import registry, scoring, sources, tracking
from tasks.labels import queue
from tasks.labels.pool import Judge, Pool
from tasks.labels.scored import ask_model, read_scores
from tasks.packaging import mlflow_model
from tasks.registry import CHAMPION_URI
from tasks.registry.data_sources import labelled_groups
from tasks.registry.versions import REFERENCE, SPLIT, hidden
from tasks.runtime.environment import load_tensorflow
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

    def check(self) -> "ModelVersion":
        """The version by which is chosen. Raises ValueError for a model, budget or file of scores that cannot be."""
        Budget.parse(self.budget)
        version = "" if self.scored is None else read_scores(Path(self.scored)).version
        return find_version(f"{registry.MODEL_NAME}/{version}" if version else self.model)


@flow(name="label queue", flow_run_name=scheduled_name)
def fill_queue(request: QueueRequest) -> dict[str, Any]:
    """Put tweets of the source into the queue; return what `--json` prints."""
    version = request.check()
    with tracking.tracked_run(STAGE, STAGE, settings=request) as run:
        snapshot = sources.fetch(request.source)
        run.log_dataset(snapshot, "label queue", request.source)
        return choose_tweets(run, snapshot, request, str(version.version))


@task
def choose_tweets(run: tracking.Run, snapshot: Path, request: QueueRequest, version: str) -> dict[str, Any]:
    """Choose among the tweets of the snapshot by one version, which stays the same whoever is promoted meanwhile."""
    found, budget = find_version(f"{registry.MODEL_NAME}/{version}"), Budget.parse(request.budget)
    pool = _scored_pool(found, snapshot, request, budget)
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


def _scored_pool(found: "ModelVersion", snapshot: Path, request: QueueRequest, budget: Budget) -> Pool:
    """The candidates among the tweets of the snapshot."""
    uri, name = f"models:/{found.name}/{found.version}", f"{found.name}/{found.version}"
    split = SplitSettings.model_validate_json(hidden(found.tags, SPLIT) or "{}")
    labelled = labelled_groups(found.tags.get("validation_rows", ""))
    if request.scored is not None:
        scores = read_scores(Path(request.scored))
        pool = Pool(Judge(name, scores.threshold, split, labelled), budget.tweets)
        reader = Reader(sources.read_tweets(snapshot, request.columns, request.encoding, labelled=False))
        return _filled(pool, scores.of(reader.chunks()), reader)
    load_tensorflow()
    model = mlflow_model.load_model(uri)
    pool = Pool(Judge(name, model.unwrap_python_model().classifier.threshold, split, labelled), budget.tweets)
    columns = scoring.TrainedColumns.of(request.columns, mlflow_model.column_names(model))
    reader = Reader(sources.read_tweets(snapshot, columns, request.encoding, labelled=False))
    return _filled(pool, ask_model(reader.chunks(), model, mlflow_model.familiarity(model)), reader)


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


def find_version(uri: str) -> "ModelVersion":
    """The registered version at this address. Raises ValueError when there is none, or the address names no version."""
    asked = REFERENCE.fullmatch(registry.choose(uri).uri)
    found = (
        registry.find_version(asked["name"] or registry.MODEL_NAME, asked["version"], asked["alias"]) if asked else None
    )
    if found is None:
        raise ValueError(f"{uri} is no registered version: `crisisflow champion` shows which were in use")
    return found
