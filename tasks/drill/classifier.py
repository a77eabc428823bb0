"""The model of a drill: logistic regression on TF-IDF, with a threshold, fitted from the labels known at a time."""

from dataclasses import dataclass

import numpy as np

from models.classifiers.logistic import LogisticModel, fit_logistic
from models.drift.familiarity import Familiarity, count_scripts
from models.drift.sample import Sample
from models.frequencies import FeatureSpace, fit_features, tf_idf_matrix
from models.gate import Answers
from models.metrics.scores import choose_threshold
from models.settings.drill import DrillSettings
from tasks.drill.tape import Tape


@dataclass(frozen=True, eq=False)
class Classifier:
    """A fitted model, the rows of the tape that were known when it was fitted, and what it knows of texts."""

    space: FeatureSpace
    head: LogisticModel
    threshold: float
    known: np.ndarray
    familiarity: Familiarity

    def probabilities(self, tape: Tape, rows: np.ndarray) -> np.ndarray:
        """P(target = 1) of these rows, float64."""
        return self.head.predict_probabilities(tf_idf_matrix(tape.tokens.take(rows), self.space))

    def answers(self, tape: Tape, rows: np.ndarray) -> Answers:
        """What it says of these rows."""
        probabilities = self.probabilities(tape, rows)
        return Answers(probabilities, probabilities >= self.threshold)

    def sample(self, tape: Tape, rows: np.ndarray) -> Sample:
        """These rows as drift is measured on them."""
        answers, texts = self.answers(tape, rows), tape.texts.take(rows)
        return Sample(texts, tape.tokens.take(rows), answers.probabilities, answers.called, self.familiarity)


def fit(tape: Tape, known: np.ndarray, settings: DrillSettings) -> Classifier | None:
    """A model of the labels of these rows; None where their training or validation rows have one class only."""
    parts = {split: known[tape.splits[known] == split] for split in ("train", "validation")}
    labels = {split: tape.labels[rows] for split, rows in parts.items()}
    if any(len(np.unique(each)) < 2 for each in labels.values()):
        return None
    space = fit_features(tape.tokens.take(parts["train"]), settings.frequency)
    train, validation = (tf_idf_matrix(tape.tokens.take(rows), space) for rows in parts.values())
    head, _ = fit_logistic(train, labels["train"], validation, labels["validation"], settings.logistic)
    threshold = choose_threshold(
        labels["validation"],
        head.predict_probabilities(validation),
        settings.threshold.aim,
        settings.threshold.miss_costs,
    )
    familiarity = Familiarity.of(count_scripts(tape.texts.take(parts["train"])), space.words)
    return Classifier(space, head, threshold, known, familiarity)
