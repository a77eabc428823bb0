"""The model of a drill: logistic regression on TF-IDF, or a network, fitted from the labels known at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from models.classifiers.calibration import call_classes
from models.classifiers.logistic import LinearModel, fit_logistic
from models.classifiers.target import TWO, Target
from models.drift.familiarity import Familiarity, count_scripts
from models.drift.sample import Sample
from models.frequencies import FeatureSpace, fit_features, tf_idf_matrix
from models.gate import Answers
from models.settings.drill import DrillSettings
from models.text import Tokens
from tasks.drill.tape import Tape


class Rows(NamedTuple):
    """Tweets to learn from: their tokens and labels, as the tape has them."""

    tokens: Tokens
    labels: np.ndarray


class Reader(Protocol):
    """What tells P(target = 1) of tokenized texts, float64 (texts,); of several classes (texts, classes)."""

    def predict(self, tokens: Tokens) -> np.ndarray:
        """The probabilities."""


class Fitted(NamedTuple):
    """A fitted reader, the words that it knows, and what it says of the validation rows."""

    reader: Reader
    words: pa.StringArray
    said: np.ndarray


@dataclass(frozen=True, eq=False)
class BagReader:
    """Logistic regression on TF-IDF."""

    space: FeatureSpace
    head: LinearModel

    def predict(self, tokens: Tokens) -> np.ndarray:
        """P(target = 1) of these texts."""
        return self.head.predict_probabilities(tf_idf_matrix(tokens, self.space))


@dataclass(frozen=True, eq=False)
class Classifier:
    """A fitted model, the rows of the tape that were known when it was fitted, and what it knows of texts."""

    reader: Reader
    threshold: float | None
    known: np.ndarray
    familiarity: Familiarity

    def answers(self, tape: Tape, rows: np.ndarray) -> Answers:
        """What it says of these rows."""
        probabilities = self.reader.predict(tape.tokens.take(rows))
        called = call_classes(probabilities, self.threshold)
        return Answers(probabilities, called if probabilities.ndim == 2 else called == 1)

    def sample(self, tape: Tape, rows: np.ndarray) -> Sample:
        """These rows as drift is measured on them."""
        answers, texts = self.answers(tape, rows), tape.texts.take(rows)
        return Sample(texts, tape.tokens.take(rows), answers.probabilities, answers.called, self.familiarity)


def fit(tape: Tape, known: np.ndarray, settings: DrillSettings, vectors: Path | None = None) -> Classifier | None:
    """A model of the labels of these rows; None where their training or validation rows are too few of a class.

    A network starts from the word vectors in `vectors`.
    """
    rows = {split: known[tape.splits[known] == split] for split in ("train", "validation")}
    parts = {split: Rows(tape.tokens.take(chosen), tape.labels[chosen]) for split, chosen in rows.items()}
    least = {"train": tape.target.size, "validation": TWO.size}
    if any(len(np.unique(parts[split].labels)) < classes for split, classes in least.items()):
        return None
    if settings.network is None:
        fitted = fit_bag(parts, settings, tape.target)
    else:
        from tasks.drill.network import fit_network  # TensorFlow

        fitted = fit_network(parts, settings.network, settings, vectors, tape.target)
    threshold = tape.target.choose_threshold(parts["validation"].labels, fitted.said, settings.threshold)
    familiarity = Familiarity.of(count_scripts(tape.texts.take(rows["train"])), fitted.words)
    return Classifier(fitted.reader, threshold, known, familiarity)


def too_few(target: Target) -> str:
    """Of which rows `fit` cannot make a model, in words."""
    if target.names:
        return "training rows without a class, or validation rows of one class only"
    return "training or validation rows of one class only"


def fit_bag(parts: Mapping[str, Rows], settings: DrillSettings, target: Target) -> Fitted:
    """Logistic regression on TF-IDF, its strength chosen on the validation rows."""
    train, validation = parts["train"], parts["validation"]
    space = fit_features(train.tokens, settings.frequency)
    matrices = [tf_idf_matrix(each.tokens, space) for each in (train, validation)]
    head, _ = fit_logistic(matrices[0], train.labels, matrices[1], validation.labels, settings.logistic, target)
    return Fitted(BagReader(space, head), space.words, head.predict_probabilities(matrices[1]))
