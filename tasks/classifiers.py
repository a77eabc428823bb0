"""Linear, feed-forward and recurrent classifiers: train, choose the threshold, score the held-out rows, save, log."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.seeds import derive_seed
from models.settings import (
    ClassifierSettings,
    EnsembleSettings,
    LogisticSettings,
    NbSvmSettings,
    Representation,
    TextSettings,
)
from models.text import Tokens
from tasks import artifacts, diagnostics, environment, serving
from tasks.checkpoints import Checkpoints
from tasks.frequencies import CHARACTERS
from tasks.gradients import GradientRecord
from tasks.pretraining import READER
from tasks.progress import progress
from tasks.steps import step
from tasks.tracking import Run

INTERVALS_OF = ("accuracy", "f1")


@dataclass(frozen=True)
class Labelled:
    """The labelled tweets with their tokens; rows of both agree."""

    tweets: pa.Table
    tokens: Tokens
    labels: np.ndarray

    @classmethod
    def read(cls, tweets: Path, tokens: Path) -> "Labelled":
        """The tweets of these two artifacts. Raises ValueError when tweets have no labels to learn from."""
        table = artifacts.read_tweets(tweets)
        if table["target"].null_count:
            raise ValueError(
                f"{table['target'].null_count} of {len(table)} tweets have no label: training needs a table with labels"
            )
        return cls(table, artifacts.read_tokens(tokens), table["target"].to_numpy())

    def rows(self, split: str) -> np.ndarray:
        """Row numbers of this split."""
        return artifacts.rows_in(self.tweets, split)


@step("train logistic/{representation}", hardware=True)
def train_logistic(
    run: Run,
    tweets: Path,
    tokens: Path,
    features: Path,
    representation: Representation,
    settings: LogisticSettings,
    text: TextSettings,
) -> Path:
    """Fit logistic regression on document vectors of one representation."""
    from models.logistic import fit_logistic

    about = {"name": f"logistic/{representation}", "kind": "logistic", "representation": representation}
    return _train_linear(
        run, Labelled.read(tweets, tokens), features, about, partial(fit_logistic, settings=settings), text
    )


@step("train nb-svm/{representation}", hardware=True)
def train_nb_svm(
    run: Run,
    tweets: Path,
    tokens: Path,
    features: Path,
    representation: Representation,
    settings: NbSvmSettings,
    text: TextSettings,
) -> Path:
    """Fit NB-SVM on a bag of words."""
    from models.nb_svm import fit_nb_svm

    about = {"name": f"nb-svm/{representation}", "kind": "nb-svm", "representation": representation}
    if (features / CHARACTERS).exists():
        about |= {"characters": json.loads((features / CHARACTERS).read_text(encoding="utf-8"))}
    return _train_linear(
        run, Labelled.read(tweets, tokens), features, about, partial(fit_nb_svm, settings=settings), text
    )


def _train_linear(
    run: Run, data: Labelled, features: Path, about: Mapping[str, Any], fit: Callable[..., Any], text: TextSettings
) -> Path:
    """Fit a linear model on the document vectors of `about`'s representation, and finish it."""
    matrix = artifacts.read_document_vectors(features, about["representation"], data.tokens)
    train, validation = data.rows("train"), data.rows("validation")
    start = time.monotonic()
    head, history = fit(matrix[train], data.labels[train], matrix[validation], data.labels[validation])
    seconds = time.monotonic() - start
    run.log_history(list(enumerate(_named("validation", each) for each in history)))
    space = "features.parquet" if (features / "features.parquet").exists() else "vectors.parquet"
    parts = {"logistic.npz": head.to_arrays(), space: pq.read_table(features / space)}
    return _finish(run, data, about, parts, text, seconds)


@step("train {settings.name}", hardware=True)
def train_network(
    run: Run,
    tweets: Path,
    tokens: Path,
    vocabulary: Path,
    vectors: Path | None,
    settings: ClassifierSettings,
    text: TextSettings,
    seed: int,
    pretrained: Path | None = None,
) -> Path:
    """Train a feed-forward or recurrent network over token ids: from scratch, word vectors or a whole network.

    `pretrained` holds word vectors and the weights between them and the output.
    """
    run.tag(device=environment.load_tensorflow(), precision=environment.precision())
    from models.figures import learning_curves
    from models.recurrent import build_classifier, computing_in, in_float32, train_classifier
    from models.recurrent.network import take_reader_weights

    data = Labelled.read(tweets, tokens)
    words, weights = artifacts.read_vocabulary(vocabulary), None
    if start := pretrained or vectors:
        known = artifacts.read_vectors(start)
        words = words.extended(known.tokens)
        weights, _ = known.rows_for(words.tokens)
    seed = derive_seed(seed, settings.name)
    kept = Checkpoints(run.action_key)
    with computing_in(environment.precision()):
        network = build_classifier(settings, len(words), weights, seed)
    if pretrained is not None:
        take_reader_weights(network, artifacts.read_arrays(pretrained / READER))
    train = _encoded(data, words, "train")
    gradients = GradientRecord(network, *train, settings)
    with progress(f"train {settings.name}", total=settings.epochs, unit="epochs") as report:

        def end_epoch(epoch: int, _: Any) -> None:
            report(epoch + 1)
            gradients.examine(epoch + 1)

        history = train_classifier(
            network,
            train,
            _encoded(data, words, "validation"),
            settings,
            seed,
            on_epoch=end_epoch,
            start=kept.latest(),
            on_checkpoint=kept.save,
        )
    network = in_float32(network, lambda: build_classifier(settings, len(words), weights, seed))
    seconds = sum(epoch["seconds"] for epoch in history)
    run.log_history(list(enumerate(history)))
    run.log_figure(learning_curves(history), "learning-curves")
    gradients.log(run)
    run.log_metrics({"parameters": network.count_params(), "epochs": len(history)})
    about = {"name": settings.name, "kind": settings.kind, "representation": settings.features}
    parts = {"network.keras": network, "vocabulary.parquet": words.to_table()}
    return _finish(run, data, about, parts, text, seconds)


