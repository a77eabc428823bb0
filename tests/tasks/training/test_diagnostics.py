"""What a trained network leaves on its run to be understood by, and that its logged form answers for itself."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.classifiers.pipeline import assemble
from models.inspection.behaviour import BEHAVIOURS, check_behaviour
from models.inspection.explanation import explain
from models.metrics.slices import SliceScore
from models.settings import ClassifierSettings, TextSettings, VocabularySettings
from models.text import tokenize_texts
from models.text.vocabulary import fit_vocabulary
from tasks import tracking
from tasks.html.fact_sheet import Part, Sheet, sheet_markdown, sheet_page
from tasks.packaging import mlflow_model
from tasks.packaging.logged_model import read_parts
from tasks.store import formats
from tasks.training import model_card
from tasks.training.answers import Use
from tasks.training.classifiers import train_network
from tasks.training.diagnostics import surest_mistakes
from tasks.training.explanation_page import explanation_page
from tasks.training.labelled_tweets import LabelledInputs
from tasks.training.network import Start

SETTINGS = ClassifierSettings(kind="lstm", features="scratch", dimensions=8, units=8, epochs=4)
WORDS = ("fire", "flood", "song", "exam", "bridge", "near", "is", "my", "@anna", "http://t.co/x1", "12")
EVIL = "<script>alert(1)</script>"


def inputs() -> tuple[LabelledInputs, Start]:
    """Tweets, tokens and vocabulary of three hundred short texts; one label in eight is wrong."""
    draw = random.Random(0)
    texts = [f"{' '.join(draw.choices(WORDS, k=9))} {EVIL if number % 5 == 0 else ''}" for number in range(300)]
    splits = ["train"] * 180 + ["validation"] * 60 + ["test"] * 60
    targets = [int("fire" in text) ^ (draw.random() < 0.125) for text in texts]
    ids = pa.array([str(number) for number in range(len(texts))])
    columns = {"id": ids, "group": ids, "text": texts, "keyword": pa.nulls(300, pa.string())}
    table = pa.table({**columns, "target": pa.array(targets, pa.int8()), "split": splits})
    tweets = formats.write_artifact("tweets", {"tweets.parquet": table})
    tokens = tokenize_texts(pa.array(texts), TextSettings())
    words = fit_vocabulary(tokens, VocabularySettings(min_count=1)).to_table()
    vocabulary = formats.write_artifact("vocabulary", {"vocabulary.parquet": words})
    return LabelledInputs(tweets, formats.write_tokens([(ids, tokens)])), Start(vocabulary)


@pytest.fixture(scope="module")
def trained() -> dict[str, Any]:
    """A trained network: its run, its artifact and the files on its run."""
    with tracking.tracked_run("retrain tiny", "retrain") as run:
        output = train_network.fn(run, *inputs(), SETTINGS, Use(TextSettings()), 1)
    made = next(each for each in tracking.descendants(run.run_id) if "model" in each.data.tags)
    files = Path(tracking.client().download_artifacts(made.info.run_id, ""))
    return {"run": made, "root": run.run_id, "artifact": output, "files": files}


def table(trained: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A logged table, row by row."""
    stored = json.loads((trained["files"] / f"{name}.json").read_text())
    return [dict(zip(stored["columns"], row, strict=True)) for row in stored["data"]]


def test_run_and_logged_model_say_for_what_the_threshold_was_chosen(trained: dict[str, Any]) -> None:
    from mlflow.models import Model

    run = trained["run"].data
    assert (run.params["threshold.aim"], run.params["threshold.miss_costs"]) == ("accuracy", "None")
    assert run.tags["threshold_for"] == "accuracy"
    metadata = Model.load(run.tags["model_uri"]).metadata
    assert metadata["threshold_for"] == "accuracy"
    assert metadata["threshold"] == pytest.approx(run.metrics["threshold"])
    assert {"validation/cross_fitted_log_loss", "validation/cross_fitted_brier"} <= set(run.metrics)


def test_the_logged_model_predicts_at_the_temperature_that_its_run_names(trained: dict[str, Any]) -> None:
    parts = read_parts(trained["artifact"] / "classifier", "models")
    temperature = parts["classifier.json"]["temperature"]
    assert temperature == trained["run"].data.metrics["temperature"] != 1
    texts = pa.array(["fire near my bridge", "my song"])
    logged = mlflow_model.load_classifier(trained["run"].data.tags["model_uri"]).probabilities(texts)
    del parts["classifier.json"]["temperature"]  # as those logged before it had one
    bare = assemble(parts).probabilities(texts)
    odds = [np.log(each / (1 - each)) for each in (logged, bare)]
    np.testing.assert_allclose(odds[0] * temperature, odds[1], rtol=1e-6)


def test_stored_predictions_are_those_of_the_logged_model(trained: dict[str, Any]) -> None:
    stored = pq.read_table(trained["artifact"] / "predictions.parquet").to_pandas().set_index("id")
    tweets = pq.read_table(inputs()[0].tweets / "tweets.parquet").to_pandas().set_index("id").loc[stored.index]
    given = mlflow_model.load_classifier(trained["run"].data.tags["model_uri"]).probabilities(pa.array(tweets["text"]))
    np.testing.assert_allclose(given, stored["probability"], atol=1e-6)


