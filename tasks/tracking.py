"""The one door to MLflow runs.

MLflow's active run belongs to a thread, which loses runs under an orchestrator. Here a run is a value that is handed
along; everything is logged by its id through one client, and whoever opens a run closes it, whatever happens.
"""

import logging
import os
import resource
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict

from tasks import processes, provenance
from tasks.storage import state_home

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun

logger = logging.getLogger(__name__)

EXPERIMENT = "crisisflow"
# Without the kind, MLflow's pages open on charts for chat agents.
EXPERIMENT_TAGS = {
    "mlflow.experimentKind": "custom_model_development",
    "mlflow.note.content": "Does a tweet report a real disaster? A row is one retraining and unfolds into its stages, "
    "their steps and one run for each model. To compare models, search for `tags.kind != ''`.",
}
MAX_PARAMETER_CHARACTERS = 6_000  # MLflow's own limit
PARAMETERS_PER_CALL = 100
METRICS_PER_CALL = 1_000
RUNS_PER_CALL = 1_000


class Run(BaseModel):
    """One MLflow run, by id. Handed to every task that has something to record; a step's own knows its action key."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    root_id: str
    action_key: str = ""

    def log_settings(self, settings: Mapping[str, Any]) -> None:
        """Record settings as flat parameters (`text.lowercase`); a parameter can be set once."""
        from mlflow.entities import Param

        flat = [Param(name, str(value)[:MAX_PARAMETER_CHARACTERS]) for name, value in flatten(settings).items()]
        for start in range(0, len(flat), PARAMETERS_PER_CALL):
            client().log_batch(self.run_id, params=flat[start : start + PARAMETERS_PER_CALL])

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Record figures under their common names; what is not a number is left out."""
        self.log_history([(step, metrics)])

    def log_history(self, history: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        """Record figures of many steps in few calls."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        points = [
            Metric(name, float(value), now, step)
            for step, metrics in history
            for name, value in metrics.items()
            if value == value
        ]
        for start in range(0, len(points), METRICS_PER_CALL):
            client().log_batch(self.run_id, metrics=points[start : start + METRICS_PER_CALL])

    def tag(self, **tags: Any) -> None:
        """Set tags; a double underscore in a name stands for a dot."""
        from mlflow.entities import RunTag

        client().log_batch(self.run_id, tags=[RunTag(name.replace("__", "."), str(v)) for name, v in tags.items()])

    def rename(self, name: str) -> None:
        """Give the run another name."""
        client().set_tag(self.run_id, "mlflow.runName", name)

    def describe(self, markdown: str) -> None:
        """Set the description that the run's page shows first."""
        client().set_tag(self.run_id, "mlflow.note.content", markdown)

    def log_figure(self, figure: "Figure", name: str) -> None:
        """Keep a picture as `figures/<name>.png`."""
        client().log_figure(self.run_id, figure, f"figures/{name}.png")

    def log_file(self, path: Path, folder: str | None = None) -> None:
        """Keep a copy of a file, or of all files in a folder, among the run's artifacts."""
        if path.is_dir():
            client().log_artifacts(self.run_id, str(path), folder or path.name)
        else:
            client().log_artifact(self.run_id, str(path), folder)

    def log_text(self, text: str, name: str) -> None:
        """Keep a text under this artifact path."""
        client().log_text(self.run_id, text, name)

    def log_table(self, rows: Mapping[str, Sequence[Any]], name: str) -> None:
        """Keep a table, columns by name, that the run's page can show."""
        client().log_table(self.run_id, {column: list(values) for column, values in rows.items()}, f"{name}.json")

    def log_dataset(self, artifact: Path, context: str, source: str = "") -> None:
        """Record which data went in, by content digest."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        dataset = Dataset(
            artifact.parent.name, artifact.name, "crisisflow", source or f"{artifact.parent.name}/{artifact.name}"
        )
        client().log_inputs(self.run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", context)])])


def tracking_uri() -> str:
    """MLFLOW_TRACKING_URI, or a SQLite file in the state folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{state_home() / 'mlflow' / 'mlflow.db'}"


@cache
def _client_at(uri: str) -> "MlflowClient":
    import mlflow

    (state_home() / "mlflow").mkdir(exist_ok=True)
    for name in ("alembic", "mlflow"):  # a new database, or a model's example being tried, is no news
        logging.getLogger(name).setLevel(logging.WARNING)
    mlflow.set_tracking_uri(uri)
    return mlflow.MlflowClient(uri)


def client() -> "MlflowClient":
    """The client of the tracking server in force."""
    return _client_at(tracking_uri())


@cache
def _experiment_at(uri: str, name: str) -> str:
    from mlflow.exceptions import MlflowException

    found = client().get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    artifacts = (state_home() / "mlflow" / "artifacts").as_uri() if uri.startswith("sqlite") else None
    try:
        return str(client().create_experiment(name, artifact_location=artifacts, tags=EXPERIMENT_TAGS))
    except MlflowException:  # another process was first
        found = client().get_experiment_by_name(name)
        if found is None:
            raise
        return str(found.experiment_id)


def experiment_id() -> str:
    """The experiment that all runs belong to, made when absent."""
    return _experiment_at(tracking_uri(), os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT)


@contextmanager
def tracked_run(
    name: str, stage: str, parent: Run | None = None, settings: BaseModel | Mapping[str, Any] | None = None
) -> Iterator[Run]:
    """An open run for the block: a child of `parent`, or the root of a new tree.

    Closed as FINISHED, as KILLED on Ctrl-C or SIGTERM, as FAILED (with the error as a tag) on anything else.
    """
    if parent is None:
        reconcile_runs()
    start = time.monotonic()
    run = _open(name, stage, parent)
    try:
        if settings is not None:
            run.log_settings(settings.model_dump() if isinstance(settings, BaseModel) else settings)
        if parent is None:
            provenance_files = provenance.dirty_patch()
            if provenance_files:
                run.log_text(provenance_files, "code/uncommitted.patch")
        yield run
    except Exception as error:
        run.tag(error=f"{type(error).__name__}: {error}"[:500])
        _close(run, "FAILED", start)
        raise
    except BaseException:  # Ctrl-C, SIGTERM, and Prefect's own signal that a run is to end
        _close(run, "KILLED", start)
        raise
    _close(run, "FINISHED", start)


def _open(name: str, stage: str, parent: Run | None) -> Run:
    tags = {
        "mlflow.runName": name if parent else f"{name} {datetime.now():%Y-%m-%d %H:%M:%S}",
        "mlflow.source.name": "crisisflow",
        "stage": stage,
        **provenance.code_tags(),
        **processes.process_tags(),
    }
    if parent is not None:
        tags["mlflow.parentRunId"] = parent.run_id
        tags["root_run_id"] = parent.root_id
    else:
        tags |= provenance.host_tags()
    opened = client().create_run(experiment_id(), tags=tags)
    run_id = opened.info.run_id
    return Run(run_id=run_id, root_id=parent.root_id if parent else run_id)


def _close(run: Run, status: str, start: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    run.log_metrics({"duration_seconds": round(time.monotonic() - start, 3), "peak_memory_mb": round(peak, 1)})
    client().set_terminated(run.run_id, status)


def reconcile_runs() -> int:
    """Close the runs that a dead process of this host left RUNNING, as KILLED; return how many."""
    dead = [run for run in _running() if not _alive(run)]
    for run in dead:
        client().set_tag(run.info.run_id, "error", "its process ended without closing the run")
        client().set_terminated(run.info.run_id, "KILLED")
    if dead:
        logger.warning("closed %d runs whose process is gone", len(dead))
    return len(dead)


def _running() -> "list[MlflowRun]":
    mine = f"tags.host = '{socket.gethostname()}' and tags.process != '' and tags.process_started != ''"
    return find_runs(f"attributes.status = 'RUNNING' and {mine}")


def _alive(run: "MlflowRun") -> bool:
    """Whether the process that opened the run still exists."""
    tags = run.data.tags
    return processes.alive(int(tags["process"]), tags["process_started"])


def read_run(run_id: str) -> "MlflowRun":
    """The run of this id. Raises ValueError when the tracking store has none."""
    from mlflow.exceptions import MlflowException

    try:
        return client().get_run(run_id)
    except MlflowException as error:
        raise ValueError(f"no run {run_id!r} in {tracking_uri()}: `crisisflow compare` shows the latest") from error


def comparison_address(server: str) -> str:
    """The page of a tracking server that charts all models side by side, the best test F1 first."""
    query = {
        "workflowType": "machine_learning",  # else MLflow shows its pages for chat agents
        "compareRunsMode": "CHART",
        "searchFilter": "tags.kind != '' and tags.step_outcome = 'run'",
        "orderByKey": "metrics.`test/f1`",
        "orderByAsc": "false",
        "startTime": "ALL",
    }
    return f"{server}/#/experiments/{experiment_id()}/runs?{urlencode(query, quote_via=quote)}"


def descendants(root_id: str) -> "list[MlflowRun]":
    """All runs below a root run, oldest first."""
    return find_runs(f"tags.root_run_id = '{root_id}'", "attributes.start_time ASC")


def unfinished_run(**tags: str) -> str | None:
    """The id of the latest run with these tags, when it was killed or failed; None when there is nothing to resume."""
    wanted = " and ".join(f"tags.{name} = '{value}'" for name, value in tags.items())
    found = find_runs(f"{wanted} and attributes.status != 'RUNNING'", limit=1)
    return str(found[0].info.run_id) if found and found[0].info.status != "FINISHED" else None


def step_outcomes(root_id: str) -> dict[str, int]:
    """How many steps below this root were computed and how many reused."""
    outcomes = [run.data.tags.get("step_outcome") for run in descendants(root_id)]
    return {name: outcomes.count(name) for name in ("run", "cached")}


def find_runs(filter_string: str, order: str = "attributes.start_time DESC", limit: int = 0) -> "list[MlflowRun]":
    """The runs of the experiment that match, newest first unless another order is asked for; all, or so many."""
    found: list[MlflowRun] = []
    token = None
    while True:
        page = client().search_runs(
            [experiment_id()], filter_string, order_by=[order], max_results=limit or RUNS_PER_CALL, page_token=token
        )
        found += page
        token = page.token
        if not token or 0 < limit <= len(found):
            return found


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level with dotted names.

    >>> flatten({"text": {"lowercase": True}, "seed": 1})
    {'text.lowercase': True, 'seed': 1}
    """
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{key}.")
        elif isinstance(value, (list, tuple)) and value and isinstance(value[0], Mapping):
            flat |= flatten({str(index): each for index, each in enumerate(value)}, f"{key}.")
        else:
            flat[key] = value
    return flat
