"""A logged network answers alike by every route, and answers whatever it is given."""

import importlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from models.classifiers.pipeline import TextClassifier, assemble
from models.settings import ClassifierSettings, SubwordSettings, TextSettings, VocabularySettings
from models.text import tokenize_texts
from models.text.vocabulary import fit_vocabulary
from models.vectors.subword_vectors import NgramVectors, to_ngram_table
from tasks import tracking
from tasks.packaging import logged_model, mlflow_model
from tasks.runtime.environment import load_tensorflow
from tasks.scoring.predicting import score_chunk
from tasks.store import formats

TEXTS = [
    f"{what} near the {where} today" for what in ("fire", "flood", "concert") for where in ("mill", "port", "old inn")
]
ODD: list[Any] = [None, "", "🔥🌊🚨", "fire " * 20_000, 7, float("nan"), ["flood", 1], {"a": 1}, "\ud83d!", b"smoke"]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an untrained network's parts."""
    load_tensorflow()
    from models.recurrent import build_classifier

    folder = tmp_path_factory.mktemp("classifier")
    words = fit_vocabulary(tokenize_texts(pa.array(TEXTS), TextSettings()), VocabularySettings(min_count=1))
    about = {"name": "lstm/scratch", "kind": "lstm", "text": TextSettings().model_dump(), "threshold": 0.5}
    network = build_classifier(ClassifierSettings(units=4, dimensions=5), len(words), None, 1)
    for name, part in {
        "classifier.json": about,
        "network.keras": network,
        "vocabulary.parquet": words.to_table(),
    }.items():
        formats.write_part(folder / name, part)
    return folder


@pytest.fixture(scope="module")
def pipeline(classifier: Path) -> TextClassifier:
    """The same as training and evaluation have it."""
    from tasks.packaging.logged_model import read_parts

    return assemble(read_parts(classifier, "models"))


@pytest.fixture(scope="module")
def model(classifier: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same, logged and loaded back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(tmp_path_factory.mktemp("home")))
        tweets = pa.table({"text": TEXTS, "keyword": pa.nulls(len(TEXTS), pa.string())})
        with tracking.tracked_run("train", "test") as run:
            mlflow_model.log_classifier(run, classifier, tweets)
        return mlflow_model.load_model(tracking.read_run(run.run_id).data.tags["model_uri"])


def test_a_logged_network_reads_unknown_words_by_their_ngrams_alone_and_among_others(
    classifier: Path, home: Path, tmp_path: Path
) -> None:
    settings = SubwordSettings(enabled=True, buckets=500)
    buckets = np.arange(500, dtype=np.int32)
    ngrams = NgramVectors(settings, buckets, np.random.default_rng(0).normal(size=(500, 5)).astype(np.float16))
    shutil.copytree(classifier, tmp_path / "classifier")
    formats.write_part(tmp_path / "classifier" / "ngrams.parquet", to_ngram_table(ngrams))
    tweets = pa.table({"text": TEXTS, "keyword": pa.nulls(len(TEXTS), pa.string())})
    with tracking.tracked_run("train", "test") as run:
        mlflow_model.log_classifier(run, tmp_path / "classifier", tweets)
    loaded = mlflow_model.load_model(tracking.read_run(run.run_id).data.tags["model_uri"])
    asked = pd.DataFrame({"text": ["flod near the mil", "earthquake", "tsunami", "fire today"]})
    said = loaded.predict(asked)["probability"].to_numpy()
    expected = assemble(formats.read_parts(tmp_path / "classifier")).probabilities(pa.array(asked["text"]))
    assert said.tobytes() == expected.tobytes()
    one_by_one = [loaded.predict(asked.iloc[[row]])["probability"].item() for row in range(len(asked))]
    assert said == pytest.approx(one_by_one, abs=1e-6)
    assert said[1] != said[2]


def test_a_model_keeps_the_columns_of_its_training_source(classifier: Path, home: Path) -> None:
    columns = {"names": {"text": "tweet", "keyword": "topic"}, "positive": ["yes"], "negative": ["no"]}
    tweets = pa.table({"text": TEXTS, "keyword": pa.nulls(len(TEXTS), pa.string())})
    with tracking.tracked_run("train", "test") as run:
        mlflow_model.log_classifier(run, classifier, tweets, columns)
    loaded = mlflow_model.load_model(tracking.read_run(run.run_id).data.tags["model_uri"])
    assert mlflow_model.column_names(loaded) == {"text": "tweet", "keyword": "topic"}
    assert json.loads(json.dumps(loaded.metadata.metadata))["columns"] == columns


def test_a_model_that_was_logged_without_columns_has_none(model: Any) -> None:
    assert mlflow_model.column_names(model) == {}


def test_a_model_of_two_answers_as_it_is_served_and_on_request_as_it_was_judged(
    classifier: Path, home: Path, tmp_path: Path
) -> None:
    about = json.loads((classifier / "classifier.json").read_text())
    served = Path(shutil.copytree(classifier, tmp_path / "served"))
    (served / "classifier.json").write_text(json.dumps(about | {"threshold": 1.1, "learned": ["train", "test"]}))
    columns = {"text": TEXTS[:3], "keyword": pa.nulls(3, pa.string()), "group": ["a", "b", "a"]}
    tweets = pa.table({**columns, "split": ["train", "test", "train"]})
    with tracking.tracked_run("refit", "test") as run:
        uri = mlflow_model.log_both(run, classifier, served, tweets)
    loaded = {judged: mlflow_model.load_model(uri, judged=judged) for judged in (False, True)}
    rows = pd.DataFrame({"text": TEXTS})
    assert loaded[False].predict(rows)["label"].sum() == 0  # no probability is above 1
    assert loaded[True].unwrap_python_model().classifier.threshold == about["threshold"]
    assert {judged: mlflow_model.serves(each) for judged, each in loaded.items()} == {False: "refit", True: "twin"}
    groups = {judged: mlflow_model.groups_learned(each)["group"].to_pylist() for judged, each in loaded.items()}
    assert groups == {False: ["a", "b"], True: ["a"]}
    with pytest.raises(ValueError, match="part must be served or judged, got 'jugded'"):
        mlflow_model.fluent_mlflow().pyfunc.load_model(uri, model_config={"part": "jugded"})


