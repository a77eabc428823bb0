"""Models of a label of three classes, from tokens to the logged model: chosen, pictured, carded, refitted and asked."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from models.metrics.probability_columns import read_probabilities
from models.settings import (
    ClassifierSettings,
    EnsembleSettings,
    FrequencySettings,
    LogisticSettings,
    NbSvmSettings,
    ServedSettings,
    TextSettings,
    ThresholdSettings,
    VocabularySettings,
)
from models.text import tokenize_texts
from models.text.vocabulary import fit_vocabulary
from tasks import tracking
from tasks.evaluation import choice
from tasks.evaluation.comparison import model_rows
from tasks.evaluation.comparison_page import comparison_page
from tasks.packaging import mlflow_model
from tasks.packaging.mlflow_model import class_names, read_about
from tasks.registry.predictions import predict
from tasks.scoring.predicting import AnswerColumns, score_chunk
from tasks.store import formats
from tasks.training.answers import Use
from tasks.training.classifiers import combine_models, train_logistic, train_nb_svm, train_network
from tasks.training.features import count_words
from tasks.training.labelled_tweets import LabelledInputs
from tasks.training.network import Start
from tasks.training.served import compare_refit, log_served, read_comparison, refit_linear, refit_network

NAMES = ("no disaster", "storm, flood", "drill")
CLASSES = ("0=no disaster", "1=storm, flood", "drill")
WORDS = ("song", "flood", "exercise")
FILLERS = ("near", "is", "my", "the", "on", "and")
TEXT = TextSettings()
NETWORK = ClassifierSettings(
    kind="feed-forward", features="scratch", dimensions=8, units=8, batch_size=16, epochs=16, learning_rate=2e-2,
    schedule="one-cycle",
)  # fmt: skip


def write_tweets() -> tuple[Path, Path, Path]:
    """Texts whose words tell the class, but for one in ten; as an ingest leaves them."""
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 180)
    told = np.where(random.random(180) < 0.9, labels, random.integers(0, 3, 180))
    texts = [f"{WORDS[word]} {' '.join(random.choice(FILLERS, 3))} {row}" for row, word in enumerate(told)]
    numbers = pa.array([f"{row} of 180" for row in range(180)])
    splits = [("train", "test", "train", "validation", "train", "test")[row % 6] for row in range(180)]
    table = pa.table({"id": numbers, "group": numbers, "text": texts, "split": splits})
    table = table.append_column("keyword", pa.nulls(180, pa.string()))
    table = table.append_column("target", pa.array(labels, pa.int8()))
    report = {"reading": {"columns": {"classes": CLASSES}}, "columns": {"text": "tweet"}, "classes": NAMES}
    tokens = tokenize_texts(pa.array(texts), TEXT)
    words = fit_vocabulary(tokens, VocabularySettings(min_count=1)).to_table()
    return (
        formats.write_artifact("tweets", {"tweets.parquet": table, "report.json": report}),
        formats.write_tokens([(numbers, tokens)]),
        formats.write_artifact("vocabulary", {"vocabulary.parquet": words}),
    )


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """The models by name, the refits of two of them, and what is logged of one."""
    tweets, tokens, vocabulary = write_tweets()
    with tracking.tracked_run("retrain tiny", "retrain") as run:
        labelled, use = LabelledInputs(tweets, tokens), Use(TEXT)
        bag = count_words.fn(run, tweets, tokens, FrequencySettings(min_document_frequency=1))
        models = {
            "logistic": train_logistic.fn(run, labelled, bag, "tf-idf", LogisticSettings(), use),
            "nb-svm": train_nb_svm.fn(run, labelled, bag, "one-hot", NbSvmSettings(), use),
            "network": train_network.fn(run, labelled, Start(vocabulary), NETWORK, use, 1),
        }
        members = EnsembleSettings(members=("nb-svm/one-hot", "feed-forward/scratch"))
        ensemble = combine_models.fn(
            run, labelled, [models["nb-svm"], models["network"]], "ensemble/average", members, use
        )
        refits = {
            "nb-svm": refit_linear.fn(run, labelled, bag, "nb-svm/one-hot", models["nb-svm"], NbSvmSettings()),
            "network": refit_network.fn(run, labelled, Start(vocabulary), NETWORK, 1, models["network"]),
        }
        lenient = ServedSettings(min_agreement=0.1, max_drift=0.9, min_texts=10)
        both = models["network"], refits["network"]
        compared = compare_refit.fn(run, labelled, None, *both, lenient, 1)
        uri = log_served(run, labelled, *both)
    return {
        **models, "ensemble": ensemble, "run": run, "labelled": labelled, "uri": uri, "use": use, "bag": bag,
        "refits": refits, "compared": read_comparison(compared),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["logistic", "nb-svm", "network", "ensemble"])
def test_every_kind_of_model_tells_the_classes_and_has_no_threshold(made: dict[str, Any], name: str) -> None:
    about, metrics = read_about(made[name] / "classifier"), json.loads((made[name] / "metrics.json").read_text())
    assert about["classes"] == list(NAMES)
    assert about["threshold"] is None
    assert metrics["test/accuracy"] > 0.7
    assert metrics["test/f1"] > 0.7
    assert metrics["test_interval/f1_low"] < metrics["test/f1"] < metrics["test_interval/f1_high"]
    assert "test_class/storm_flood/f1" in metrics
    said = formats.read_cross_fitted(made[name])
    assert said is not None
    np.testing.assert_allclose(read_probabilities(said).sum(axis=1), 1)


def test_pictures_and_pages_speak_of_the_classes_and_not_of_disasters(made: dict[str, Any]) -> None:
    found = next(each for each in tracking.descendants(made["run"].run_id) if "classes" in each.data.tags)
    files = Path(tracking.client().download_artifacts(found.info.run_id, ""))
    assert not {"precision-recall.png", "threshold.png"} & {each.name for each in files.rglob("*.png")}
    assert list(files.rglob("confusion-matrix.png"))
    card, mistakes = (files / "model-card.md").read_text(), (files / "mistakes.html").read_text()
    assert "storm, flood" in card
    assert "macro F1" in card
    assert "Not tested" in card
    assert "disasters" not in card.partition("Behaviour tests")[0].replace("no disaster", "")
    assert "drill, called otherwise" in mistakes
    assert "False alarms" not in mistakes


def test_the_choice_among_models_is_by_log_loss_and_the_table_says_macro_f1(
    made: dict[str, Any],
) -> None:
    rows = model_rows(made["run"].run_id)
    assert {row.classes for row in rows} == {NAMES}
    assert choice.choose(rows).choice is not None
    assert "macro F1" in comparison_page(rows)
    assert rows[0].summary()["classes"] == list(NAMES)


def test_the_logged_model_answers_with_names_and_the_probability_of_each(made: dict[str, Any]) -> None:
    for judged in (False, True):
        model = mlflow_model.load_model(made["uri"], judged=judged)
        said = model.predict(pd.DataFrame({"text": ["flood near", "song is my", "exercise on the"]}))
        assert said["label"].tolist() == ["storm, flood", "no disaster", "drill"]
        columns = ["probability_no_disaster", "probability_storm_flood", "probability_drill"]
        np.testing.assert_allclose(said[columns].sum(axis=1), 1)
        np.testing.assert_allclose(said[columns].max(axis=1), said["probability"])
    answers = predict(model, pa.table({"text": ["flood near"], "keyword": pa.nulls(1, pa.string())}))
    assert answers.called.tolist() == [1]
    assert answers.probabilities.shape == (1, 3)
    assert made["compared"]["served"] == "refit"


def test_a_scored_chunk_has_the_name_of_the_class_and_nulls_where_there_is_no_text(made: dict[str, Any]) -> None:
    model = mlflow_model.load_model(made["uri"])
    nothing = dict.fromkeys(("keyword", "source", "record", "rule"), pa.nulls(2, pa.string()))
    reason = pa.array([None, "no text"], pa.string())
    row = {"id": ["a", "b"], "text": ["flood near", None], "source_row": pa.nulls(2, pa.int64())}
    scored = score_chunk(
        pa.table({**nothing, "reason": reason, **row}), model, None, None, AnswerColumns(class_names(model))
    )
    assert scored["label"].to_pylist() == ["storm, flood", None]
    assert scored["probability_drill"].null_count == 1


def test_what_a_miss_costs_is_refused_before_a_number_comes_of_it(made: dict[str, Any]) -> None:
    use = Use(TEXT, ThresholdSettings(miss_costs=5))
    with (
        tracking.tracked_run("refused", "test") as run,
        pytest.raises(ValueError, match="--miss-costs needs a label of two classes"),
    ):
        train_logistic.fn(run, made["labelled"], made["bag"], "tf-idf", LogisticSettings(), use)
