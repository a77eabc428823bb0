"""The runs that trained what is asked: the newest, or those at or below a run; and the artifacts that they made."""

from pathlib import Path
from typing import TYPE_CHECKING

from tasks import tracking
from tasks.runtime import state_folder
from tasks.store import artifact_store

if TYPE_CHECKING:
    from tasks.tracking import MlflowRun


def find_training(stage: str, run_id: str | None, condition: str = "") -> "MlflowRun | None":
    """The newest finished run of this step: of all, or at or below the run of this id; None when there is none.

    `condition` is a further filter in MLflow's language. Raises ValueError when there is no run of this id.
    """
    trained = f"tags.stage = '{stage}' and attributes.status = 'FINISHED'" + (f" and {condition}" if condition else "")
    if run_id is None:
        found = tracking.find_runs(trained, limit=1)
    else:
        run = tracking.read_run(run_id)
        links = (f"tags.root_run_id = '{run_id}'", f"tags.`mlflow.parentRunId` = '{run_id}'")
        below = [each for link in links for each in tracking.find_runs(f"{trained} and {link}")]
        found = [run] if run.data.tags.get("stage") == stage else below
    return found[0] if found else None


def artifact_of(run: "MlflowRun", command: str) -> Path:
    """The artifact that a step's run made, verified.

    Raises ValueError, naming the command that makes it, when the state folder has lost it, and DamagedArtifactError
    when a file of it has changed.
    """
    artifact = state_folder.state_home() / "store" / run.data.tags["output"]
    if not artifact_store.is_artifact(artifact):
        raise ValueError(f"what run {run.info.run_id} trained is no longer in {artifact.parent}: run `{command}` again")
    artifact_store.verify(artifact)
    return artifact
