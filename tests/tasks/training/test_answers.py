"""What is chosen by the validation rows: temperature, threshold, and answers that judge without having been seen."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import logit

from models.classifiers.logistic import LogisticModel
from models.frequencies import FeatureSpace
from models.settings import FrequencySettings, TextSettings, ThresholdSettings
from models.text import tokenize_texts
from tasks.training.answers import DEFAULT, Answers, Unseen, answer, cross_fitted_table
from tasks.training.labelled_tweets import Labelled

SHARES = {"song": 0.1, "smoke": 0.3, "fire": 0.8}  # of disasters among the tweets of each word


def tweets(copies: int) -> Labelled:
    """Validation and test rows of a word each; with copies, so many rows to a group."""
    random = np.random.default_rng(0)
    words = np.tile(list(SHARES), 200)
    labels = (random.random(len(words)) < [SHARES[word] for word in words]).astype(np.int8)
    numbers = np.arange(len(words)).astype(str)
    table = {"id": numbers, "group": np.arange(len(words)) // copies, "text": words, "target": labels}
    splits = np.where(np.arange(len(words)) % 6 < 3, "validation", "test")
    made = pa.table({**table, "group": pa.array(table["group"]).cast(pa.string()), "split": splits})
    return Labelled(made, tokenize_texts(pa.array(words), TextSettings()), labels)


def asked(threshold: ThresholdSettings = DEFAULT, kind: str = "logistic", copies: int = 1, **given: Any) -> Answers:
    """The answers of a logistic regression whose probabilities are true."""
    words, odds = list(SHARES), logit(list(SHARES.values()))
    space = FeatureSpace(pa.array(words), np.full(3, 9), 99, FrequencySettings(max_ngram=1))
    head = LogisticModel(odds, 0.0, 1.0, np.zeros(3), np.ones(3))
    about = {"name": kind, "kind": kind, "representation": "one-hot", "threshold": 0.5}
    parts = {"logistic.npz": head.to_arrays(), "features.parquet": space.to_table()}
    return answer(tweets(copies), {**about, "text": TextSettings().model_dump()}, parts, threshold, **given)


def test_a_miss_that_costs_five_alarms_calls_what_is_likelier_than_one_in_six() -> None:
    threshold = asked(ThresholdSettings(miss_costs=5)).about["threshold"]
    assert SHARES["song"] < threshold < SHARES["smoke"]
    assert SHARES["smoke"] < asked().about["threshold"] < SHARES["fire"]


def test_the_description_of_a_model_says_for_what_its_threshold_was_chosen() -> None:
    assert asked().about["threshold_for"] == "accuracy"
    assert asked(ThresholdSettings(aim="f1")).about["threshold_for"] == "F1 of disasters"
    said = asked(ThresholdSettings(miss_costs=2.5)).about["threshold_for"]
    assert said == "least cost, a missed disaster costing as much as 2.5 false alarms"


def test_what_fits_nothing_on_validation_rows_judges_by_the_very_answers_it_gives() -> None:
    answers = asked()
    np.testing.assert_array_equal(answers.cross_fitted, answers.probabilities["validation"])


def test_a_line_fitted_on_validation_rows_is_fitted_again_without_each() -> None:
    answers = asked(kind="nb-svm", copies=3)
    table = cross_fitted_table(tweets(3), answers).to_pandas()
    assert list(table.columns) == ["id", "group", "target", "probability"]
    given = answers.probabilities["validation"]
    assert 0 < np.abs(table["probability"] - given).max() < 0.1
    lines = table.assign(given=given).groupby(["group", "given"])["probability"].nunique()
    assert lines.max() == 1  # rows of a group share a fold, so a line


def test_an_ensembles_own_calibration_is_cross_fitted_too() -> None:
    seen: list[int] = []

    def calibrate(known: np.ndarray, asked: np.ndarray) -> np.ndarray:
        seen.append(len(known))
        return np.full(len(asked), 0.25)

    said = np.full(len(tweets(1).rows("validation")), 0.75)
    answers = asked(kind="ensemble", unseen=Unseen(said, calibrate))
    np.testing.assert_array_equal(answers.probabilities["validation"], said)
    assert set(answers.cross_fitted) == {0.25}
    assert len(seen) == 10
    assert max(seen) < len(said)


@pytest.mark.parametrize("wrong", [0, -1])
def test_a_miss_costs_something(wrong: float) -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        ThresholdSettings(miss_costs=wrong)
