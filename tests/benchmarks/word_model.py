"""A served model of a few words with known weights, and a service that answers with it: made in no time."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from models.classifiers.pipeline import TextClassifier
from models.drift.familiarity import Familiarity
from models.settings import TextSettings
from models.text import Tokens
from tasks.packaging.logged_model import LoggedClassifier
from tasks.service import ServedModel, Service
from tasks.service.limits import Limits

WEIGHTS = {
    "fire": 3.0,
    "flood": 2.5,
    "evacuated": 2.0,
    "party": -2.5,
    "movie": -2.0,
    "the": 0.0,
    "near": 0.1,
    "mill": 0.3,
}
START = -0.5
WHEN = "2026-01-01T00:00:00+00:00"


def classifier(threshold: float = 0.5) -> TextClassifier:
    """P = 1 / (1 + exp(-(START + the weights of the words)))."""

    def predict(tokens: Tokens) -> np.ndarray:
        weights = np.array([WEIGHTS.get(word, 0.0) for word in tokens.words.to_pylist()] or [0.0])
        sums = np.concatenate([[0.0], np.cumsum(weights[tokens.codes])]) if len(tokens.codes) else np.zeros(1)
        log_odds = START + sums[tokens.offsets[1:]] - sums[tokens.offsets[:-1]]
        return np.asarray(1 / (1 + np.exp(-log_odds)))

    return TextClassifier("word weights", TextSettings(keyword_in_front=False), threshold, predict, pa.array(WEIGHTS))


@dataclass(frozen=True)
class Logged:
    """Predicts as MLflow's model does."""

    inner: LoggedClassifier

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        return self.inner.predict(None, frame)

    def unwrap_python_model(self) -> LoggedClassifier:
        return self.inner


def served_model(version: str = "3", tweets: Path | None = None, **changed: Any) -> ServedModel:
    """The model as a service has it in use."""
    inner = LoggedClassifier()
    inner.classifier = classifier()
    learned = Familiarity(frozenset({"Latin"}), pa.array(WEIGHTS))
    made = ServedModel(
        "word weights", version, f"models:/crisisflow/{version}", None, None, WHEN, inner.classifier,
        familiarity=learned, tweets=tweets, logged=Logged(inner),
    )  # fmt: skip
    return replace(made, **changed)


def service(used: ServedModel | None = None, limits: Limits | None = None) -> Service:
    """A service with this model in use."""
    made = Service(limits or Limits())
    made.put_in_use(used or served_model())
    return made


def write_tweets(folder: Path) -> Path:
    """Checked tweets as ingestion leaves them: two copies of one text, and another."""
    from models.splitting.splits import group_digests

    texts = ["Fire near the mill! http://t.co/x", "RT @anna: FIRE near the mill", "a party"]
    rows = {"text": texts, "target": pa.array([1, None, 0], pa.int8()), "split": ["train", "train", "test"]}
    folder.mkdir(parents=True)
    import pyarrow.parquet as pq

    pq.write_table(pa.table({**rows, "group": group_digests(pa.array(texts))}), folder / "tweets.parquet")
    return folder
