"""All settings of one retraining."""

from typing import Annotated

from pydantic import Field

from models.settings.choices import Settings
from models.settings.classifiers import (
    ClassifierSettings,
    EnsembleSettings,
    GateSettings,
    KindsSettings,
    LogisticSettings,
    NbSvmSettings,
    PretrainingSettings,
    ServedSettings,
    ThresholdSettings,
)
from models.settings.data import ContractSettings, SplitSettings, TextSettings
from models.settings.embeddings import EmbeddingSettings, ExternalVectorSettings
from models.settings.features import CharacterSettings, CooccurrenceSettings, FrequencySettings, VocabularySettings


class Recipe(Settings):
    """All settings of one retraining. A file names only what differs from these defaults: the `standard` recipe."""

    name: str = Field("standard", pattern=r"^[\w .,+()-]{1,80}$", description="How runs are labelled.")
    seed: int = Field(1, ge=0, description="The one seed; every step derives its own from it by name.")
    budget_minutes: Annotated[float, Field(gt=0)] | None = Field(
        10, description="What one fit may take on two cores, pre-training included; an evaluation says if it did."
    )
    text: TextSettings = TextSettings()
    split: SplitSettings = SplitSettings()
    contract: ContractSettings = ContractSettings()
    vocabulary: VocabularySettings = VocabularySettings()
    frequency: FrequencySettings = FrequencySettings()
    characters: CharacterSettings = CharacterSettings()
    cooccurrence: CooccurrenceSettings = CooccurrenceSettings()
    embeddings: tuple[EmbeddingSettings, ...] = (
        EmbeddingSettings(architecture="cbow", max_vocabulary=60_000),
        EmbeddingSettings(architecture="skip-gram", read_tweets=False, max_vocabulary=60_000),
    )
    external: ExternalVectorSettings = ExternalVectorSettings()
    logistic: LogisticSettings = LogisticSettings()
    nb_svm: NbSvmSettings = NbSvmSettings()
    threshold: ThresholdSettings = ThresholdSettings()
    gate: GateSettings = GateSettings()
    served: ServedSettings = ServedSettings()
    classifiers: tuple[ClassifierSettings, ...] = (
        ClassifierSettings(kind="feed-forward", features="skip-gram"),
        ClassifierSettings(kind="rnn", features="scratch"),
        ClassifierSettings(kind="lstm", features="scratch"),
        ClassifierSettings(kind="lstm", features="cbow"),
        ClassifierSettings(kind="lstm", features="skip-gram"),
        ClassifierSettings(kind="lstm", features="external"),
        ClassifierSettings(kind="lstm", features="external-skip-gram"),
        ClassifierSettings(
            kind="lstm",
            features="multi-task",
            batch_size=32,
            epochs=5,
            schedule="one-cycle",
            pretraining=PretrainingSettings(epochs=2),
        ),
    )
    ensemble: EnsembleSettings = EnsembleSettings()
    kinds: KindsSettings = KindsSettings()
