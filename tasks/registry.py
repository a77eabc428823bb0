"""Champion and challenger: which registered model is in use."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import artifacts
from tasks.comparison import ModelRow
from tasks.serving import load_model
from tasks.storage import locked
from tasks.tracking import client

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

MODEL_NAME = "crisisflow"
CHAMPION = "champion"
CHAMPION_URI = f"models:/{MODEL_NAME}@{CHAMPION}"
ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # no such model; no such alias


@dataclass(frozen=True)
class Candidate:
    """A trained model that could be promoted: its run, its logged model, and what decides."""

    run_id: str
    name: str
    model_uri: str
    artifact: str
    validation_rows: str
    validation_f1: float

    @classmethod
    def of(cls, row: ModelRow, validation_rows: str) -> "Candidate":
        """The candidate that a row of the comparison describes; `validation_rows` is the digest of its data."""
        return cls(row.run_id, row.name, row.model_uri, row.artifact, validation_rows, row.validation_f1)


@dataclass(frozen=True)
class Decision:
    """Whether the candidate became champion, why, and the version it has."""

    promoted: bool
    reason: str
    version: str


NOT_ASKED = Decision(False, "nothing was to be promoted", "")


@dataclass(frozen=True)
class ChosenModel:
    """A model to use: an address that stays with this one whoever is promoted meanwhile, and how to call it."""

    uri: str
    name: str
    version: str


def choose(model_uri: str) -> ChosenModel:
    """The model at this address; of the champion, the version that it is now. Others go by their address.

    Raises ValueError when the champion is asked for and there is none.
    """
    if model_uri != CHAMPION_URI:
        return ChosenModel(model_uri, model_uri, "")
    current = champion()
    if current is None:
        raise ValueError("there is no champion yet: run `crisisflow retrain` first, or name a model with --model")
    return ChosenModel(f"models:/{MODEL_NAME}/{current.version}", current.tags["model"], str(current.version))


def champion() -> "ModelVersion | None":
    """The registered version that carries the champion alias, or None."""
    from mlflow.exceptions import MlflowException

    try:
        return client().get_model_version_by_alias(MODEL_NAME, CHAMPION)
    except MlflowException as error:
        if error.error_code not in ABSENT:  # a store that cannot be read has not said that there is no champion
            raise
        return None


def versions() -> "list[ModelVersion]":
    """Every version of every registered model, whoever registered it."""
    found: list[ModelVersion] = []
    token = None
    while True:
        page = client().search_model_versions(max_results=1000, page_token=token)
        found += page
        if not (token := page.token):
            return found


Score = Callable[[str], float]


def validation_f1(model_uri: str, tweets: Path) -> float:
    """F1 of a logged model, at its own threshold, on the validation rows of a table of tweets.

    Raises ValueError when there is no such model.
    """
    from sklearn.metrics import f1_score

    table = artifacts.read_tweets(tweets)
    rows = table.take(artifacts.rows_in(table, "validation"))
    model: Any = load_model(model_uri)
    predicted = model.predict(rows.select(["text", "keyword"]).to_pandas())
    return float(f1_score(rows["target"].to_numpy(), predicted["label"], zero_division=0.0))


def promote(candidate: Candidate, score: Score) -> Decision:
    """Register the candidate; make it champion if its F1 is higher on the very same validation rows.

    `score(model_uri)` is asked for the F1 of a champion that was validated on other rows. One promotion at a time in a
    state folder: two that compared with the same champion would both replace it.
    """
    with locked("registry"):
        return _promote(candidate, score)


def _promote(candidate: Candidate, score: Score) -> Decision:
    current = champion()
    if current is not None and current.tags.get("artifact") == candidate.artifact:
        return Decision(False, f"{candidate.name} is the champion already (version {current.version})", current.version)
    version = _register(candidate)
    better, reason = _compare(candidate, current, score)
    if better:
        client().set_registered_model_alias(MODEL_NAME, CHAMPION, version)
    client().set_model_version_tag(MODEL_NAME, version, "decision", reason)
    return Decision(better, reason, version)


def _compare(candidate: Candidate, current: "ModelVersion | None", score: Score) -> tuple[bool, str]:
    if current is None:
        return True, f"{candidate.name} is the first champion"
    old, new = float(current.tags["validation_f1"]), candidate.validation_f1
    if current.tags.get("validation_rows") != candidate.validation_rows:  # other rows, other figures: ask it again
        try:
            old = score(f"models:/{MODEL_NAME}/{current.version}")
        except ValueError as error:
            return True, f"{candidate.name} replaces version {current.version}, which cannot be compared ({error})"
    if new > old:
        return True, f"{candidate.name} has validation F1 {new:.4f}, version {current.version} has {old:.4f}"
    return False, f"version {current.version} stays: validation F1 {old:.4f}, against {new:.4f} of {candidate.name}"


def _register(candidate: Candidate) -> str:
    """The version of this very artifact, a new one unless a promotion before was lost or cut short."""
    from mlflow.exceptions import MlflowException

    same = f"name = '{MODEL_NAME}' and tag.artifact = '{candidate.artifact}'"
    if known := client().search_model_versions(same, max_results=1):
        return str(known[0].version)
    try:
        client().create_registered_model(MODEL_NAME, description="Does a tweet report a real disaster?")
    except MlflowException:  # it is there already
        client().get_registered_model(MODEL_NAME)
    tags = {
        "artifact": candidate.artifact,
        "model": candidate.name,
        "validation_rows": candidate.validation_rows,
        "validation_f1": repr(candidate.validation_f1),
    }
    made = client().create_model_version(
        MODEL_NAME, candidate.model_uri, candidate.run_id, tags=tags, model_id=_logged_model(candidate.model_uri)
    )
    return str(made.version)


def _logged_model(uri: str) -> str | None:
    """The id in the address of a logged model, which a tracking server asks for; None of any other address."""
    found = re.fullmatch(r"models:/(m-[0-9a-f]+)", uri)
    return found[1] if found else None
