"""A cheap model with known weights, stored and logged as training does."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from models.classifiers.logistic import LogisticModel
from models.classifiers.pipeline import assemble
from models.frequencies import FeatureSpace
from models.settings import FrequencySettings, TextSettings
from tasks import tracking
from tasks.evaluation.comparison import ModelRow
from tasks.packaging import mlflow_model
from tasks.store import formats


@pytest.fixture(scope="session")
def train() -> Callable[[Path, str, Mapping[str, float]], ModelRow]:
    """Makes a model of a table of tweets, a name and the weight of each word; it takes the state folder in force."""
    return log_model


def log_model(tweets: Path, name: str, weights: Mapping[str, float]) -> ModelRow:
    """A logistic regression over one-hot words with these weights, stored and logged as training does."""
    words = sorted(weights)
    space = FeatureSpace(pa.array(words), np.full(len(words), 9), 99, FrequencySettings(max_ngram=1))
    zeros = np.zeros(len(words))
    head = LogisticModel(np.array([weights[word] for word in words]), -2.5, 1.0, zeros, zeros + 1)
    about = {"name": name, "kind": "logistic", "representation": "one-hot", "threshold": 0.5}
    about["text"] = TextSettings(keyword_in_front=False).model_dump()
    parts = {"classifier.json": about, "logistic.npz": head.to_arrays(), "features.parquet": space.to_table()}
    table = formats.read_tweets(tweets)
    test = table.take(formats.rows_in(table, "test"))
    probability = assemble(parts).probabilities(test["text"].combine_chunks(), test["keyword"].combine_chunks())
    label = (probability >= 0.5).astype(np.int8)
    predictions = pa.table({"id": test["id"], "probability": probability, "label": label, "split": test["split"]})
    files = {f"classifier/{each}": value for each, value in parts.items()}
    model = formats.write_artifact("model", {**files, "predictions.parquet": predictions})
    with tracking.tracked_run(name, "train_logistic") as run:
        mlflow_model.log_classifier(run, model / "classifier", table)
    uri = tracking.read_run(run.run_id).data.tags["model_uri"]
    nothing = (0.0, 0.0)
    scores = dict.fromkeys(("accuracy", "f1", "roc_auc", "log_loss", "train_seconds", "validation_f1"), 0.5)
    facts = {"kind": "logistic", "features": "one-hot", "reused": False, "f1_interval": nothing}
    return ModelRow(
        name=name, run_id=run.run_id, model_uri=uri, artifact=f"model/{model.name}", **facts, **scores,
        accuracy_interval=nothing,
    )  # fmt: skip
