"""The refit: a promoted model fitted again on every labelled row, its choices kept, and compared with its judged twin.

It is never judged: the rows that could judge it are those it has learned from. So a refit carries no predictions and no
scores, and what it learned from is written into it.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.settings import SPLITS, ClassifierSettings, NbSvmSettings, ServedSettings
from models.text import Tokens
from tasks.packaging import mlflow_model
from tasks.packaging.mlflow_model import KIND_GROUPS, LEARNED, read_about
from tasks.runtime import environment
from tasks.steps import step
from tasks.store import formats
from tasks.tracking import Run
from tasks.training.features import unlabelled_tokens
from tasks.training.labelled_tweets import Labelled, LabelledInputs
from tasks.training.network import Start, train

if TYPE_CHECKING:
    from models.classifiers.logistic import LinearModel

KIND = "refit"  # of artifact
COMPARISON = "comparison.json"
CHECKED = 256  # rows
DIFFERENCE = 1e-6  # of probabilities: rounding, nothing more


@step("gather every label")
def gather_every_label(run: Run, tweets: Path) -> Path:
    """The labelled tweets with every row as a training row, for what is fitted on training rows."""
    table = formats.read_tweets(tweets)
    place = table.schema.get_field_index("split")
    everything = pa.array(["train"] * len(table), pa.string())
    run.log_metrics({"rows": len(table)})
    return formats.write_artifact("every-label", {"tweets.parquet": table.set_column(place, "split", everything)})


@step("refit {name}", hardware=True)
def refit_linear(
    run: Run, labelled: LabelledInputs, features: Path, name: str, twin: Path, settings: NbSvmSettings
) -> Path:
    """A linear model of the twin's strength on the document vectors of all rows."""
    data, about = Labelled.read(labelled), read_about(twin / "classifier")
    matrix = formats.read_document_vectors(features, about["representation"], data.tokens)
    strength = float(formats.read_arrays(twin / "classifier" / "logistic.npz")["inverse_strength"])
    head = _fit_linear(data, matrix, about["kind"], strength, settings)
    bag = features / "features.parquet"
    space = {bag.name: pq.read_table(bag)} if bag.exists() else formats.vector_tables(features)
    return _write(run, about, {"logistic.npz": head.to_arrays(), **space})


def _fit_linear(data: Labelled, matrix: Any, kind: str, strength: float, settings: NbSvmSettings) -> "LinearModel":
    from models.classifiers.refitting import refit_logistic, refit_nb_svm

    rows = data.rows(*SPLITS)
    if kind == "logistic":
        return refit_logistic(matrix[rows], data.labels[rows], strength)
    groups = data.tweets["group"].to_numpy(zero_copy_only=False)[rows]
    return refit_nb_svm(matrix[rows], data.labels[rows], groups, strength, settings, data.target)


@step("refit {settings.name}", hardware=True)
def refit_network(
    run: Run, labelled: LabelledInputs, start: Start, settings: ClassifierSettings, seed: int, twin: Path
) -> Path:
    """A network trained on all rows for as many epochs as the twin was, from the same start."""
    about, data = read_about(twin / "classifier"), Labelled.read(labelled)
    trained = train(run, data, start, settings, seed, tuple(SPLITS), about["epochs"])
    return _write(run, about, trained.parts | ({KIND_GROUPS: data.kinds.groups} if data.kinds else {}))


@step("refit {name}", hardware=True)
def combine_refits(run: Run, refits: list[Path], name: str, twin: Path) -> Path:
    """An ensemble of refits, put together by the lines of the twin."""
    environment.load_tensorflow()
    members = {str(number): formats.read_parts(each / "classifier") for number, each in enumerate(refits)}
    return _write(run, read_about(twin / "classifier"), {"members": members})


def _write(run: Run, about: dict[str, Any], parts: dict[str, Any]) -> Path:
    run.tag(refit_of=about["name"])
    described = {"classifier.json": {**about, LEARNED: list(SPLITS)}, **parts}
    return formats.write_artifact(KIND, {f"classifier/{name}": part for name, part in described.items()})


@step("compare refit", hardware=True)
def compare_refit(
    run: Run,
    labelled: LabelledInputs,
    corpus_tokens: Path | None,
    twin: Path,
    refit: Path,
    settings: ServedSettings,
    seed: int,
) -> Path:
    """Which of the two is served, and why: `comparison.json` with `served`, `why` and the figures by kind of texts."""
    environment.load_tensorflow()
    from models.classifiers.pipeline import assemble
    from models.selection import refit_check

    twins, refits = (assemble(formats.read_parts(each / "classifier")) for each in (twin, refit))
    found = {}
    for kind, texts in _made_texts(Labelled.read(labelled), corpus_tokens, seed).items():
        asked = Tokens.from_lists(texts)
        answers = [each.predict(asked) if texts else np.empty(0) for each in (twins, refits)]
        called = [each.call(of_it) for each, of_it in zip((twins, refits), answers, strict=True)] if texts else []
        found[kind] = refit_check.measure_agreement(answers[0], answers[1], called)
        measured = asdict(found[kind]) if texts else {}
        run.log_metrics({f"refit/{kind.replace(' ', '_')}/{name}": value for name, value in measured.items()})
    agrees, why = refit_check.decide(found, settings)
    served = {"served": "refit" if agrees else "twin", "why": why}
    run.tag(serves=served["served"], serves_why=why)
    figures = {kind: asdict(each) for kind, each in found.items() if each.texts}
    return formats.write_artifact("refit-comparison", {COMPARISON: {**served, "texts": figures}})


def _made_texts(data: Labelled, corpus_tokens: Path | None, seed: int) -> dict[str, list[list[str]]]:
    from models.selection import refit_check

    labelled = data.tokens.to_lists()
    train = [labelled[row] for row in data.rows("train")]
    made = {"spliced texts": refit_check.spliced_texts(train, labelled, seed)}
    if corpus_tokens is not None:
        documents = next(unlabelled_tokens(None, None, corpus_tokens), Tokens.from_lists([]))
        made["unlabelled texts"] = refit_check.beginnings(documents, labelled, seed)
    return made


def log_served(run: Run, labelled: LabelledInputs, twin: Path, refit: Path) -> str:
    """Log twin and refit as one model that answers with the refit; return its address.

    Raises RuntimeError unless the logged model, loaded back, answers as both do.
    """
    environment.load_tensorflow()
    data = Labelled.read(labelled)
    uri = mlflow_model.log_both(run, twin / "classifier", refit / "classifier", data.tweets, data.columns)
    rows = data.tweets.slice(0, CHECKED).select(["text", "keyword"])
    for folder, judged in ((twin, True), (refit, False)):
        _check_answers(mlflow_model.load_model(uri, judged=judged), folder, rows)
    run.tag(served_model_uri=uri)
    return uri


def _check_answers(model: Any, folder: Path, rows: pa.Table) -> None:
    from models.classifiers.pipeline import assemble

    classifier = assemble(formats.read_parts(folder / "classifier"))
    expected = classifier.probabilities(*rows.combine_chunks().columns)
    answer = model.predict(rows.to_pandas())
    said = answer[list(classifier.class_columns) if classifier.classes else "probability"].to_numpy()
    if len(rows) and np.abs(said - expected).max() > DIFFERENCE:
        raise RuntimeError(f"the logged model answers otherwise than {folder.parent.name}/{folder.name} does")


def read_comparison(artifact: Path) -> dict[str, Any]:
    """What `compare_refit` found."""
    return dict(json.loads((artifact / COMPARISON).read_text(encoding="utf-8")))