def test_calibration_is_recorded_before_and_after(trained: dict[str, Any]) -> None:
    metrics = trained["run"].data.metrics
    for split in ("validation", "test"):
        assert metrics[f"{split}/uncalibrated_log_loss"] != metrics[f"{split}/log_loss"]
        assert f"{split}/uncalibrated_ece" in metrics


def test_another_address_name_or_number_changes_no_answer_of_a_trained_network(trained: dict[str, Any]) -> None:
    classifier = mlflow_model.load_classifier(trained["run"].data.tags["model_uri"])
    results = check_behaviour(classifier, [each for each in BEHAVIOURS if each.kind == "invariance"])
    assert {result.name: result.failures for result in results} == {
        "another address": 0,
        "another name": 0,
        "another number": 0,
        "written in capitals": 0,
    }


def test_the_scores_of_the_run_are_those_of_the_model_not_of_its_last_epoch(trained: dict[str, Any]) -> None:
    stored = json.loads((trained["artifact"] / "metrics.json").read_text())
    shown = trained["run"].data.metrics
    assert {name: shown[name] for name in stored} == pytest.approx(stored)


def test_slices_and_behaviours_are_tables_of_the_run(trained: dict[str, Any]) -> None:
    slices = table(trained, "slices")
    upper = [row["accuracy_high"] for row in slices]
    assert upper == sorted(upper)
    assert sum(row["rows"] for row in slices if row["name"] in ("with address", "without address")) == 60
    behaviours = table(trained, "behaviour")
    assert [row["name"] for row in behaviours] == [each.name for each in BEHAVIOURS]
    cases = [row for row in behaviours if row["kind"] == "direction"]
    share = 1 - sum(row["failures"] for row in cases) / sum(row["cases"] for row in cases)
    assert trained["run"].data.metrics["test_behaviour/direction"] == pytest.approx(share)
    assert (trained["files"] / "figures" / "slices.png").exists()


def test_the_page_of_mistakes_shows_them_escaped(trained: dict[str, Any]) -> None:
    page = (trained["files"] / "mistakes.html").read_text()
    stored = pq.read_table(trained["artifact"] / "predictions.parquet").to_pandas()
    test = stored[stored["split"] == "test"]
    wrong = test[test["label"] != test["target"]]
    assert 0 < len(wrong) <= 50
    assert all(f"id {each} ·" in page for each in wrong["id"])
    assert page.count('<b id="m') == len(wrong)
    assert EVIL not in page
    assert "&lt;script&gt;" in page


def test_the_surest_mistakes_come_first() -> None:
    labels, probabilities = np.array([1, 0, 1, 0, 1]), np.array([0.3, 0.9, 0.01, 0.6, 0.8])
    assert surest_mistakes(labels, probabilities, probabilities >= 0.5).tolist() == [2, 1, 0, 3]
    assert surest_mistakes(labels, probabilities, probabilities >= 0.5, most=1).tolist() == [2]


def test_the_model_card_says_what_the_run_recorded(trained: dict[str, Any]) -> None:
    card = (trained["files"] / "model-card.md").read_text()
    metrics, digests = (
        trained["run"].data.metrics,
        [each.dataset.digest for each in trained["run"].inputs.dataset_inputs],
    )
    assert f"crisisflow replay {trained['root']}" in card
    assert f"| {metrics['validation/f1']:.3f} | {metrics['test/f1']:.3f} |" in card
    assert f"divided by {metrics['temperature']:.3f}" in card
    assert len(digests) == 3
    assert all(digest in card for digest in digests)
    assert "| train | 180 |" in card
    assert "<script" not in (trained["files"] / "model-card.html").read_text()


def test_the_model_card_lists_as_worst_only_slices_below_the_whole() -> None:
    scores = {"good": 0.9, "whole": 0.8, "bad": 0.7}
    slices = [SliceScore(name, 50, 25, value, (0.5, 0.95), None, None) for name, value in scores.items()]
    part = model_card._slices(slices, 0.8)
    assert [row[0] for row in part.rows] == ["bad"]
    assert part.lead.startswith("1 of 3 slices of the test rows lie below the accuracy of all rows, 0.800")


def test_a_sheet_escapes_what_data_brings_in() -> None:
    sheet = Sheet(
        "A | card", "x", (Part("T", EVIL, ("a", "b"), (("keyword a|b\n# c", "_x_"),), 1), Part("Alone", "said"))
    )
    assert "| keyword a\\|b \\# c | \\_x\\_ |" in sheet_markdown(sheet)
    assert EVIL not in sheet_markdown(sheet)
    assert EVIL not in sheet_page(sheet)
    assert "said" in sheet_page(sheet)


def test_an_explanation_page_holds_every_word_escaped_and_nothing_from_elsewhere(trained: dict[str, Any]) -> None:
    classifier = mlflow_model.load_classifier(trained["run"].data.tags["model_uri"])
    text = f"fire near zzyzx {EVIL} http://t.co/x"
    explanation = explain(classifier, [text])[0]
    page = explanation_page(explanation, text, EVIL, "a <b>model", classifier.threshold)
    assert EVIL not in page
    assert "<b>model" not in page
    assert "<s>zzyzx</s>" in page
    assert "&lt;url&gt;" in page
    assert "<script" not in page
    assert "src=" not in page
