"""Accuracy estimated without labels beside NannyML's (CBPE), where that is installed."""

import os

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from models.drift.estimated_accuracy import Judged, estimate, expected_scores

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
nannyml = pytest.importorskip("nannyml", reason="the oracle of estimated accuracy: pip install nannyml")
ROWS = 4_000


def labelled(sure: float, seed: int, shift: float = 0.0) -> pd.DataFrame:
    """Probabilities and labels; with `sure` above 1 the probabilities are surer than they should be."""
    random = np.random.default_rng(seed)
    odds = random.normal(shift, 1.7, ROWS)
    labels = (random.random(ROWS) < expit(odds)).astype(int)
    probabilities = expit(sure * odds)
    return pd.DataFrame({"p": probabilities, "called": (probabilities >= 0.5).astype(int), "label": labels})


def theirs(reference: pd.DataFrame, window: pd.DataFrame) -> tuple[float, float]:
    """NannyML's estimate of accuracy and F1 of the window."""
    estimator = nannyml.CBPE(
        metrics=["accuracy", "f1"],
        y_pred_proba="p",
        y_pred="called",
        y_true="label",
        problem_type="classification_binary",
        chunk_number=1,
    )
    found = estimator.fit(reference).estimate(window.drop(columns="label")).filter(period="analysis").to_df()
    return float(found["accuracy"]["value"].iloc[0]), float(found["f1"]["value"].iloc[0])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("sure", [1.0, 1.6])
def test_estimates_are_those_of_nannyml_and_near_the_truth(sure: float) -> None:
    reference, window = labelled(sure, 0), labelled(sure, 1, shift=0.5)
    ours = estimate(
        Judged(reference["p"].to_numpy(), reference["called"].to_numpy(bool)),
        reference["label"].to_numpy(),
        Judged(window["p"].to_numpy(), window["called"].to_numpy(bool)),
    )
    assert (ours.accuracy, ours.f1) == pytest.approx(theirs(reference, window), abs=0.01)
    assert ours.accuracy == pytest.approx(float((window["called"] == window["label"]).mean()), abs=0.02)


@pytest.mark.filterwarnings("ignore")
def test_expected_scores_of_calibrated_chances_are_those_of_nannyml() -> None:
    reference, window = labelled(1.0, 0), labelled(1.0, 2)
    found = expected_scores(window["p"].to_numpy(), window["called"].to_numpy(bool))
    assert found == pytest.approx(theirs(reference, window), abs=2e-3)
