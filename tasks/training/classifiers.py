"""Linear, feed-forward and recurrent classifiers: train, choose the threshold, score the held-out rows, save, log."""

import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.metrics.probability_columns import probability_columns, read_probabilities
from models.settings import (
    ClassifierSettings,
    EnsembleSettings,
    LogisticSettings,
    NbSvmSettings,
    Representation,
)
from tasks.packaging import mlflow_model
from tasks.packaging.mlflow_model import KIND_GROUPS
from tasks.runtime import environment
from tasks.steps import step
from tasks.store import artifact_store, formats
from tasks.tracking import Run
from tasks.training import diagnostics
from tasks.training.answers import Answers, Unseen, Use, answer, cross_fitted_table
from tasks.training.class_scores import record_classes
from tasks.training.features import CHARACTERS
from tasks.training.kinds import describe_kinds
from tasks.training.labelled_tweets import Labelled, LabelledInputs
from tasks.training.network import Start, train

TRIED = "validation.parquet"
INTERVALS_OF = ("accuracy", "f1")


@step("train logistic/{representation}", hardware=True)
def train_logistic(
    run: Run,
    labelled: LabelledInputs,
    features: Path,
    representation: Representation,
    settings: LogisticSettings,
    use: Use,
) -> Path:
    """Fit logistic regression on document vectors of one representation."""
    from models.classifiers.logistic import fit_logistic

    about = {"name": f"logistic/{representation}", "kind": "logistic", "representation": representation}
    return _train_linear(run, labelled, features, about, partial(fit_logistic, settings=settings), use)


@step("train nb-svm/{representation}", hardware=True)
def train_nb_svm(
    run: Run,
    labelled: LabelledInputs,
    features: Path,
    representation: Representation,
    settings: NbSvmSettings,
    use: Use,
) -> Path:
    """Fit NB-SVM on a bag of words."""
    from models.classifiers.nb_svm import fit_nb_svm

    about = {"name": f"nb-svm/{representation}", "kind": "nb-svm", "representation": representation}
    if (features / CHARACTERS).exists():
        about |= {"characters": json.loads((features / CHARACTERS).read_text(encoding="utf-8"))}
    return _train_linear(run, labelled, features, about, partial(fit_nb_svm, settings=settings), use)


def _train_linear(
    run: Run,
    labelled: LabelledInputs,
    features: Path,
    about: Mapping[str, Any],
    fit: Callable[..., Any],
    use: Use,
) -> Path:
    """Fit a linear model on the document vectors of `about`'s representation, and finish it."""
    data = Labelled.read(labelled)
    matrix = formats.read_document_vectors(features, about["representation"], data.tokens)
    train, validation = data.rows("train"), data.rows("validation")
    start = time.monotonic()
    known, chosen = (matrix[train], data.labels[train]), (matrix[validation], data.labels[validation])
    head, history = fit(*known, *chosen, target=data.target)
    seconds = time.monotonic() - start
    run.log_history(list(enumerate(_named("validation", each) for each in history)))
    bag = features / "features.parquet"
    space = {bag.name: pq.read_table(bag)} if bag.exists() else formats.vector_tables(features)
    parts = {"logistic.npz": head.to_arrays(), **space}
    return _finish(run, data, about, parts, use, seconds)


@step("try {settings.name}", hardware=True)
def try_network(run: Run, labelled: LabelledInputs, start: Start, settings: ClassifierSettings, seed: int) -> Path:
    """What a network trained on the training rows alone says of the validation rows: column probability.

    The choices for its twin, which learns from both, are made by it: that one has seen their labels.
    """
    data = Labelled.read(labelled)
    trained = train(run, data, start, settings, seed)
    from models.figures import learning_curves
    from models.recurrent import predict_probabilities

    run.log_figure(learning_curves(trained.history), "learning-curves")
    rows = data.rows("validation")
    said = predict_probabilities(trained.network, *trained.words.encode(data.tokens.take(rows)))
    return formats.write_artifact("tried", {TRIED: pa.table(probability_columns(said))})


