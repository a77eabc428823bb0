"""Saved views of the experiment: columns, order and filter that MLflow's pages open with, as tags that they read.

MLflow has no default columns of an experiment. What it has are views that users save, tags of the experiment named
`mlflow.sharedViewState.` and a key; they stand in the menu of saved views, and an address can name one.
"""

import json
from typing import Any
from urllib.parse import quote, urlencode

PREFIX = "mlflow.sharedViewState."
RETRAININGS, MODELS = "retrainings", "models"
SCORES = ("test/accuracy", "test/f1", "test/log_loss")
# Models of an evaluation's folds would crowd out those that were made to be used.
ONLY_MODELS = "tags.kind != '' and tags.step_outcome = 'run' and tags.fold IS NULL"


def view_tags() -> dict[str, str]:
    """The tags of the two views: all retrainings, newest first; and all models, best test F1 first."""
    retrainings = _view(
        "Retrainings: scores, best model, decision",
        "tags.stage = 'retrain' and tags.refused IS NULL",
        "attributes.start_time",
        [*_metrics("test/accuracy", "test/f1"), *_tags("best", "promoted", "decision")],
    )
    models = _view(
        "Models: scores, best F1 first",
        ONLY_MODELS,
        "metrics.`test/f1`",
        [*_metrics(*SCORES, "train_seconds"), *_tags("model", "retraining")],
    )
    return {PREFIX + RETRAININGS: retrainings, PREFIX + MODELS: models}


def address_of_view(server: str, experiment: str, view: str) -> str:
    """The page of a tracking server that shows a saved view; that of models also as charts."""
    query = {"workflowType": "machine_learning", "viewStateShareKey": view}  # else MLflow opens pages for chat agents
    if view == MODELS:
        query["compareRunsMode"] = "CHART"
    return f"{server}/#/experiments/{experiment}/runs?{urlencode(query, quote_via=quote)}"


def address_of_run(server: str, experiment: str, run_id: str, artifact: str = "") -> str:
    """The page of a tracking server that shows a run, or one of its artifacts."""
    return f"{server}/#/experiments/{experiment}/runs/{run_id}" + (f"/artifacts/{artifact}" if artifact else "")


def _metrics(*names: str) -> list[str]:
    return [f"metrics.`{name}`" for name in names]


def _tags(*names: str) -> list[str]:
    return [f"tags.`{name}`" for name in names]


def _view(name: str, search: str, order: str, columns: list[str]) -> str:
    """One view in MLflow's own form: an envelope with the state of its page as JSON in JSON."""
    state: dict[str, Any] = {
        "searchFilter": search,
        "orderByKey": order,
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": columns,
        "runsHiddenMode": "FIRST_20_RUNS",
    }
    return json.dumps({"name": name, "createdAt": 0, "updatedAt": 0, "state": json.dumps(state)})
