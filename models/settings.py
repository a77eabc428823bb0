"""Every setting of every stage, frozen and described, so that a run can be written down and run again.

Values only: addresses and secrets come from the environment, never from here.
"""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Architecture = Literal["skip-gram", "cbow"]
Cell = Literal["rnn", "lstm", "gru"]
Kind = Literal["logistic", "nb-svm", "feed-forward", "rnn", "lstm", "gru", "ensemble"]
Representation = Literal[
    "one-hot",
    "count",
    "tf-idf",
    "characters",
    "co-occurrence",
    "cbow",
    "skip-gram",
    "external",
    "external-cbow",
    "external-skip-gram",
    "scratch",
    "multi-task",
    "average",
]
# Word vectors that a network can start from; external ones are those of --vectors, alone or beside our own.
StartVectors = Literal["scratch", "cbow", "skip-gram", "external", "external-cbow", "external-skip-gram"]
Split = Literal["train", "validation", "test"]
Device = Literal["auto", "cpu", "gpu"]
Precision = Literal["float32", "mixed_bfloat16"]

SPLITS: tuple[Split, ...] = get_args(Split)

Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """Frozen and strict: a misspelt setting is an error, never a silent default, and numbers are finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TextSettings(Settings):
    """How a text becomes tokens; the same for training, evaluation and serving."""

    lowercase: bool = Field(True, description="Fold case: tweets shout at random.")
    mask_urls: bool = Field(True, description="Replace every address by <url>: what it is matters, not where it leads.")
    mask_mentions: bool = Field(True, description="Replace every @name by <user>.")
    mask_numbers: bool = Field(True, description="Replace every number by <number>.")
    split_hashtags: bool = Field(False, description="Add the camel-case words of a hashtag after the hashtag itself.")
    split_contractions: bool = Field(True, description="don't -> do n't, so that negation is one token.")
    squeeze_elongations: bool = Field(True, description="soooo -> soo: three or more of one letter become two.")
    keyword_in_front: bool = Field(True, description="Read the keyword, where a tweet has one, as its first words.")
    keep_punctuation: bool = Field(True, description="Keep ! ? ... and emoticons as tokens; other punctuation goes.")


class SplitSettings(Settings):
    """Which share of the tweet groups goes where. A tweet keeps its split whatever arrives later."""

    seed: int = Field(0, description="Changes the whole partition; leave it alone to keep test rows test rows.")
    validation_share: Share = Field(0.15, description="Share of groups for early stopping, thresholds and choices.")
    test_share: Share = Field(0.2, description="Share of groups scored once, at the end.")

    @model_validator(mode="after")
    def leave_rows_to_train_on(self) -> "SplitSettings":
        """Raise ValueError when validation and test leave nothing to train on."""
        if self.validation_share + self.test_share >= 1:
            raise ValueError(
                f"validation_share + test_share must be below 1, got {self.validation_share} + {self.test_share}"
            )
        return self


class ContractSettings(Settings):
    """What a table of tweets must look like before anything is learned from it."""

    min_rows: Positive = Field(20, description="Fewer kept rows than this refuse the table.")
    max_characters: Positive = Field(5_000, description="A longer text is quarantined: it is no tweet.")
    min_positive_share: Share = Field(0.02, description="A rarer positive class refuses a labelled table.")
    max_positive_share: Annotated[float, Field(gt=0, le=1)] = Field(0.98, description="A more common one does too.")
    max_quarantined_share: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="When more of the rows than this fail, the source is refused: it is not what it says it is."
    )
    max_missing_keyword_share: Annotated[float, Field(ge=0, le=1)] = Field(
        1.0, description="More rows without a keyword refuse the table; 1 is no limit, for many sources have none."
    )
    max_missing_location_share: Annotated[float, Field(ge=0, le=1)] = Field(
        1.0, description="More rows without a location refuse the table."
    )


class RetrySettings(Settings):
    """What may differ from the ingest when quarantined rows are judged again; what is not said stays the same."""

    contract: ContractSettings | None = Field(None, description="What rows and the table must look like.")
    positive: tuple[str, ...] = Field(
        (), description="Label words that mean 1; any given replaces those of the ingest."
    )
    negative: tuple[str, ...] = Field((), description="Label words that mean 0.")
    encoding: str | None = Field(
        None, description="How to decode the bytes that could not be decoded, and corrected rows that are not UTF-8."
    )
    delimiter: str | None = Field(None, description="Character between the cells of the corrected rows.")
    quoting: Literal["none", "minimal", "all"] | None = Field(None, description="What quotes are in these.")
    header: bool | None = Field(None, description="Whether their first line names the columns.")
    sheet: str | None = Field(None, description="Sheet of a workbook of corrected rows.")
    ids: bool = Field(True, description="Whether a column names the tweets; else rows without an id are numbered.")


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
    min_count: Positive = Field(5, description="Rarer words are no rows: their contexts are chance.")
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


class LogisticSettings(Settings):
    """L2-regularised logistic regression; its strength is chosen on the validation split."""

    inverse_strengths: tuple[float, ...] = Field(
        (0.1, 0.3, 1.0, 3.0, 10.0), description="Values of C tried; the lowest validation log loss wins."
    )


class NbSvmSettings(Settings):
    """NB-SVM (Wang & Manning 2012); its strength is chosen on the validation split."""

    representations: tuple[Literal["one-hot", "characters"], ...] = Field(
        ("one-hot",), description="Trained on each: words and word pairs that occur, or character n-grams that do."
    )
    inverse_strengths: tuple[float, ...] = Field(
        (0.003, 0.01, 0.03, 0.1, 0.3, 1.0), description="Values of C tried; the lowest validation log loss wins."
    )
    smoothing: Annotated[float, Field(gt=0)] = Field(1.0, description="Added to every count of a class.")
    interpolation: Annotated[float, Field(ge=0, le=1)] = Field(
        0.25, description="0 is naive Bayes, 1 the SVM; the paper's choice for any text."
    )


class NetworkSettings(Settings):
    """What a network over token ids looks like between its word vectors and its output."""

    kind: Literal["feed-forward", "rnn", "lstm", "gru"] = Field("lstm", description="Recurrent cell, or none.")
    dimensions: Positive = Field(100, description="Width of token vectors learned from scratch.")
    convolution: Annotated[int, Field(ge=0)] = Field(
        0, description="Tokens that a convolution below the recurrence sees at once; 0 is none."
    )
    units: Positive = Field(64, description="Width of the hidden state, each direction.")
    layers: Positive = Field(1, description="Recurrent layers on top of each other.")
    bidirectional: bool = Field(True, description="Read the tweet from both ends.")
    pooling: Literal["last", "mean", "max", "max-mean", "attention"] = Field(
        "max-mean", description="From states to one vector."
    )
    train_vectors: bool = Field(True, description="Go on training the token vectors.")
    dropout: Share = Field(0.4, description="On token vectors, between layers and before the output.")
    word_dropout: Share = Field(0.0, description="Of whole token vectors, as if the word were not known.")
    max_length: Positive = Field(48, description="Tokens read of one tweet; the rest is cut.")


class TrainingSettings(Settings):
    """How a network is trained."""

    batch_size: Positive = Field(64, description="Tweets per step.")
    epochs: Positive = Field(12, description="At most; early stopping usually ends sooner.")
    learning_rate: Annotated[float, Field(gt=0)] = Field(2e-3, description="Of Adam.")
    schedule: Literal["constant", "one-cycle"] = Field(
        "constant",
        description="one-cycle rises for a tenth of the steps and falls to zero over the rest; all epochs are trained.",
    )


class PretrainingSettings(TrainingSettings):
    """Training the network on other people's labels first, all their tasks at once (Caruana 1997)."""

    vectors: StartVectors = Field("skip-gram", description="Where token vectors start.")
    batch_size: Positive = Field(128, description="Texts per step.")
    epochs: Positive = Field(3, description="Passes over all labelled texts.")
    schedule: Literal["constant", "one-cycle"] = Field("one-cycle", description="Of the learning rate.")


