"""Where runs are recorded: the address in force, its client, the experiment."""

import logging
import os
from functools import cache
from typing import TYPE_CHECKING

from tasks.storage import state_home

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "crisisflow"
# Without the kind, MLflow's pages open on charts for chat agents.
EXPERIMENT_TAGS = {
    "mlflow.experimentKind": "custom_model_development",
    "mlflow.note.content": "Does a tweet report a real disaster? A row is one retraining and unfolds into its stages, "
    "their steps and one run for each model. To compare models, search for `tags.kind != ''`.",
}


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
