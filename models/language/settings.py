"""The settings of a language model, frozen and described."""

from typing import Annotated, Literal

from pydantic import Field

from models.settings import Positive, Settings, Share

Direction = Literal["forward", "backward"]

# Up to here the whole softmax costs no more than a sampled one: with a thousand tokens a step, some 2,500 words are
# candidates anyway.
SMALL_VOCABULARY = 4_000


class LanguageSettings(Settings):
    """One next-word model: its network and how it is trained."""

    directions: tuple[Direction, ...] = Field(
        ("forward",), min_length=1, max_length=2, description="Read from the start, from the end, or one network each."
    )
    dimensions: Positive = Field(128, description="Width of a token vector.")
    units: Positive = Field(256, description="Width of the hidden state.")
    layers: Positive = Field(1, description="LSTM layers, one above the other, each direction.")
    tied: bool = Field(False, description="Score words by the vectors that they are read with (Press & Wolf 2017).")
    softmax: Literal["full", "sampled"] | None = Field(
        None, description="All words, or a sample of them, at each step; full for small vocabularies when not given."
    )
    samples: Positive = Field(1024, description="Words drawn for a step's sample; those of the batch come in addition.")
    dropout: Share = Field(0.2, description="On token vectors, states and output; one mask for a whole document.")
    recurrent_dropout: Share = Field(
        0.0, description="On the recurrent weights, one mask for half a batch (Merity et al. 2018)."
    )
    min_count: Positive = Field(2, description="Rarer tokens share the unknown id.")
    max_vocabulary: Positive | None = Field(30_000, description="Keep at most this many tokens.")
    max_length: Positive = Field(48, description="Tokens through which gradients flow; longer documents are cut up.")
    batch_size: Positive = Field(64, description="Documents, or pieces of long ones, per step.")
    epochs: Positive = Field(5, description="At most; early stopping may end sooner.")
    patience: Positive = Field(2, description="Epochs without a better validation loss before stopping.")
    learning_rate: Annotated[float, Field(gt=0)] = Field(3e-3, description="Of Adam; falls linearly to a twentieth.")
    validation_share: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.05, description="Documents held out, by their text."
    )

    def samples_for(self, vocabulary: int) -> int:
        """Words to draw for each step from a vocabulary of this size; 0 for the full softmax."""
        full = vocabulary <= SMALL_VOCABULARY if self.softmax is None else self.softmax == "full"
        return 0 if full else self.samples
