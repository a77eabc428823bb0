"""Settings of classifiers, and of what is done with their answers."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.settings.choices import Positive, Settings, Share, StartVectors


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


class KindsSettings(Settings):
    """Who learns what kinds of information a tweet holds, where `--kinds` gives labels of them."""

    networks: tuple[str, ...] = Field(
        (),
        description="Names of networks that learn them beside the label; if none is named, the last network that is "
        "trained. Each epoch then reads all labelled texts of the kinds too.",
    )


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


class ServedSettings(Settings):
    """What is put in use of a model that the gate has promoted: the model itself, or one that learned from more rows.

    Not to be confused with `refit` of a network under `classifiers`: that one adds the validation rows to the training
    of the model that is judged.
    """

    refit: Literal["all", "none"] = Field(
        "all",
        description="all: a promoted model is fitted again on all labelled rows, every choice kept, and that fit is "
        "served: one more training, over about 1.4 times the rows. none: the judged model itself is served.",
    )
    min_agreement: Share = Field(
        0.85, description="Share of made texts to which the refit must give the label that the judged model gives."
    )
    max_drift: Share = Field(
        0.05, description="By how much its mean probability, and its mean certainty, on these texts may differ."
    )
    min_texts: Positive = Field(
        200, description="With fewer texts it cannot be told, and the judged model itself is served."
    )


class GateSettings(Settings):
    """What a challenger must show on rows that nothing was learned from before it replaces the champion."""

    promote_if: Literal["better", "not worse"] = Field(
        "better",
        description="A challenger must be shown to be better; or shown to be no worse than by `margin`, for desks that "
        "label new events, on which test rows of past events cannot show a gain.",
    )
    margin: Share = Field(
        0.02, description="The loss of accuracy (of several classes, of macro F1) that `not worse` excludes."
    )
    level: Share = Field(
        0.025,
        description="One-sided: an equally good challenger is promoted as better, and one that is worse by `margin` as "
        "not worse, no more often than this.",
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
