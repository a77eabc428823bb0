"""Settings of a drill."""

from pydantic import Field

from models.settings.choices import Positive, Settings
from models.settings.classifiers import ClassifierSettings, GateSettings, LogisticSettings, ThresholdSettings
from models.settings.data import SplitSettings
from models.settings.features import FrequencySettings, VocabularySettings


class DrillSettings(Settings):
    """How a drill is run: what is known before it, what people answer in a night, and how models are made."""

    warm_up: Positive = Field(4, description="Events that are over, and labelled, before the drill begins.")
    budget: Positive = Field(10, description="Tweets that people are asked about in a night.")
    events: tuple[str, ...] = Field((), description="Score these only; all that was sent before them is labelled.")
    seed: int = Field(0, description="Of random draws.")
    retrain_after: tuple[Positive, ...] = Field(
        (), description="Nights of a scored event at whose end it may retrain, the first one being 1; empty: all."
    )
    network: ClassifierSettings | None = Field(None, description="Trained instead of logistic regression on TF-IDF.")
    vocabulary: VocabularySettings = VocabularySettings()
    frequency: FrequencySettings = FrequencySettings()
    logistic: LogisticSettings = LogisticSettings()
    threshold: ThresholdSettings = ThresholdSettings()
    split: SplitSettings = SplitSettings()
    gate: GateSettings = GateSettings()
