"""Where runs are recorded: the address in force, its client, the experiment."""

import logging
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache, wraps
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tasks import database
from tasks.runtime import errors, signals
from tasks.runtime.atomic_files import draft_file, put_in_place
from tasks.runtime.progress import say
from tasks.runtime.redaction import mask_secrets
from tasks.runtime.state_folder import locked, state_home
from tasks.store import layout
from tasks.tracking import artifacts, team_store, views

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

_ENVIRONMENT = Lock()
EXPERIMENT = "crisisflow"
# Without the kind, MLflow's pages open on charts for chat agents.
EXPERIMENT_TAGS = {
    "mlflow.experimentKind": "custom_model_development",
    "mlflow.note.content": "A row is a retraining; unfold it. Two saved views (the menu beside the name) show all "
    "retrainings with scores and decisions, and all models side by side.",
}


def tracking_uri() -> str:
    """MLFLOW_TRACKING_URI, the team's database, or a SQLite file in the state folder."""
    if named := os.environ.get("MLFLOW_TRACKING_URI"):
        return named
    team = database.in_force()
    return team.tracking_uri() if team else _database_uri()


def public_uri() -> str:
    """The same to be shown and kept: without secrets. That of a team's database names the user, and no password."""
    return tracking_uri() if _is_team(tracking_uri()) else mask_secrets(tracking_uri())


def _database() -> Path:
    return artifacts.database_in(state_home())


def _database_uri() -> str:
    return f"sqlite:///{_database()}"


def nothing_recorded() -> bool:
    """Whether nothing was ever recorded: the database would be that of the state folder, and was not made yet."""
    return tracking_uri() == _database_uri() and not _database().exists()


def make_database() -> str:
    """Address of the team's or the state folder's database, which is made when absent, by one process and whole."""
    if team := database.in_force():
        return team_store.make_tables(team)
    layout.bring_up_to_date()
    if not _database().exists():
        with locked("mlflow"):
            if not _database().exists():
                _create_database(_database())
    return _database_uri()


@cache
def _client_at(uri: str) -> "MlflowClient":
    import mlflow

    for name in ("alembic", "mlflow"):  # a new database, or a model's example being tried, is not news
        logging.getLogger(name).setLevel(logging.WARNING)
    if uri.startswith("http"):
        logging.getLogger("urllib3.connectionpool").addFilter(_tell_of_retry)
    elif _is_own(uri) or _is_team(uri):
        make_database()
    if _is_team(uri):
        team_store.register()
    artifacts.register()
    _send_mlflow_to(uri)
    return mlflow.MlflowClient(uri) if uri.startswith("http") else _whole_calls(uri)


def _whole_calls(uri: str) -> "MlflowClient":
    """A client of a database, none of whose calls is broken off in the middle by Ctrl-C.

    The connection would live on in the traceback, and keep the database locked while the runs are to be closed.
    """
    import mlflow

    class WholeCalls(mlflow.MlflowClient):
        def __getattribute__(self, name: str) -> Any:
            found = super().__getattribute__(name)
            if name.startswith("_") or not callable(found):
                return found

            @wraps(found)
            def whole(*arguments: Any, **named: Any) -> Any:
                with signals.deferred():
                    return found(*arguments, **named)

            return whole

    return WholeCalls(uri)


def _send_mlflow_to(uri: str) -> None:
    """Have MLflow's own functions use that address.

    MLflow leaves it in MLFLOW_TRACKING_URI as well, where it would outlive the state folder that it belongs to.
    """
    import mlflow

    with _ENVIRONMENT:  # what one thread puts there for a moment another must not take for its own
        named = os.environ.get("MLFLOW_TRACKING_URI")
        mlflow.set_tracking_uri(uri)
        if named is None:
            os.environ.pop("MLFLOW_TRACKING_URI", None)
        else:
            os.environ["MLFLOW_TRACKING_URI"] = named


def _create_database(path: Path) -> None:
    """An empty database with all tables. MLflow makes them in many steps, and cannot go on with half of them."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    with draft_file(path.parent) as draft:
        store = SqlAlchemyStore(f"sqlite:///{draft}", artifacts.ROOT)
        store.engine.dispose()
        put_in_place(draft, path)


def _is_own(uri: str) -> bool:
    """Whether this is the address of the state folder's database, however it is written."""
    return uri == _database_uri() or artifacts.database_of(uri) == _database()


def _is_team(uri: str) -> bool:
    """Whether this is the address of the team's database."""
    team = database.in_force()
    return team is not None and uri == team.tracking_uri()


def _artifact_location(uri: str) -> str | None:
    """Where a new experiment keeps its files; a tracking server chooses for itself.

    A database that the user names elsewhere is not part of the state folder: its files are found by their whole path.
    """
    if _is_own(uri) or _is_team(uri):
        return artifacts.ROOT
    return artifacts.artifacts_beside(_database()).as_uri() if uri.startswith("sqlite") else None


def _tell_of_retry(record: logging.LogRecord) -> bool:
    """Say in our words that MLflow tries a request again; its own are the addresses of Python objects."""
    if not str(record.msg).startswith("Retrying"):
        return True
    arguments: Any = record.args
    seconds = arguments[0].get_backoff_time()
    say(f"  the tracking server at {tracking_uri()} does not answer: trying again in {seconds:.0f} s")
    return False


def client() -> "MlflowClient":
    """The client of the tracking server in force."""
    return _client_at(tracking_uri())


def defer_signals() -> AbstractContextManager[None]:
    """Let Ctrl-C wait until the block is done, where it writes to a database; a server ends its own transactions."""
    return nullcontext() if tracking_uri().startswith("http") else signals.deferred()


def fluent_mlflow() -> ModuleType:
    """MLflow's module, whose functions use the tracking server in force."""
    import mlflow

    client()
    _send_mlflow_to(tracking_uri())
    return mlflow


@cache
def _experiment_at(uri: str, name: str) -> str:
    from mlflow.exceptions import MlflowException

    found = client().get_experiment_by_name(name)
    if found is not None:
        _save_views(str(found.experiment_id), found.tags)
        return str(found.experiment_id)
    location = _artifact_location(uri)
    try:
        tags = EXPERIMENT_TAGS | views.view_tags()
        return str(client().create_experiment(name, artifact_location=location, tags=tags))
    except MlflowException:  # another process was first
        found = client().get_experiment_by_name(name)
        if found is None:
            raise
        return str(found.experiment_id)


def _save_views(experiment: str, known: Mapping[str, str]) -> None:
    """Write our views on the experiment where it does not hold them as they are now.

    A server on which the user may not change the experiment is used all the same.
    """
    from mlflow.exceptions import MlflowException

    try:
        for name, value in views.view_tags().items():
            if known.get(name) != value:
                client().set_experiment_tag(experiment, name, value)
    except MlflowException as error:
        if errors.tracking_lost(error):
            raise
        logger.warning("the views of the experiment are not saved: %s", mask_secrets(str(error)))


def experiment_id() -> str:
    """The experiment that all runs belong to, made when absent."""
    return _experiment_at(tracking_uri(), os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT)