@step("train {settings.name}", hardware=True)
def train_network(
    run: Run,
    labelled: LabelledInputs,
    start: Start,
    settings: ClassifierSettings,
    use: Use,
    seed: int,
    tried: Path | None = None,
) -> Path:
    """Train a feed-forward or recurrent network over token ids: from scratch, word vectors or a whole network.

    With `tried`, what a twin said of the
    validation rows, they are learned from as well, and temperature and threshold are chosen by what the twin said.
    """
    data = Labelled.read(labelled)
    learned = ("train",) if tried is None else ("train", "validation")
    network, words, history = trained = train(run, data, start, settings, seed, learned)
    from models.figures import learning_curves

    if tried is None:
        run.log_figure(learning_curves(history), "learning-curves")
    run.log_metrics({"parameters": network.count_params(), "epochs": len(history)})
    about: dict[str, Any] = {"name": settings.name, "kind": settings.kind, "representation": settings.features}
    about |= {"epochs": trained.kept_epochs(settings), "learned": list(learned)}
    parts = trained.parts
    if data.kinds is not None:
        about |= {"kinds": describe_kinds(network, words, data.kinds, learned)}
        parts |= {KIND_GROUPS: data.kinds.groups}
    unseen = None if tried is None else Unseen(read_probabilities(pq.read_table(tried / TRIED)))
    return _finish(run, data, about, parts, use, trained.seconds, unseen)


@step("combine {name}", hardware=True)
def combine_models(
    run: Run, labelled: LabelledInputs, members: list[Path], name: str, settings: EnsembleSettings, use: Use
) -> Path:
    """Put trained models together: calibrated each on the validation rows, they answer with their mean log-odds."""
    run.tag(device=environment.load_tensorflow())
    from models.classifiers.ensemble import mean_log_odds, member_lines

    data, start = Labelled.read(labelled), time.monotonic()
    parts = {str(number): formats.read_parts(member / "classifier") for number, member in enumerate(members)}
    # As recorded, not asked again: a member may have learned from these rows after its choices were made.
    said = [_said(member, "validation") for member in members]
    labels = data.labels[data.rows("validation")]
    lines = member_lines(labels, said)
    run.log_table(
        {"member": settings.members, "slope": [a for a, _ in lines], "offset": [b for _, b in lines]}, "members"
    )
    learned = {split for each in parts.values() for split in each["classifier.json"].get("learned", ("train",))}
    about = {"name": name, "kind": "ensemble", "representation": "average", "lines": lines, "learned": sorted(learned)}
    if told := [each["classifier.json"]["kinds"] for each in parts.values() if each["classifier.json"].get("kinds")]:
        about |= {"kinds": told[0]}  # of one source, so all members that tell any tell the same

    def calibrate(known: np.ndarray, asked: np.ndarray) -> np.ndarray:
        fitted = member_lines(labels[known], [each[known] for each in said])
        return mean_log_odds([each[asked] for each in said], fitted)

    unseen = Unseen(mean_log_odds(said, lines), calibrate)
    return _finish(run, data, about, {"members": parts}, use, time.monotonic() - start, unseen)


def _said(model: Path, split: str) -> np.ndarray:
    """The probabilities that a model gave the rows of a split, in their order."""
    table = pq.read_table(model / "predictions.parquet")
    return read_probabilities(table.filter(pc.equal(table["split"], split)))


def _finish(
    run: Run,
    data: Labelled,
    about: Mapping[str, Any],
    parts: Mapping[str, Any],
    use: Use,
    seconds: float,
    unseen: Unseen | None = None,
) -> Path:
    """Calibrate and choose the threshold on validation, score validation and test, save and log all of it.

    `unseen` is for a model that has learned from the validation rows, or asks others.
    """
    from models.classifiers.pipeline import assemble

    open_to_choice = {"threshold": None if data.target.names else 0.5}
    answers = answer(data, {**about, "text": use.text.model_dump(), **open_to_choice}, parts, use.threshold, unseen)
    about, probabilities = answers.about, answers.probabilities
    with artifact_store.new_artifact("model") as draft:
        (draft / "classifier").mkdir()
        for name, value in {"classifier.json": about, **parts}.items():
            formats.write_part(draft / "classifier" / name, value)
        metrics = _score(run, data, answers, use.threshold.miss_costs)
        formats.write_part(draft / "metrics.json", metrics)
        formats.write_part(draft / "predictions.parquet", _predictions(data, probabilities, about["threshold"]))
        formats.write_part(draft / formats.CROSS_FITTED, cross_fitted_table(data, answers))
    _log(run, data, answers, metrics, seconds)
    _log_costs(run, data, answers, use.threshold.miss_costs)
    run.log_file(draft.final / "predictions.parquet")
    run.later(_log_classifier, draft.final / "classifier", data.inputs)
    finished = assemble({"classifier.json": about, **parts})
    diagnostics.record(run, data, finished, probabilities, answers.uncalibrated)
    return draft.final


