"""What the start page shows, read from MLflow's runs, the registry, and Prefect's schedule."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx

from tasks import registry
from tasks.runtime.redaction import mask_secrets
from tasks.scheduling import deployments
from tasks.scheduling.api import PrefectApi
from tasks.scheduling.health import BAD_ENDS
from tasks.tracking import client, descendants, experiment_id, find_runs, nothing_recorded, read_run
from tasks.tracking.views import address_of_run

if TYPE_CHECKING:
    from tasks.registry import ModelVersion
    from tasks.tracking import MlflowRun

LATEST_RUNS = 12
LATEST_DRIFT = 14
GATE, CARD, MISTAKES, LINEAGE, REPORT = (
    "gate.html", "model-card.html", "mistakes.html", "lineage.html", "output/report.html",
)  # fmt: skip


@dataclass(frozen=True)
class Retraining:
    """A finished retraining: when it began, the model that it chose and its scores on the test rows."""

    name: str
    began: datetime
    address: str
    best: str
    accuracy: float
    f1: float
    promoted: bool
    decision: str


@dataclass(frozen=True)
class RunLine:
    """A run without parent: what it was, how it ended, and why if it ended badly."""

    name: str
    stage: str
    status: str
    began: datetime
    minutes: float | None
    said: str
    address: str

    @property
    def failed(self) -> bool:
        """Whether it ended before its work was done."""
        return self.status in ("FAILED", "KILLED")


@dataclass(frozen=True)
class DriftLine:
    """A comparison of tweets with those that the model was tested on: which, of how many, and what came of it."""

    name: str
    began: datetime
    version: str
    compared: float
    verdict: str
    accuracy: float | None
    address: str


@dataclass(frozen=True)
class Champion:
    """The model in use; `links` are the pages that tell more of it, by name."""

    version: str
    model: str
    since: str
    why: str
    scores: dict[str, float]
    links: dict[str, str]


@dataclass(frozen=True)
class Overview:
    """All that the page shows. `scheduled` are deployments as `status --json` prints them."""

    champion: Champion | None = None
    retrainings: Sequence[Retraining] = ()
    runs: Sequence[RunLine] = ()
    scheduled: Sequence[dict[str, Any]] = field(default_factory=list)
    drift: Sequence[DriftLine] = ()

    @property
    def failures(self) -> list[RunLine]:
        """The runs among the latest that failed or were stopped."""
        return [run for run in self.runs if run.failed]

    @property
    def failed_schedules(self) -> list[dict[str, Any]]:
        """What is scheduled and failed the last time."""
        return [each for each in self.scheduled if each["last"] and each["last"]["state"] in BAD_ENDS]


def gather(mlflow: str, prefect: str | None = None) -> Overview:
    """The facts as they are now; `mlflow` and `prefect` are the addresses of the servers that the links lead to.

    Without MLflow's server there are no links.
    """
    scheduled = _scheduled(prefect) if prefect else []
    if nothing_recorded():
        return Overview(scheduled=scheduled)
    experiment = experiment_id()
    retrained = find_runs("tags.stage = 'retrain' and attributes.status = 'FINISHED'", "attributes.start_time ASC")
    roots = find_runs("tags.root_run_id IS NULL", limit=LATEST_RUNS)[:LATEST_RUNS]
    watched = find_runs("tags.stage = 'drift' and attributes.status = 'FINISHED'", limit=LATEST_DRIFT)[:LATEST_DRIFT]
    current = registry.champion()
    return Overview(
        _champion(current, mlflow, experiment) if current else None,
        [_retraining(run, mlflow, experiment) for run in retrained if "test/accuracy" in run.data.metrics],
        [_line(run, mlflow, experiment) for run in roots],
        scheduled,
        [_drift(run, mlflow, experiment) for run in watched],
    )


def _scheduled(prefect: str) -> list[dict[str, Any]]:
    """What is scheduled; empty where Prefect does not answer; the page leaves it out then."""
    try:
        with PrefectApi(f"{prefect}/api") as api:
            found = [each.summary() for each in deployments.read_all(api)]
    except (httpx.HTTPError, RuntimeError):
        return []
    for each in found:
        if each["last"]:
            each["last"]["message"] = mask_secrets(str(each["last"]["message"] or "")).partition("\n")[0]
    return found


def _champion(version: "ModelVersion", server: str, experiment: str) -> Champion:
    changes = [each for each in registry.history() if each.version == str(version.version)]
    links, scores = {}, {}
    if run := _run_of(version):
        root = run.data.tags.get("root_run_id", run.info.run_id)
        scores = {name: run.data.metrics.get(f"test/{name}", float("nan")) for name in ("accuracy", "f1")}
        pages = {"model card": (run.info.run_id, CARD), "mistakes": (run.info.run_id, MISTAKES)}
        pages |= {"gate": (root, GATE), "lineage": (root, LINEAGE)}
        if report := _report_of(root):
            pages["data report"] = (report, REPORT)
        if server:
            links = {n: address_of_run(server, experiment, *each) for n, each in pages.items() if _is_there(*each)}
    if server:
        links["all versions"] = f"{server}/#/models/{registry.MODEL_NAME}"
    said = (changes[-1].time, changes[-1].why) if changes else ("", "")
    return Champion(str(version.version), version.tags.get("model", "unknown"), *said, scores, links)


def _is_there(run_id: str, artifact: str) -> bool:
    folder, _, _ = artifact.rpartition("/")
    return any(each.path == artifact for each in client().list_artifacts(run_id, folder or None))


def _run_of(version: "ModelVersion") -> "MlflowRun | None":
    """The run of a version; None where it was deleted."""
    try:
        return read_run(str(version.run_id))
    except ValueError:
        return None


def _report_of(root_id: str) -> str | None:
    """The run that checked the tweets of this retraining."""
    return next((run.info.run_id for run in descendants(root_id) if run.data.tags.get("stage") == "check_tweets"), None)


def _retraining(run: "MlflowRun", server: str, experiment: str) -> Retraining:
    tags, metrics = run.data.tags, run.data.metrics
    return Retraining(
        str(run.info.run_name),
        _time(run.info.start_time),
        _address(run, server, experiment),
        tags.get("best", ""),
        metrics["test/accuracy"],
        metrics["test/f1"],
        tags.get("promoted") == "true",
        tags.get("decision", ""),
    )


def _line(run: "MlflowRun", server: str, experiment: str) -> RunLine:
    tags, end = run.data.tags, run.info.end_time
    return RunLine(
        str(run.info.run_name),
        tags.get("stage", ""),
        run.info.status,
        _time(run.info.start_time),
        (end - run.info.start_time) / 60_000 if end else None,
        tags.get("error") or tags.get("decision", ""),
        _address(run, server, experiment),
    )


def _drift(run: "MlflowRun", server: str, experiment: str) -> DriftLine:
    tags, metrics = run.data.tags, run.data.metrics
    return DriftLine(
        str(run.info.run_name),
        _time(run.info.start_time),
        tags.get("version", ""),
        metrics.get("compared", float("nan")),
        tags.get("verdict", ""),
        metrics.get("estimated/accuracy"),
        _address(run, server, experiment),
    )


def _address(run: "MlflowRun", server: str, experiment: str) -> str:
    return address_of_run(server, experiment, run.info.run_id) if server else ""


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000).astimezone()