def posted(model: Any, texts: list[Any]) -> np.ndarray:
    """The probabilities that the scoring server of `mlflow models serve` gives for these texts."""
    from mlflow.pyfunc.scoring_server import invocations

    body = json.dumps({"dataframe_split": {"columns": ["text"], "data": [[text] for text in texts]}})
    answer = invocations(body, "application/json", model, model.metadata.get_input_schema())
    assert answer.status == 200, answer.response
    return np.array([row["probability"] for row in json.loads(answer.response)["predictions"]])


def scored(model: Any, texts: list[str]) -> np.ndarray:
    """What `crisisflow score` writes for a chunk of these texts."""
    nothing = pa.nulls(len(texts), pa.string())
    columns = dict.fromkeys(("keyword", "source", "record", "rule", "reason"), nothing)
    rows = pa.table({**columns, "id": texts, "text": texts, "source_row": pa.nulls(len(texts), pa.int64())})
    return score_chunk(rows, model)["probability"].to_numpy()


def test_equal_batches_give_the_same_bits_by_every_route(model: Any, pipeline: TextClassifier) -> None:
    expected = pipeline.probabilities(pa.array(TEXTS))
    assert len(set(expected)) > 1
    for answers in (
        model.predict(pd.DataFrame({"text": TEXTS}))["probability"].to_numpy(),
        posted(model, TEXTS),
        scored(model, TEXTS),
    ):
        assert answers.tobytes() == expected.tobytes()


def test_rows_asked_one_by_one_agree_to_a_millionth(model: Any, pipeline: TextClassifier) -> None:
    alone = [model.predict(pd.DataFrame({"text": [text]}))["probability"][0] for text in TEXTS]
    np.testing.assert_allclose(alone, pipeline.probabilities(pa.array(TEXTS)), atol=1e-6)


def test_whatever_is_no_tweet_is_answered(model: Any, pipeline: TextClassifier) -> None:
    texts = [None, "", "🔥🌊🚨", "fire " * 20_000, "7", None, "['flood', 1]", "{'a': 1}", "?!", "smoke"]
    expected = pipeline.probabilities(pa.array(texts))
    answers = model.predict(pd.DataFrame({"text": ODD}, dtype=object))
    assert answers["probability"].to_numpy().tobytes() == expected.tobytes()
    assert set(answers["label"]) <= {0, 1}
    served = posted(model, [None if value != value else value for value in ODD[:-1]])  # JSON has no bytes
    np.testing.assert_allclose(served, expected[:-1], atol=1e-6)


@pytest.mark.parametrize("column", [[1, 2], [0.5, float("nan")], [float("nan")] * 2, [True, False]])
def test_columns_without_any_string_are_answered(model: Any, column: list[Any]) -> None:
    answers = model.predict(pd.DataFrame({"text": column, "keyword": [float("nan")] * 2}))
    assert answers["probability"].between(0, 1).all()


def test_no_rows_get_no_answers(model: Any) -> None:
    assert len(model.predict(pd.DataFrame({"text": []}, dtype=object))) == 0


def test_a_served_table_without_text_is_refused_with_the_name_of_what_it_lacks(model: Any) -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match="text"):
        model.predict(pd.DataFrame({"tweet": ["fire"]}))


def test_a_package_whose_first_folder_is_gone_goes_on_from_another(tmp_path: Path) -> None:
    for copy in ("first", "second"):
        (tmp_path / copy / "carried" / "inner").mkdir(parents=True)
        for file in ("__init__.py", "inner/__init__.py", "inner/early.py", "inner/late.py"):
            (tmp_path / copy / "carried" / file).write_text("")
    try:
        logged_model.import_package(tmp_path / "first" / "carried")
        importlib.import_module("carried.inner.early")
        shutil.rmtree(tmp_path / "first")
        logged_model.import_package(tmp_path / "second" / "carried")
        late = importlib.import_module("carried.inner.late")
        assert Path(str(late.__file__)).is_relative_to(tmp_path / "second")
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "carried"]:
            del sys.modules[name]


def test_other_libraries_than_a_model_was_made_with_are_told(
    classifier: Path, home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tweets = pa.table({"text": TEXTS, "keyword": pa.nulls(len(TEXTS), pa.string())})
    with tracking.tracked_run("train", "test") as run:
        mlflow_model.log_classifier(run, classifier, tweets)
    uri = tracking.read_run(run.run_id).data.tags["model_uri"]
    mlflow_model.load_model(uri)
    assert not [each for each in caplog.records if each.name.startswith("tasks")]
    known = mlflow_model.installed
    monkeypatch.setattr(mlflow_model, "installed", lambda name: "" if name == "scipy" else known(name) + ".1")
    mlflow_model.load_model(uri)
    said = caplog.messages[-1]
    assert f"numpy {np.__version__}" in said
    assert f"here: mlflow {known('mlflow')}.1" in said
    assert "scipy missing" in said
