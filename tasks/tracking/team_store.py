"""MLflow on the team's database: its tables are made by one process, and calls wait for a server that is away."""

import logging
import threading
import uuid
from collections.abc import Callable
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

from tasks.database.address import Address
from tasks.database.connection import Patience, connected
from tasks.database.joining import check_versions, held_versions
from tasks.database.locks import held
from tasks.database.versions import judge
from tasks.runtime import errors
from tasks.tracking import artifacts

if TYPE_CHECKING:
    from sqlalchemy import Engine

SCHEME = "postgresql"
OPENED = "mlflow.crisisflow.opened"  # tag: the call that made a run; MLflow's pages do not show it
_calls = threading.local()  # whether this thread is inside a call, and the tag of the run that it opens


@cache
def make_tables(address: Address) -> str:
    """Address of the database for MLflow, whose tables are made, or brought up to date, when they have to be.

    Whether older tables may be changed was decided when the database was joined.
    """
    # It prints each migration, and a page of code for each attempt to reach a server that is away.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    uri = address.tracking_uri()
    with connected(address) as connection, held(connection, "making mlflow"):
        check_versions(connection, address, upgrade=True)
        version = judge("mlflow", "postgresql", held_versions(connection, "mlflow"))
        if version.verdict != "same":
            _bring_up_to_date(uri, new=version.verdict == "none")
    return uri


def _bring_up_to_date(uri: str, new: bool) -> None:
    from mlflow.store.db import utils
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    if not new:
        engine: Engine = utils.create_sqlalchemy_engine(uri)
        utils._upgrade_db(engine)
        engine.dispose()
    SqlAlchemyStore(uri, artifacts.ROOT).engine.dispose()


def register() -> None:
    """Have MLflow, in this process, use stores that wait."""
    from mlflow.tracking._model_registry.utils import _get_store_registry
    from mlflow.tracking._tracking_service.utils import _tracking_store_registry

    tracking, registry = _stores()
    _tracking_store_registry.register(SCHEME, lambda store_uri, artifact_uri: tracking(store_uri, artifacts.ROOT))
    _get_store_registry().register(SCHEME, lambda store_uri, **_: registry(store_uri))


@cache
def _stores() -> tuple[type, type]:
    from mlflow.entities import RunTag, ViewType
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as Tracking

    class PatientTracking(Patient, Tracking):
        """MLflow's store of runs."""

        def create_run(self, experiment_id: str, user_id: str, start_time: int, tags: Any, run_name: str) -> Any:
            """A new run; asked again, the one that was made if only the answer was lost with the connection."""
            before = getattr(_calls, "opened", None)
            opened = _calls.opened = before or RunTag(OPENED, uuid.uuid4().hex)
            store: Any = super()
            if before:
                same = f"tags.`{opened.key}` = '{opened.value}'"
                if made := store.search_runs([experiment_id], same, ViewType.ACTIVE_ONLY):
                    return made[0]
            return store.create_run(experiment_id, user_id, start_time, [*(tags or []), opened], run_name)

    class PatientRegistry(Patient, Registry):
        """MLflow's store of registered models."""

    return PatientTracking, PatientRegistry


class Patient:
    """A store whose calls, where the database is lost, are made again from the start.

    Only the outermost call is: what it has done before was one transaction, which the server has undone.
    """

    engine: "Engine"

    def __getattribute__(self, name: str) -> Any:
        """A public method becomes one that waits."""
        found = super().__getattribute__(name)
        if name.startswith("_") or not callable(found) or getattr(_calls, "inside", False):
            return found

        @wraps(found)
        def patiently(*arguments: Any, **named: Any) -> Any:
            return _until_answered(lambda: found(*arguments, **named), self.engine)

        return patiently


def _until_answered(call: Callable[[], Any], engine: "Engine") -> Any:
    patience = Patience(f"{engine.url.host or 'PostgreSQL'}:{engine.url.port}")
    _calls.inside = True
    try:
        while True:
            try:
                return call()
            except Exception as error:
                if not errors.tracking_lost(error) or not patience.wait():
                    raise
    finally:
        _calls.inside, _calls.opened = False, None
