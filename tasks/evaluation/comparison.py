"""The comparison of models, from what MLflow recorded: as rows, as a picture, on the run.

Scores are those of the test rows of one checked table. Rows of another table, or of the same tweets split otherwise,
are other test rows: such models stand in different tables, each with a best one of its own (`choice`).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from models.classifiers.target import target_of
from models.settings import Kind
from tasks.tracking import Run, client, descendants, find_runs, read_run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tasks.tracking import MlflowRun

MODEL_STEPS = ("train_logistic", "train_nb_svm", "train_network", "combine_models")
SCORES = ("accuracy", "f1", "roc_auc", "log_loss")


@dataclass(frozen=True)
class ModelRow:
    """One trained model: scores on the held-out test split, 95 % bootstrap intervals, and what decides.

    `data` is the digest of the checked tweets whose test rows were scored, `test_rows` their number. `classes` are
    those of a label of several, whose F1 is the mean over them.
    """

    name: str
    kind: Kind
    features: str
    run_id: str
    accuracy: float
    f1: float
    roc_auc: float
    log_loss: float
    train_seconds: float
    accuracy_interval: tuple[float, float]
    f1_interval: tuple[float, float]
    validation_f1: float
    model_uri: str
    artifact: str
    reused: bool
    data: str = ""
    test_rows: int = 0
    classes: tuple[str, ...] = ()

    @property
    def f1_name(self) -> str:
        """What its F1 is: that of disasters, or the mean of several classes."""
        return target_of(self.classes).f1_name

    def summary(self) -> dict[str, Any]:
        """The fields that `--json` promises."""
        wanted = ("name", "kind", "features", "run_id", *SCORES, "train_seconds", "data")
        told = {name: value for name, value in asdict(self).items() if name in wanted}
        return told | ({"classes": list(self.classes)} if self.classes else {})


def latest_retrain() -> str:
    """The id of the newest finished retraining. Raises ValueError when there is none."""
    found = find_runs("tags.stage = 'retrain' and attributes.status = 'FINISHED'")
    if not found:
        raise ValueError("no finished retraining to compare yet: run `crisisflow retrain` first")
    return str(found[0].info.run_id)


def model_rows(run_id: str) -> list[ModelRow]:
    """The models trained or reused under this run, in the order they were made. A model's own run gives one row."""
    runs = [read_run(run_id), *descendants(run_id)]
    rows = [_row(each) for each in runs if each.data.tags.get("stage") in MODEL_STEPS and "model" in each.data.tags]
    if not rows:
        raise ValueError(f"run {run_id} trained no models: give the id of a retraining or of a model")
    return rows


def _row(run: "MlflowRun") -> ModelRow:
    tags, metrics = run.data.tags, run.data.metrics
    missing = float("nan")
    return ModelRow(
        name=tags["model"],
        kind=cast("Kind", tags["kind"]),
        features=tags["features"],
        run_id=run.info.run_id,
        **{name: metrics.get(f"test/{name}", missing) for name in SCORES},
        train_seconds=metrics.get("train_seconds", missing),
        accuracy_interval=_interval(metrics, "accuracy"),
        f1_interval=_interval(metrics, "f1"),
        validation_f1=metrics.get("validation/f1", missing),
        model_uri=tags["model_uri"],
        artifact=tags["output"],
        reused="reused_from" in tags,
        data=_data_of(run),
        test_rows=int(metrics.get("tweets/test", 0)),
        classes=tuple(json.loads(tags.get("classes", "[]"))),
    )


def _data_of(run: "MlflowRun") -> str:
    """The digest of the checked tweets that went into a run, or into the retraining around it."""
    root = run.data.tags.get("root_run_id")
    for each in (run, *([read_run(root)] if root else [])):
        for entry in each.inputs.dataset_inputs if each.inputs else ():
            if entry.dataset.name == "tweets":
                return str(entry.dataset.digest)
    return ""


def _interval(metrics: dict[str, float], name: str) -> tuple[float, float]:
    return metrics[f"test_interval/{name}_low"], metrics[f"test_interval/{name}_high"]


def comparison_figure(rows: Sequence[ModelRow]) -> "Figure":
    """Accuracy and F1 of all models as bars with their intervals."""
    from models.figures import comparison_bars

    f1 = "macro F1" if rows[0].classes else "f1"
    scores = {"accuracy": [row.accuracy for row in rows], f1: [row.f1 for row in rows]}
    intervals = {"accuracy": [row.accuracy_interval for row in rows], f1: [row.f1_interval for row in rows]}
    return comparison_bars([row.name for row in rows], scores, intervals)


def comparison_markdown(rows: Sequence[ModelRow], best: str) -> str:
    """The table as Markdown, the model of this name marked."""
    f1 = rows[0].f1_name
    lines = [f"| model | accuracy | {f1} | ROC AUC | log loss | training |", "|---|---|---|---|---|---|"]
    for row in rows:
        mark = "**" if row.name == best else ""
        lines.append(
            f"| {mark}{row.name}{mark} | {_with_interval(row.accuracy, row.accuracy_interval)} "
            f"| {_with_interval(row.f1, row.f1_interval)} | {row.roc_auc:.3f} | {row.log_loss:.3f} "
            f"| {row.train_seconds:.1f} s |"
        )
    return "\n".join(lines)


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3f} ({interval[0]:.3f}-{interval[1]:.3f})"


def record(run: Run, rows: Sequence[ModelRow], best: ModelRow, page: str) -> None:
    """Put the comparison on the retraining's own run: picture, page, description, and the scores of the best."""
    run.log_figure(comparison_figure(rows), "comparison")
    run.log_text(page, "comparison.html")
    run.describe(comparison_markdown(rows, best.name))
    metrics = client().get_run(best.run_id).data.metrics
    run.log_metrics({name: value for name, value in metrics.items() if name.startswith(("test/", "validation/"))})