class ClassifierSettings(NetworkSettings, TrainingSettings):
    """One neural classifier: its network and how it is trained."""

    features: StartVectors | Literal["multi-task"] = Field(
        "skip-gram",
        description="Where token vectors start; with multi-task, the whole network. external is the vectors of "
        "--vectors, external-skip-gram these beside our own.",
    )
    pretraining: PretrainingSettings = Field(PretrainingSettings(), description="What multi-task starts from.")
    label_smoothing: Share = Field(0.1, description="Labels of real tweets are noisy.")
    adversarial: Annotated[float, Field(ge=0)] = Field(
        0.0, description="Also learn from token vectors moved by this share of their length where it hurts most."
    )
    patience: Positive = Field(3, description="Epochs without a better validation loss before stopping.")
    refit: bool = Field(
        False, description="Once the choices are made, learn from the validation rows too, by a one-cycle schedule."
    )
    draw: Positive = Field(1, description="Another number is another start and order: a member for an ensemble.")

    @property
    def name(self) -> str:
        """How tables and runs call it: `lstm/skip-gram`, and `lstm/skip-gram-2` for a second draw."""
        return f"{self.kind}/{self.features}{'' if self.draw == 1 else f'-{self.draw}'}"

    @model_validator(mode="after")
    def know_when_to_stop(self) -> "ClassifierSettings":
        """Raise ValueError for a refit that would need validation rows to stop early by."""
        if self.refit and self.schedule == "constant":
            raise ValueError('refit = true leaves no validation rows to stop early by: give schedule = "one-cycle"')
        return self

    def reader(self) -> NetworkSettings:
        """The settings of the network without those of its training, of which dropping words is one."""
        network = self.model_dump(include=set(NetworkSettings.model_fields) - {"word_dropout"})
        return NetworkSettings(**network)