def _log_classifier(run: Run, classifier: Path, inputs: LabelledInputs) -> None:
    data = Labelled.read(inputs)
    mlflow_model.log_classifier(run, classifier, data.tweets, data.columns)


def _log(run: Run, data: Labelled, answers: Answers, metrics: Mapping[str, float], seconds: float) -> None:
    """Record scores and choices, and what the model is."""
    about = answers.about
    chosen: dict[str, float] = {
        name: about[name] for name in ("threshold", "temperature") if about.get(name) is not None
    }
    run.log_final({**metrics, **chosen, "train_seconds": round(seconds, 2)})
    run.log_metrics({"tweets_per_second": len(data.rows("train")) / max(seconds, 1e-9)})
    run.tag(model=about["name"], kind=about["kind"], features=about["representation"])
    if "classes" in about:
        run.tag(classes=json.dumps(about["classes"], ensure_ascii=False))
    else:
        run.tag(threshold_for=about["threshold_for"])


def _log_costs(run: Run, data: Labelled, answers: Answers, miss_costs: float | None) -> None:
    """Record what chooses among models, and what a tweet costs where a cost of misses was given."""
    from models.metrics.scores import mean_cost

    threshold = answers.about["threshold"]
    crossed = data.target.scores(data.labels[data.rows("validation")], answers.cross_fitted, threshold)
    run.log_metrics(
        {
            "validation/cross_fitted_log_loss": crossed["log_loss"],
            "validation/cross_fitted_brier": crossed["brier"],
        }
    )
    if miss_costs is None:
        return
    for split, predicted in answers.probabilities.items():
        run.log_metrics({f"{split}/cost": mean_cost(data.labels[data.rows(split)], predicted, threshold, miss_costs)})


def _named(split: str, metrics: Mapping[str, float]) -> dict[str, float]:
    return {f"{split}/{name}": value for name, value in metrics.items()}


def _score(run: Run, data: Labelled, answers: Answers, miss_costs: float | None) -> dict[str, float]:
    """Metrics of each split, bootstrap intervals of the test split, and pictures of both."""
    metrics: dict[str, float] = {}
    threshold = answers.about["threshold"]
    for split, predicted in answers.probabilities.items():
        metrics |= _named(split, data.target.scores(data.labels[data.rows(split)], predicted, threshold))
    labels, predicted = data.labels[data.rows("test")], answers.probabilities["test"]
    intervals = data.target.intervals(labels, predicted, threshold)
    for name in INTERVALS_OF:
        metrics[f"test_interval/{name}_low"], metrics[f"test_interval/{name}_high"] = intervals[name]
    if data.target.names:
        return metrics | record_classes(run, labels, predicted, data.target.names)
    _draw(run, data, answers, miss_costs)
    return metrics


def _draw(run: Run, data: Labelled, answers: Answers, miss_costs: float | None) -> None:
    """Pictures of the test rows at the threshold, and of what the threshold trades on the validation rows."""
    from models import figures

    threshold = answers.about["threshold"]
    labels, predicted = data.labels[data.rows("test")], answers.probabilities["test"]
    run.log_figure(figures.confusion_matrix(labels, predicted, threshold, "test"), "confusion-matrix")
    run.log_figure(figures.precision_recall(labels, predicted, threshold, "test"), "precision-recall")
    labels, predicted = data.labels[data.rows("validation")], answers.probabilities["validation"]
    run.log_figure(figures.threshold_curve(labels, predicted, threshold, "validation", miss_costs), "threshold")


def _predictions(data: Labelled, probabilities: Mapping[str, np.ndarray], threshold: float | None) -> pa.Table:
    """Columns id, probability, label, target, split for the validation and test rows; of several classes more."""
    from models.classifiers.calibration import call_classes

    tables = []
    for split, predicted in probabilities.items():
        rows = data.tweets.take(pa.array(data.rows(split)))
        said = probability_columns(predicted)
        columns = {"id": rows["id"], **said, "label": call_classes(predicted, threshold).astype(np.int8)}
        tables.append(pa.table({**columns, "target": rows["target"], "split": rows["split"]}))
    return pa.concat_tables(tables)
