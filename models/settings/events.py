"""Settings of what is asked of events that no training row has seen."""

from typing import Annotated

from pydantic import Field

from models.settings.choices import Positive, Settings


class AdaptationSettings(Settings):
    """Learning a new event from a few of its labels, from the weights that a model has: the same for every model."""

    labels: tuple[Positive, ...] = Field((10, 25, 50, 100, 300), description="Numbers of labels of the new event.")
    draws: Positive = Field(3, description="How often labels are drawn again.")
    inverse_strength: Annotated[float, Field(gt=0)] = Field(
        1.0, description="C of a linear model's move away from its weights."
    )
    epochs: Positive = Field(8, description="Passes of a network over the labels, by a one-cycle schedule.")
    learning_rate: Annotated[float, Field(gt=0)] = Field(1e-3, description="Of a network's passes.")
    batch_size: Positive = Field(16, description="Tweets per step of these.")
