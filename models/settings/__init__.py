"""Every setting of every stage, frozen and described, so that a run can be written down and run again.

Values only: addresses and secrets come from the environment, never from here.
"""

from models.settings.choices import (
    SPLITS,
    Architecture,
    Cell,
    Device,
    Kind,
    Positive,
    Precision,
    Representation,
    Settings,
    Share,
    Split,
    StartVectors,
)
from models.settings.classifiers import (
    ClassifierSettings,
    EnsembleSettings,
    GateSettings,
    KindsSettings,
    LogisticSettings,
    NbSvmSettings,
    NetworkSettings,
    PretrainingSettings,
    ServedSettings,
    ThresholdSettings,
    TrainingSettings,
)
from models.settings.data import ContractSettings, RetrySettings, SplitSettings, TextSettings
from models.settings.embeddings import EmbeddingSettings, ExternalVectorSettings, PhraseSettings, SubwordSettings
from models.settings.features import CharacterSettings, CooccurrenceSettings, FrequencySettings, VocabularySettings
from models.settings.recipe import Recipe

__all__ = [
    "SPLITS",
    "Architecture",
    "Cell",
    "CharacterSettings",
    "ClassifierSettings",
    "ContractSettings",
    "CooccurrenceSettings",
    "Device",
    "EmbeddingSettings",
    "EnsembleSettings",
    "ExternalVectorSettings",
    "FrequencySettings",
    "GateSettings",
    "Kind",
    "KindsSettings",
    "LogisticSettings",
    "NbSvmSettings",
    "NetworkSettings",
    "PhraseSettings",
    "Positive",
    "Precision",
    "PretrainingSettings",
    "Recipe",
    "Representation",
    "RetrySettings",
    "ServedSettings",
    "Settings",
    "Share",
    "Split",
    "SplitSettings",
    "StartVectors",
    "SubwordSettings",
    "TextSettings",
    "ThresholdSettings",
    "TrainingSettings",
    "VocabularySettings",
]
