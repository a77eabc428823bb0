"""The options of word vectors, of whatever kind, and the settings that they become."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from models.settings import EmbeddingSettings


class Architecture(StrEnum):
    """How word vectors are learned."""

    skip_gram = "skip-gram"
    cbow = "cbow"


class Matrix(StrEnum):
    """Which of word2vec's two matrices holds the word vectors."""

    input = "input"
    output = "output"
    mean = "mean"


class WeightBy(StrEnum):
    """How much a word near another one counts."""

    harmonic = "harmonic"
    flat = "flat"


WhichArchitecture = Annotated[Architecture, typer.Option(help="Predict context from word, or the reverse.")]
VectorsFrom = Annotated[Matrix, typer.Option(help="Input-hidden or hidden-output matrix, or their mean.")]
Dimensions = Annotated[int | None, typer.Option(min=1, help="Width of a word vector.", show_default="100")]
Window = Annotated[
    int | None, typer.Option(min=1, max=50, help="Words to each side that count as context.", show_default="5")
]
Negatives = Annotated[int | None, typer.Option(min=1, help="Noise words for each real one.", show_default="5")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Passes over the corpus.", show_default="by its size: 5 to 30")]
MinCount = Annotated[int | None, typer.Option(min=1, help="Rarer words are dropped.", show_default="5")]
RemoveComponents = Annotated[
    int | None,
    typer.Option(
        min=0, help="Take the mean and so many main directions off the vectors (all but the top).", show_default="0"
    ),
]
Weighting = Annotated[
    WeightBy | None, typer.Option(help="A context counts 1/distance, as GloVe's do, or 1.", show_default="harmonic")
]
ContextSmoothing = Annotated[
    float | None, typer.Option(min=0, max=1, help="Power of context counts; 0.75 tempers rare ones.", show_default="1")
]
Shift = Annotated[
    float | None, typer.Option(min=1, help="Shifted PPMI: ln(shift) is taken off.", show_default="1, no shift")
]
SingularPower = Annotated[
    float | None, typer.Option(min=0, max=1, help="Power of the singular values.", show_default="0.5")
]
Phrases = Annotated[
    int, typer.Option(min=0, help="Passes that join words which stand together, new york as new_york; 0 is off.")
]

Subwords = Annotated[
    bool, typer.Option("--subwords", help="Learn character n-grams too, so that any word has a vector (fastText).")
]
Ngrams = Annotated[
    str | None,
    typer.Option(metavar="MIN-MAX", help="With --subwords: lengths of n-grams in characters.", show_default="3-6"),
]
Buckets = Annotated[
    int | None,
    typer.Option(min=1, help="With --subwords: vectors that n-grams are hashed into.", show_default="2000000"),
]


@dataclass(frozen=True)
class VectorOptions:
    """How word vectors are trained; what is not given is as `EmbeddingSettings` has it."""

    architecture: WhichArchitecture = Architecture.skip_gram
    dimensions: Dimensions = None
    window: Window = None
    negatives: Negatives = None
    epochs: Epochs = None
    min_count: MinCount = None
    phrases: Phrases = 0
    subwords: Subwords = False
    ngrams: Ngrams = None
    buckets: Buckets = None
    vectors_from: VectorsFrom = Matrix.input
    remove_components: RemoveComponents = None

    def settings(self) -> "EmbeddingSettings":
        """The settings that these options ask for."""
        from models.settings import EmbeddingSettings

        given = {**vars(self), "architecture": self.architecture.value, "vectors_from": self.vectors_from.value}
        given["phrases"] = {"passes": self.phrases}
        given["subwords"] = subword_settings(self.subwords, given.pop("ngrams"), given.pop("buckets"))
        return EmbeddingSettings(**{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True)
class CooccurrenceOptions:
    """How co-occurrence vectors are made; what is not given is as the recipe has it."""

    window: Window = None
    weighting: Weighting = None
    context_smoothing: ContextSmoothing = None
    shift: Shift = None
    singular_power: SingularPower = None
    dimensions: Dimensions = None
    min_count: MinCount = None
    remove_components: RemoveComponents = None

    def given(self) -> dict[str, Any]:
        """The settings that were named, as plain values."""
        named = {name: value for name, value in vars(self).items() if value is not None}
        return {name: value.value if isinstance(value, StrEnum) else value for name, value in named.items()}


def subword_settings(enabled: bool, ngrams: str | None, buckets: int | None) -> dict[str, int | bool]:
    """The settings of subwords that flags ask for. Raises ValueError for lengths that are not MIN-MAX, and without."""
    if not enabled and (ngrams or buckets):
        raise ValueError(f"{'--ngrams' if ngrams else '--buckets'} needs --subwords")
    given: dict[str, int | bool] = {"enabled": enabled}
    if ngrams:
        shortest, dash, longest = ngrams.partition("-")
        if not (shortest.isdecimal() and (longest.isdecimal() or not dash)):
            raise ValueError(f"--ngrams must be MIN-MAX, two lengths in characters, got {ngrams!r}")
        given |= {"shortest": int(shortest), "longest": int(longest or shortest)}
    return given | ({"buckets": buckets} if buckets else {})