@step("combine {name}", hardware=True)
def combine_models(
    run: Run, tweets: Path, tokens: Path, members: list[Path], name: str, settings: EnsembleSettings, text: TextSettings
) -> Path:
    """Put trained models together: calibrated each on the validation rows, they answer with their mean log-odds."""
    run.tag(device=environment.load_tensorflow())
    from models.ensemble import member_lines
    from models.pipeline import assemble

    data, start = Labelled.read(tweets, tokens), time.monotonic()
    parts = {str(number): artifacts.read_parts(member / "classifier") for number, member in enumerate(members)}
    rows = data.rows("validation")
    said = [assemble(member).predict(data.tokens.take(rows)) for member in parts.values()]
    lines = member_lines(data.labels[rows], said)
    run.log_table(
        {"member": settings.members, "slope": [a for a, _ in lines], "offset": [b for _, b in lines]}, "members"
    )
    about = {"name": name, "kind": "ensemble", "representation": "average", "lines": lines}
    return _finish(run, data, about, {"members": parts}, text, time.monotonic() - start)


def _encoded(data: Labelled, vocabulary: Any, split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = data.rows(split)
    return (*vocabulary.encode(data.tokens.take(rows)), data.labels[rows])


def _finish(
    run: Run, data: Labelled, about: Mapping[str, Any], parts: Mapping[str, Any], text: TextSettings, seconds: float
) -> Path:
    """Calibrate and choose the threshold on validation, score validation and test, save and log all of it."""
    from models.calibration import apply_temperature, fit_temperature
    from models.metrics import choose_threshold
    from models.pipeline import assemble

    about = {**about, "text": text.model_dump(), "threshold": 0.5}
    classifier, known = assemble({"classifier.json": about, **parts}), data.labels[data.rows("validation")]
    uncalibrated = {split: classifier.predict(data.tokens.take(data.rows(split))) for split in ("validation", "test")}
    if "network.keras" in parts:
        about["temperature"] = fit_temperature(known, uncalibrated["validation"])
    temperature = about.get("temperature", 1.0)
    probabilities = {split: apply_temperature(raw, temperature) for split, raw in uncalibrated.items()}
    about["threshold"] = choose_threshold(known, probabilities["validation"])
    with artifacts.new_artifact("model") as draft:
        (draft / "classifier").mkdir()
        for name, value in {"classifier.json": about, **parts}.items():
            artifacts.write_part(draft / "classifier" / name, value)
        metrics = _score(run, data, probabilities, about["threshold"])
        artifacts.write_part(draft / "metrics.json", metrics)
        artifacts.write_part(draft / "predictions.parquet", _predictions(data, probabilities, about["threshold"]))
    chosen: dict[str, float] = {name: about[name] for name in ("threshold", "temperature") if name in about}
    finished = run.next_step("validation/log_loss")  # else the last epoch's scores would stand for the model's
    run.log_metrics({**metrics, **chosen, "train_seconds": round(seconds, 2)}, finished)
    run.log_metrics({"tweets_per_second": len(data.rows("train")) / max(seconds, 1e-9)})
    run.tag(model=about["name"], kind=about["kind"], features=about["representation"])
    run.log_file(draft.final / "predictions.parquet")
    serving.log_classifier(run, draft.final / "classifier", data.tweets)
    diagnostics.record(run, data, assemble({"classifier.json": about, **parts}), probabilities, uncalibrated)
    return draft.final


def _named(split: str, metrics: Mapping[str, float]) -> dict[str, float]:
    return {f"{split}/{name}": value for name, value in metrics.items()}


def _score(run: Run, data: Labelled, probabilities: Mapping[str, np.ndarray], threshold: float) -> dict[str, float]:
    """Metrics of each split, bootstrap intervals of the test split, and pictures of both."""
    from models import figures
    from models.metrics import bootstrap_intervals, classification_metrics

    metrics: dict[str, float] = {}
    for split, predicted in probabilities.items():
        metrics |= _named(split, classification_metrics(data.labels[data.rows(split)], predicted, threshold))
    labels, predicted = data.labels[data.rows("test")], probabilities["test"]
    intervals = bootstrap_intervals(labels, predicted, threshold, seed=0)
    for name in INTERVALS_OF:
        metrics[f"test_interval/{name}_low"], metrics[f"test_interval/{name}_high"] = intervals[name]
    run.log_figure(figures.confusion_matrix(labels, predicted, threshold), "confusion-matrix")
    run.log_figure(figures.precision_recall(labels, predicted), "precision-recall")
    validation = data.labels[data.rows("validation")]
    run.log_figure(figures.threshold_curve(validation, probabilities["validation"], threshold), "threshold")
    return metrics


def _predictions(data: Labelled, probabilities: Mapping[str, np.ndarray], threshold: float) -> pa.Table:
    """Columns id, probability, label, target, split for the validation and test rows."""
    tables = []
    for split, predicted in probabilities.items():
        rows = data.tweets.take(pa.array(data.rows(split)))
        columns = {"id": rows["id"], "probability": predicted, "label": (predicted >= threshold).astype(np.int8)}
        tables.append(pa.table({**columns, "target": rows["target"], "split": rows["split"]}))
    return pa.concat_tables(tables)
