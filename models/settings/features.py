"""Settings of vocabularies and frequency vectors."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.settings.choices import Positive, Settings


class VocabularySettings(Settings):
    """Which tokens get an id of their own."""

    min_count: Positive = Field(2, description="Rarer tokens share the unknown id.")
    max_size: Positive | None = Field(None, description="Keep at most this many tokens, the most frequent first.")


class FrequencySettings(Settings):
    """Bag-of-words document vectors: one-hot, count and TF-IDF."""

    max_ngram: Literal[1, 2, 3] = Field(2, description="Longest n-gram counted as a feature.")
    min_document_frequency: Positive = Field(2, description="Features in fewer training documents are dropped.")
    max_document_share: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="Commoner features are dropped.")
    sublinear: bool = Field(True, description="Use 1 + ln(count) in TF-IDF.")
    smooth: bool = Field(True, description="Use ln((1 + n) / (1 + df)) + 1 as IDF, as if one more document held all.")


class CharacterSettings(Settings):
    """Document vectors that say which character n-grams occur within words."""

    shortest: Positive = Field(
        2, description="Characters of the shortest n-gram; the edges of a word count as one each."
    )
    longest: Positive = Field(5, description="Characters of the longest n-gram.")
    min_document_frequency: Positive = Field(3, description="N-grams in fewer training documents are dropped.")

    @model_validator(mode="after")
    def order(self) -> "CharacterSettings":
        """Raise ValueError when no length is left."""
        if self.shortest > self.longest:
            raise ValueError(f"shortest must not exceed longest, got {self.shortest} and {self.longest}")
        return self


class CooccurrenceSettings(Settings):
    """Word vectors from a co-occurrence matrix: PPMI, then truncated SVD."""

    window: Positive = Field(5, description="Words to each side that count as context.")
    weighting: Literal["harmonic", "flat"] = Field(
        "harmonic", description="Weight 1/distance, GloVe's (Pennington et al. 2014), or 1."
    )
    directed: bool = Field(False, description="Count right-hand context only, instead of both sides.")
    min_count: Positive = Field(5, description="Rarer words are not rows: their contexts are chance.")
    max_vocabulary: Positive = Field(20_000, description="Rows and columns of the matrix, the most frequent tokens.")
    dimensions: Positive = Field(100, description="Width of the word vectors cut out by the SVD.")
    context_smoothing: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="Context counts are raised to this power; 0.75 tempers rare contexts (Levy et al. 2015)."
    )
    shift: Annotated[float, Field(ge=1)] = Field(
        1.0, description="Shifted PPMI: ln(shift) is taken off, as of so many negatives (Levy & Goldberg 2014)."
    )
    singular_power: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="Vectors are U S^power: 1 is the textbook's, 0.5 and 0 serve similarity better."
    )
    remove_components: Annotated[int, Field(ge=0)] = Field(
        0, description="All but the top (Mu & Viswanath 2018): take off the mean and so many main directions; 0 is off."
    )
