"""What a classifier says of the held-out rows, and what is chosen by the validation rows: temperature and threshold.

The validation rows also choose among models, and there a model's own calibration may not have seen the row that judges
it. So their probabilities are kept twice: as the finished model gives them, and cross-fitted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from models.classifiers.target import Target
from models.metrics.probability_columns import probability_columns
from models.selection import cross_fitted
from models.selection.cross_fitting import Calibrate
from models.settings import TextSettings, ThresholdSettings
from tasks.steps import Inputs
from tasks.training.labelled_tweets import Labelled

DEFAULT = ThresholdSettings()


@dataclass(frozen=True)
class Use(Inputs):
    """How a finished classifier is used: how it reads a text, and from which probability on it calls a disaster."""

    text: TextSettings
    threshold: ThresholdSettings = DEFAULT


class Unseen(NamedTuple):
    """Uncalibrated probabilities of the validation rows by a model that has not learned from them.

    `calibrate` gives those of some rows with what the model fits on others, where it is not a temperature.
    """

    probabilities: np.ndarray
    calibrate: Calibrate | None = None


class Answers(NamedTuple):
    """What a classifier says of the rows of each split, and its description with what was chosen by validation.

    `cross_fitted` are the probabilities of the validation rows, each calibrated without the row itself.
    """

    about: dict[str, Any]
    probabilities: dict[str, np.ndarray]
    uncalibrated: dict[str, np.ndarray]
    cross_fitted: np.ndarray


def answer(
    data: Labelled,
    about: dict[str, Any],
    parts: Mapping[str, Any],
    threshold: ThresholdSettings,
    unseen: Unseen | None = None,
) -> Answers:
    """Ask a classifier about validation and test; choose temperature (of networks) and threshold on validation."""
    from models.classifiers.calibration import apply_temperature
    from models.classifiers.pipeline import assemble

    rows, target = data.rows("validation"), data.target
    about = {**about, **({"classes": list(target.names)} if target.names else {})}
    classifier, known = assemble({"classifier.json": about, **parts}), data.labels[rows]
    asked = ("validation", "test") if unseen is None else ("test",)
    uncalibrated = {split: classifier.predict(data.tokens.take(data.rows(split))) for split in asked}
    if unseen is not None:
        uncalibrated = {"validation": unseen.probabilities, **uncalibrated}
    if "network.keras" in parts:
        about = {**about, "temperature": target.fit_temperature(known, uncalibrated["validation"])}
    temperature = about.get("temperature", 1.0)
    probabilities = {split: apply_temperature(raw, temperature) for split, raw in uncalibrated.items()}
    chosen = target.choose_threshold(known, probabilities["validation"], threshold)
    about = {**about, "threshold": chosen, **({} if chosen is None else {"threshold_for": threshold.words})}
    own = unseen.calibrate if unseen is not None else None
    calibrate = own or _calibration(about["kind"], known, uncalibrated["validation"], target)
    groups = data.tweets["group"].to_numpy(zero_copy_only=False)[rows]
    return Answers(about, probabilities, uncalibrated, cross_fitted(groups, calibrate))


def _calibration(kind: str, labels: np.ndarray, said: np.ndarray, target: Target) -> Calibrate:
    """How probabilities of some rows come out when others have fitted what this kind of model fits on validation."""
    from models.classifiers.calibration import apply_temperature
    from models.classifiers.ensemble import mean_log_odds, member_lines

    def by_line(known: np.ndarray, asked: np.ndarray) -> np.ndarray:
        return mean_log_odds([said[asked]], member_lines(labels[known], [said[known]]))

    match kind:
        case "logistic":
            return lambda _, asked: said[asked]
        case "nb-svm":  # its line is a part of the weights: another one over it takes its place
            return by_line
        case _:
            return lambda known, asked: apply_temperature(
                said[asked], target.fit_temperature(labels[known], said[known])
            )


def cross_fitted_table(data: Labelled, answers: Answers) -> pa.Table:
    """Columns id, group, target, probability of the validation rows, as the choice among models reads them.

    Of several classes the probability of each, too.
    """
    rows = data.tweets.take(pa.array(data.rows("validation"))).select(["id", "group", "target"])
    for name, column in probability_columns(answers.cross_fitted).items():
        rows = rows.append_column(name, pa.array(column))
    return rows
