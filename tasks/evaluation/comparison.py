"""The comparison of models, from what MLflow recorded: as rows, as a picture, as a page."""

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tasks.tracking import Run, client, descendants, find_runs, read_run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tasks.tracking import MlflowRun

MODEL_STEPS = ("train_logistic", "train_nb_svm", "train_network", "combine_models")
SCORES = ("accuracy", "f1", "roc_auc", "log_loss")


@dataclass(frozen=True)
class ModelRow:
    """One trained model: scores on the held-out test split, 95 % bootstrap intervals, and what decides."""

    name: str
    kind: str
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

    def summary(self) -> dict[str, str | float]:
        """The fields that `--json` promises."""
        wanted = ("name", "kind", "features", "run_id", *SCORES, "train_seconds")
        return {name: value for name, value in asdict(self).items() if name in wanted}


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
        kind=tags["kind"],
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
    )


def _interval(metrics: dict[str, float], name: str) -> tuple[float, float]:
    return metrics[f"test_interval/{name}_low"], metrics[f"test_interval/{name}_high"]


def best_row(rows: Sequence[ModelRow]) -> ModelRow:
    """The model that validation prefers; the test split has no say."""
    return max(rows, key=lambda row: row.validation_f1)


def comparison_figure(rows: Sequence[ModelRow]) -> "Figure":
    """Accuracy and F1 of all models as bars with their intervals."""
    from models.figures import comparison_bars

    scores = {"accuracy": [row.accuracy for row in rows], "f1": [row.f1 for row in rows]}
    intervals = {"accuracy": [row.accuracy_interval for row in rows], "f1": [row.f1_interval for row in rows]}
    return comparison_bars([row.name for row in rows], scores, intervals)


def comparison_markdown(rows: Sequence[ModelRow], best: str) -> str:
    """The table as Markdown, best validation F1 marked."""
    lines = ["| model | accuracy | F1 | ROC AUC | log loss | training |", "|---|---|---|---|---|---|"]
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


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>crisisflow: models compared</title>
<style>
 :root {{ color-scheme: light dark }}
 body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
 table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }}
 th, td {{ padding: .35rem .6rem; text-align: right; border-bottom: 1px solid #8884 }}
 th:first-child, td:first-child {{ text-align: left }}
 small {{ opacity: .7 }} .best {{ font-weight: 600 }} img {{ max-width: 100%; background: white; border-radius: .5rem }}
 td:first-child {{ white-space: nowrap }} code {{ font-size: .85em }}
</style></head><body>
<h1>Models compared</h1>
<p>Scores on the held-out test rows, with 95&nbsp;% bootstrap intervals. F1 is that of the positive class: real
disasters. The model in bold has the highest F1 on the validation rows, which alone choose; overlapping
intervals mean that these rows cannot tell two models apart.</p>
<img alt="Accuracy and F1 of all models with intervals" src="data:image/png;base64,{picture}">
<table><thead><tr><th>model<th>accuracy<th>F1<th>ROC AUC<th>log loss<th>training<th>run</tr></thead>
<tbody>
{body}
</tbody></table>
</body></html>
"""


def comparison_page(rows: Sequence[ModelRow]) -> str:
    """The comparison as one HTML page that needs nothing else."""
    picture = io.BytesIO()
    comparison_figure(rows).savefig(picture, format="png", dpi=120)
    best = best_row(rows)
    body = "\n".join(_html_row(row, row is best) for row in rows)
    return PAGE.format(picture=base64.b64encode(picture.getvalue()).decode(), body=body)


def record(run: Run, rows: Sequence[ModelRow], best: ModelRow) -> None:
    """Put the comparison on the retraining's own run: picture, page, description, and the scores of the best."""
    run.log_figure(comparison_figure(rows), "comparison")
    run.log_text(comparison_page(rows), "comparison.html")
    run.describe(comparison_markdown(rows, best.name))
    metrics = client().get_run(best.run_id).data.metrics
    run.log_metrics({name: value for name, value in metrics.items() if name.startswith(("test/", "validation/"))})


def _html_row(row: ModelRow, best: bool) -> str:
    cells = [
        html.escape(row.name),
        *(
            f"{value:.3f} <small>{low:.3f}-{high:.3f}</small>"
            for value, (low, high) in ((row.accuracy, row.accuracy_interval), (row.f1, row.f1_interval))
        ),
        f"{row.roc_auc:.3f}",
        f"{row.log_loss:.3f}",
        f"{row.train_seconds:.1f} s",
        f"<code>{html.escape(row.run_id[:8])}</code>",
    ]
    return f"<tr{' class=best' if best else ''}>" + "".join(f"<td>{cell}" for cell in cells) + "</tr>"
