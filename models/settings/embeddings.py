"""Settings of word vectors."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.settings.choices import Architecture, Positive, Settings


class PhraseSettings(Settings):
    """Words that are read as one because they stand together, new york as new_york (Mikolov et al. 2013)."""

    passes: Annotated[int, Field(ge=0)] = Field(0, description="0 is off; every pass joins two words or phrases.")
    min_count: Positive = Field(5, description="Rarer pairs are chance; also the discount of the ratio.")
    score: Literal["ratio", "npmi"] = Field("ratio", description="Count over what chance would give, or NPMI.")
    threshold: float | None = Field(
        None, description="Pairs that score above it are joined; 10 for ratio and 0.5 for npmi when not given."
    )

    @property
    def least_score(self) -> float:
        """The threshold asked for, or the usual one of the score."""
        return {"ratio": 10.0, "npmi": 0.5}[self.score] if self.threshold is None else self.threshold


class SubwordSettings(Settings):
    """Character n-grams that share in the vectors of words (Bojanowski et al. 2017): fastText."""

    enabled: bool = Field(False, description="A word's vector is the mean of its own and those of its n-grams.")
    shortest: Annotated[int, Field(ge=1, le=20)] = Field(
        3, description="Characters of the shortest n-gram; the marks < and > at the edges of a word count as one each."
    )
    longest: Annotated[int, Field(ge=1, le=20)] = Field(6, description="Characters of the longest n-gram.")
    buckets: Annotated[int, Field(ge=1, le=2**31 - 1)] = Field(
        2_000_000, description="N-grams are hashed into so many vectors; only those that occur take up room."
    )

    @model_validator(mode="after")
    def order(self) -> "SubwordSettings":
        """Raise ValueError when no length is left."""
        if self.shortest > self.longest:
            raise ValueError(f"shortest must not exceed longest, got {self.shortest} and {self.longest}")
        return self


class EmbeddingSettings(Settings):
    """CBOW and skip-gram with negative sampling (Mikolov et al. 2013)."""

    architecture: Architecture = Field("skip-gram", description="Predict the context from the word, or the reverse.")
    dimensions: Positive = Field(100, description="Width of a word vector.")
    window: Annotated[int, Field(ge=1, le=50)] = Field(
        5, description="Largest distance of a context word; the actual one is drawn per word. Wider ones fill memory."
    )
    negatives: Positive = Field(5, description="Noise words for each real one.")
    subsample: Annotated[float, Field(ge=0)] = Field(1e-3, description="Thins words more frequent than this; 0 is off.")
    min_count: Positive = Field(5, description="Words rarer than this are dropped.")
    max_vocabulary: Positive | None = Field(None, description="Keep at most this many words.")
    epochs: Positive | None = Field(None, description="Passes over the corpus; by its size when not given: 5 to 30.")
    learning_rate: Annotated[float, Field(gt=0)] | None = Field(
        None, description="At the start; falls linearly to zero. 0.025 for skip-gram and 0.05 for CBOW when not given."
    )
    step_tokens: Annotated[int, Field(ge=128, le=65_536)] = Field(
        4096, description="Tokens trained on at once, rounded to a power of two; words too frequent for it slow down."
    )
    vectors_from: Literal["input", "output", "mean"] = Field("input", description="Which of the two matrices to keep.")
    remove_components: Annotated[int, Field(ge=0)] = Field(
        0, description="All but the top (Mu & Viswanath 2018): take off the mean and so many main directions; 0 is off."
    )
    start: Literal["random", "external"] = Field(
        "random", description="Where training begins: external is the vectors of --vectors, for the words they have."
    )
    read_tweets: bool = Field(
        True, description="Learn from the training tweets too; without them, all folds and nights share one training."
    )
    phrases: PhraseSettings = PhraseSettings()
    subwords: SubwordSettings = SubwordSettings()

    @model_validator(mode="after")
    def keep_input_vectors(self) -> "EmbeddingSettings":
        """Raise ValueError for subwords in vectors whose rows have none, or are given or changed without them."""
        if self.subwords.enabled and self.vectors_from != "input":
            raise ValueError(
                f'subwords are part of input vectors only: give vectors_from = "input", got "{self.vectors_from}"'
            )
        if self.subwords.enabled and self.remove_components:
            raise ValueError(
                "remove_components changes words and not the n-grams that words never seen are made of: give 0 with "
                f"subwords, got {self.remove_components}"
            )
        if self.subwords.enabled and self.start == "external":
            raise ValueError(
                "external vectors say nothing of the n-grams that a word with subwords is made of: train without "
                'subwords, or from start = "random"'
            )
        return self

    def epochs_for(self, words: int) -> int:
        """Passes over a corpus of so many words: those asked for, or as many as make 20 million words, 5 to 30.

        Measured on the start of Wikipedia, WordSim-353 for 5, 20 and 50 epochs of skip-gram: .09 .45 .46 with 300,000
        words, .35 .56 .56 with a million.
        """
        return self.epochs or min(max(round(20_000_000 / max(words, 1)), 5), 30)

    @property
    def starting_rate(self) -> float:
        """The learning rate asked for, or that of word2vec.c (CBOW: .51 on WordSim-353 where .025 gives .45)."""
        return self.learning_rate or (0.05 if self.architecture == "cbow" else 0.025)


class ExternalVectorSettings(Settings):
    """Word vectors that were trained elsewhere: the file that --vectors names."""

    max_words: Positive = Field(
        1_000_000, description="Read so many words of the file, the first: most files begin with the most frequent."
    )
    max_vocabulary: Annotated[int, Field(ge=0)] = Field(
        60_000, description="Models know so many of them, the first, besides the words of the training tweets."
    )
    fold_case: bool = Field(
        True, description="Look a word up as written, then in lower case, then in whatever case the file has it."
    )