class EnsembleSettings(Settings):
    """Several models asked together: the mean of their calibrated log-odds."""

    members: tuple[str, ...] = Field((), description="Names of models of this recipe, as tables show them.")


class ThresholdSettings(Settings):
    """For what the threshold of a model is chosen, on the validation split."""

    aim: Literal["accuracy", "f1"] = Field("accuracy", description="The score that it makes as high as it can.")
    miss_costs: Annotated[float, Field(gt=0)] | None = Field(
        None, description="What a missed disaster costs, in false alarms: the threshold of least cost, whatever `aim`."
    )

    @property
    def words(self) -> str:
        """For what it is chosen, to be read after "chosen for".

        >>> ThresholdSettings().words, ThresholdSettings(miss_costs=5).words
        ('accuracy', 'least cost, a missed disaster costing as much as 5 false alarms')
        """
        if self.miss_costs is not None:
            return f"least cost, a missed disaster costing as much as {self.miss_costs:g} false alarms"
        return {"accuracy": "accuracy", "f1": "F1 of disasters"}[self.aim]


class GateSettings(Settings):
    """What a challenger must show on rows that nothing was learned from before it replaces the champion."""

    level: Share = Field(
        0.025, description="One-sided: an equally good challenger is promoted no more often than this."
    )
    f1_margin: Share = Field(0.01, description="F1 may fall by this much beside a better accuracy, not by more.")
    slice_margin: Share = Field(0.02, description="A retrained model differs a little everywhere: a loss to let pass.")
    slice_level: Share = Field(
        0.05, description="Chance that a harmless challenger is refused for any slice, all slices together."
    )
    min_slice_rows: Positive = Field(50, description="A slice with fewer rows is shown and has no say.")
    source_margin: Share = Field(
        0.02, description="What a challenger of other tweets may lose in accuracy or F1 on the champion's own rows."
    )
    min_common_groups: Share = Field(
        0.8, description="Share of the champion's test groups among the challenger's tweets; below it they are others."
    )
    min_label_agreement: Share = Field(
        0.9, description="Share of these groups with the same label; below it the labels mean something else."
    )
    calibration_margin: Share = Field(0.02, description="The calibration error (ECE) may rise by this much.")
    max_milliseconds: Annotated[float, Field(gt=0)] = Field(
        250.0, description="Time that one tweet alone may take; networks take 30 to 80 on two cores that are free."
    )
    max_difference: Annotated[float, Field(ge=0)] = Field(
        1e-6, description="Between a probability of the pipeline and of the logged model: rounding, nothing more."
    )
    resamples: Positive = Field(1_000, description="Of the bootstrap.")


class Recipe(Settings):
    """All settings of one retraining. A recipe file names only what differs from these defaults."""

    name: str = Field("standard", pattern=r"^[\w .,+()-]{1,80}$", description="How runs are labelled.")
    seed: int = Field(1, ge=0, description="The one seed; every step derives its own from it by name.")
    budget_minutes: Annotated[float, Field(gt=0)] | None = Field(
        None, description="What one fit may take on two cores, pre-training included; an evaluation says if it did."
    )
    text: TextSettings = TextSettings()
    split: SplitSettings = SplitSettings()
    contract: ContractSettings = ContractSettings()
    vocabulary: VocabularySettings = VocabularySettings()
    frequency: FrequencySettings = FrequencySettings()
    characters: CharacterSettings = CharacterSettings()
    cooccurrence: CooccurrenceSettings = CooccurrenceSettings()
    embeddings: tuple[EmbeddingSettings, ...] = (
        EmbeddingSettings(architecture="cbow"),
        EmbeddingSettings(architecture="skip-gram"),
    )
    external: ExternalVectorSettings = ExternalVectorSettings()
    logistic: LogisticSettings = LogisticSettings()
    nb_svm: NbSvmSettings = NbSvmSettings()
    threshold: ThresholdSettings = ThresholdSettings()
    gate: GateSettings = GateSettings()
    classifiers: tuple[ClassifierSettings, ...] = (
        ClassifierSettings(kind="feed-forward", features="skip-gram"),
        ClassifierSettings(kind="rnn", features="scratch"),
        ClassifierSettings(kind="lstm", features="scratch"),
        ClassifierSettings(kind="lstm", features="cbow"),
        ClassifierSettings(kind="lstm", features="skip-gram"),
    )
    ensemble: EnsembleSettings = EnsembleSettings()
