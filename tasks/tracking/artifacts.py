"""Where runs and models keep their files: in the folder `artifacts` beside the database, wherever that lies, or in the
one that a team's database names.

MLflow writes the address of every run's and model's files into its database, by default an absolute one: a copied state
folder would write into the original, and a moved one would find nothing. The database of a state folder holds addresses
under `mlflow-artifacts:/` instead, MLflow's own name for "where the server keeps them". A server resolves them by its
--artifacts-destination, a process that opens the database without a server by `open_artifacts`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from tasks import database
from tasks.store.layout import MARK

if TYPE_CHECKING:
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

SCHEME = "mlflow-artifacts"
ROOT = f"{SCHEME}:/"
FOLDER, DATABASE = "mlflow", "mlflow.db"


def database_in(home: Path) -> Path:
    """MLflow's database in a state folder."""
    return home / FOLDER / DATABASE


def artifacts_beside(database: Path) -> Path:
    """The folder of all artifacts whose addresses are in this database."""
    return database.parent / "artifacts"


def database_of(tracking_uri: str) -> Path | None:
    """The database at this address, if it is that of a state folder; else None."""
    from sqlalchemy import make_url

    if not tracking_uri.startswith("sqlite:"):
        return None
    file = Path(make_url(tracking_uri).database or "").resolve()
    home = file.parent.parent
    return file if file == database_in(home) and (home / MARK).is_file() else None


def folder_at(tracking_uri: str) -> Path | None:
    """The folder of the artifacts whose addresses are in this database; None of any other, and of a server.

    Raises UnusableDatabase where it is the folder of a team, and this machine does not see it.
    """
    if tracking_uri.startswith("postgresql:"):
        return database.artifacts_of(tracking_uri)
    found = database_of(tracking_uri)
    return artifacts_beside(found) if found else None


def register() -> None:
    """Have MLflow, in this process, resolve the addresses of a state folder's database."""
    from mlflow.store.artifact import artifact_repository_registry

    artifact_repository_registry._artifact_repository_registry.register(SCHEME, open_artifacts)


def open_artifacts(
    artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
) -> "ArtifactRepository":
    """MLflow's access to the files at this address: beside the state folder's database, or else by the server.

    Raises ValueError for an address that leads out of the folder of artifacts.
    """
    import mlflow
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
    from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

    named: dict[str, Any] = {"tracking_uri": tracking_uri, "registry_uri": registry_uri}
    root = folder_at(tracking_uri or mlflow.get_tracking_uri())
    if root is None:
        return MlflowArtifactsRepository(artifact_uri, **named)
    folder = (root / urlparse(artifact_uri).path.lstrip("/")).resolve()
    if not folder.is_relative_to(root.resolve()):
        raise ValueError(f"{artifact_uri} leads out of {root}: no crisisflow wrote that address")
    return LocalArtifactRepository(folder.as_uri(), **named)
