"""Which registered model is in use, how it came to be, and how to go back. The one door to MLflow's model registry."""

from typing import TYPE_CHECKING

from tasks.registry.champion_history import ChampionChange, history, rollback
from tasks.registry.promotion import NOT_CHALLENGED, Candidate, Decision, Incumbent, promote
from tasks.registry.versions import (
    CHAMPION,
    CHAMPION_URI,
    MODEL_NAME,
    ChosenModel,
    champion,
    choose,
    find_version,
    versions,
)

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

__all__ = [
    "CHAMPION",
    "CHAMPION_URI",
    "MODEL_NAME",
    "NOT_CHALLENGED",
    "Candidate",
    "ChampionChange",
    "ChosenModel",
    "Decision",
    "Incumbent",
    "ModelVersion",
    "champion",
    "choose",
    "find_version",
    "history",
    "promote",
    "rollback",
    "versions",
]
