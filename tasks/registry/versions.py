"""The registered versions, and the one of them that carries the champion alias."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.tracking import client, nothing_recorded

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

MODEL_NAME = "crisisflow"
CHAMPION = "champion"
ADDRESS = "models:/"  # what an address of MLflow's begins with
CHAMPION_URI = f"{ADDRESS}{MODEL_NAME}@{CHAMPION}"
NO_CHAMPION = "there is no champion yet: run `crisisflow retrain` first, or name a model with --model"
RAW = "raw_sources"  # tag: raw artifacts of its tweets
TABLE = "validation_rows"  # tag: digest of its checked tweets
# Tags for programs, as JSON. MLflow's pages do not show tags of this prefix; before they were written without it.
HIDDEN = "mlflow.crisisflow."
SOURCE, SPLIT = "source", "split"  # addresses that were read; how the tweets were split
CLASSES = "classes"  # those of a label of several
# How a version is named: an address of MLflow's, or name/version, name@alias, @alias.
REFERENCE = re.compile(r"(?:models:/)?(?P<name>[\w.-]+)?(?:/(?P<version>\d+)|@(?P<alias>[\w.-]+))")
REFIT, SERVES, SERVED_WHY = "refit", "serves", "serves_why"  # tags: artifact of the refit; refit or twin, and why
ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # no such model; no such alias


@dataclass(frozen=True)
class ChosenModel:
    """A model to use: an address that keeps naming this one after promotions, and its name."""

    uri: str
    name: str
    version: str


def choose(model_uri: str) -> ChosenModel:
    """The model at this address; of an alias, the version that it is now. Others than versions go by their address.

    Raises ValueError when the champion is asked for and there is none.
    """
    current = version_at(model_uri) if model_uri.startswith(ADDRESS) else None
    if current is not None:
        address = f"{ADDRESS}{current.name}/{current.version}"
        return ChosenModel(address, current.tags.get("model", current.name), str(current.version))
    if model_uri == CHAMPION_URI:
        raise ValueError(NO_CHAMPION)
    return ChosenModel(model_uri, model_uri, "")


def raw_of(tags: Mapping[str, str]) -> tuple[str, ...]:
    """The raw artifacts that the tags of a version name."""
    return tuple(tags.get(RAW, "").split())


def several_classes(tags: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the several classes of the label of a version with these tags; none of two."""
    return tuple(json.loads(hidden(tags, CLASSES) or "[]"))


def hidden(tags: Mapping[str, str], name: str) -> str | None:
    """The JSON that a version or model holds under this name, hidden or as it was written before."""
    return tags.get(HIDDEN + name, tags.get(name))


def uri_of(version: str | int) -> str:
    """The address of a registered version."""
    return f"{ADDRESS}{MODEL_NAME}/{version}"


def champion() -> "ModelVersion | None":
    """The registered version that carries the champion alias, or None."""
    if nothing_recorded():  # said without MLflow, which takes seconds to import
        return None
    from mlflow.exceptions import MlflowException

    try:
        return client().get_model_version_by_alias(MODEL_NAME, CHAMPION)
    except MlflowException as error:
        if error.error_code not in ABSENT:  # a store that cannot be read has not said that there is no champion
            raise
        return None


def find_version(name: str, version: str | None, alias: str | None) -> "ModelVersion | None":
    """The registered version of this number, or the one that carries the alias; None where there is none."""
    if nothing_recorded():
        return None
    from mlflow.exceptions import MlflowException

    try:
        if alias:
            return client().get_model_version_by_alias(name, alias)
        return client().get_model_version(name, str(version))
    except MlflowException as error:
        if error.error_code not in ABSENT:
            raise
        return None


def version_at(address: str) -> "ModelVersion | None":
    """The registered version that an address or a name means (`REFERENCE`); None where there is none."""
    asked = REFERENCE.fullmatch(address)
    return find_version(asked["name"] or MODEL_NAME, asked["version"], asked["alias"]) if asked else None


def registered_version(uri: str) -> "ModelVersion":
    """The registered version at this address. Raises ValueError when there is none, or the address names no version."""
    if REFERENCE.fullmatch(uri) is None or not uri.startswith(ADDRESS):
        raise ValueError(f"{uri} is not a registered version, whose test rows are known: name models:/NAME/VERSION")
    found = version_at(uri)
    if found is None:
        none = f"there is no {uri}: `crisisflow champion` shows which versions were in use"
        raise ValueError(NO_CHAMPION if uri == CHAMPION_URI else none)
    return found


def versions() -> "list[ModelVersion]":
    """Every version of every registered model, also of other projects."""
    if nothing_recorded():
        return []
    found: list[ModelVersion] = []
    token = None
    while True:
        page = client().search_model_versions(max_results=1000, page_token=token)
        found += page
        if not (token := page.token):
            return found


def our_versions() -> "dict[str, ModelVersion]":
    """The versions of our own model that were not deleted, by number, the oldest first."""
    ours = [each for each in versions() if each.name == MODEL_NAME]
    return {str(each.version): each for each in sorted(ours, key=lambda each: int(each.version))}


def register(artifact: str, model_uri: str, run_id: str, tags: Mapping[str, str]) -> str:
    """The version of this very artifact that serves the same; a new one unless a promotion before was lost or refused.

    Two versions of one artifact serve different models: itself, and a refit.
    """
    from mlflow.exceptions import MlflowException

    for known in reversed(registered(artifact)):
        if all(known.tags.get(name) == tags.get(name) for name in (REFIT, SERVES)):
            return str(known.version)
    try:
        client().create_registered_model(MODEL_NAME, description="Does a tweet report a real disaster?")
    except MlflowException:  # it is there already
        client().get_registered_model(MODEL_NAME)
    logged_model = _logged_model(model_uri)
    made = client().create_model_version(MODEL_NAME, model_uri, run_id, tags=dict(tags), model_id=logged_model)
    return str(made.version)


def registered(artifact: str) -> "list[ModelVersion]":
    """The versions of this very artifact, the oldest first."""
    same = f"name = '{MODEL_NAME}' and tag.artifact = '{artifact}'"
    return sorted(client().search_model_versions(same), key=lambda each: int(each.version))


def holds_twin(tags: Mapping[str, str]) -> bool:
    """Whether a version with these tags holds a judged twin beside what it serves."""
    return tags.get(SERVES) == "refit"


def in_use(tags: Mapping[str, str]) -> str:
    """What a version with these tags serves, in words."""
    if holds_twin(tags):
        return "serves a refit on all labelled rows; its twin, which learned from the training rows, is judged"
    if REFIT in tags:
        return f"serves the judged model itself: {tags.get(SERVED_WHY, 'its refit was rejected')}"
    return "serves the judged model itself: it was not refitted"


def tag_version(version: str, tags: Mapping[str, object]) -> None:
    """Set tags on a version."""
    for name, value in tags.items():
        client().set_model_version_tag(MODEL_NAME, version, name, str(value))


def _logged_model(uri: str) -> str | None:
    """The id in the address of a logged model, which a tracking server asks for; None of any other address."""
    found = re.fullmatch(r"models:/(m-[0-9a-f]+)", uri)
    return found[1] if found else None
