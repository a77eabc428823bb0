"""The main job: what a retraining returns, and what it leaves in MLflow, in the registry and in Prefect."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tasks import registry, tracking
from tasks.evaluation import comparison, comparison_page
from tasks.packaging import mlflow_model
from tasks.runtime import state_folder

MODELS = ["one-hot", "count", "tf-idf", "co-occurrence", "cbow", "skip-gram"]
SCORES = {"accuracy", "f1", "precision", "recall", "roc_auc", "average_precision", "log_loss", "brier", "ece"}


def runs(retrained: dict[str, Any]) -> list[Any]:
    return [tracking.client().get_run(retrained["run_id"]), *tracking.descendants(retrained["run_id"])]


def model_runs(retrained: dict[str, Any]) -> dict[str, Any]:
    return {run.data.tags["model"]: run for run in runs(retrained) if "model" in run.data.tags}


def test_every_row_is_kept_or_quarantined(retrained: dict[str, Any]) -> None:
    data = retrained["data"]
    assert data["read"] == 240 == data["kept"] + data["quarantined"]


def test_every_representation_and_network_is_in_the_table(retrained: dict[str, Any]) -> None:
    assert [model["name"] for model in retrained["models"]] == [
        *(f"logistic/{name}" for name in MODELS),
        "nb-svm/one-hot",
        "nb-svm/characters",
        "rnn/scratch",
        "lstm/skip-gram",
        "lstm/multi-task",
        "ensemble/average",
    ]
    assert retrained["best"] in {model["name"] for model in retrained["models"]}


def test_networks_are_pretrained_on_other_labels_without_the_texts_that_are_scored(retrained: dict[str, Any]) -> None:
    runs = {run.data.tags["stage"]: run.data for run in tracking.descendants(retrained["run_id"])}
    assert runs["exclude_texts"].metrics["dropped/labelled"] == 2
    pretraining = runs["pretrain_network"]
    assert pretraining.metrics["texts"] == 60 == runs["check_labelled_texts"].metrics["kept"] - 2
    assert "task/mood" in pretraining.metrics or pretraining.metrics["tasks"] == 1


def test_all_models_carry_the_same_metric_names(retrained: dict[str, Any]) -> None:
    wanted = {f"{split}/{name}" for split in ("validation", "test") for name in SCORES}
    for name, run in model_runs(retrained).items():
        assert wanted <= set(run.data.metrics), name


def test_no_run_is_an_orphan_or_left_running(retrained: dict[str, Any]) -> None:
    found = runs(retrained)
    ids = {run.info.run_id for run in found}
    assert all(run.info.status == "FINISHED" for run in found)
    assert all(run.data.tags.get("mlflow.parentRunId") in ids for run in found[1:])


def test_each_model_is_a_child_of_its_stage(retrained: dict[str, Any]) -> None:
    by_id = {run.info.run_id: run for run in runs(retrained)}
    for run in model_runs(retrained).values():
        parent = by_id[run.data.tags["mlflow.parentRunId"]]
        assert parent.data.tags["stage"] == "classify"


def test_the_root_links_to_prefect_and_shows_the_table(retrained: dict[str, Any]) -> None:
    tags = runs(retrained)[0].data.tags
    assert tags["prefect.flow_run_id"]
    assert "| model | accuracy |" in tags["mlflow.note.content"]


def test_training_never_sees_a_test_tweet(retrained: dict[str, Any]) -> None:
    rows = model_runs(retrained)["logistic/tf-idf"]
    predictions = pq.read_table(state_folder.state_home() / "store" / rows.data.tags["output"] / "predictions.parquet")
    assert set(predictions["split"].to_pylist()) == {"validation", "test"}
    test = [split for split in predictions["split"].to_pylist() if split == "test"]
    assert len(test) == retrained["test"]["rows"]


def test_the_choice_is_told_in_the_summary_and_on_the_run(retrained: dict[str, Any]) -> None:
    choice = retrained["choice"]
    assert [each["name"] for each in choice["standings"]] == [model["name"] for model in retrained["models"]]
    assert choice["lowest"] in choice["tied"]
    assert retrained["best"] in choice["sentence"]
    losses = {each["name"]: each["validation_log_loss"] for each in choice["standings"]}
    assert losses[choice["lowest"]] == min(losses.values())
    for name, run in model_runs(retrained).items():
        assert run.data.metrics["validation/cross_fitted_log_loss"] == pytest.approx(losses[name], abs=1e-3)
    root = runs(retrained)[0]
    assert root.data.tags["choice"] == choice["sentence"]
    assert "choice.json" in {entry.path for entry in tracking.client().list_artifacts(root.info.run_id)}


def test_what_a_miss_costs_takes_the_place_of_the_recipes_threshold() -> None:
    from flows.retrain import RetrainRequest, recipe_of

    assert recipe_of(RetrainRequest(recipe="quick")).threshold.words == "accuracy"
    asked = recipe_of(RetrainRequest(recipe="quick", miss_costs=5))
    assert asked.threshold.miss_costs == 5
    with pytest.raises(ValueError, match="greater than 0"):
        RetrainRequest(miss_costs=0)


def test_the_best_model_is_the_champion_and_takes_raw_strings(retrained: dict[str, Any]) -> None:
    champion = registry.champion()
    assert champion is not None
    assert champion.tags["model"] == retrained["best"]
    answer = mlflow_model.load_model(registry.CHAMPION_URI).predict(
        pd.DataFrame({"text": ["fire near the mill", None, ""]})
    )
    assert answer["probability"].between(0, 1).all()
    assert set(answer["label"]) <= {0, 1}


def test_the_decision_of_the_gate_stands_on_run_and_version(retrained: dict[str, Any]) -> None:
    assert retrained["promoted"]
    served = "a refit on all labelled rows is served"
    assert retrained["decision"] == f"{retrained['best']} is the first champion; {served}"
    assert registry.champion().tags["decision"] == retrained["decision"]  # type: ignore[union-attr]
    assert "gate.html" in {entry.path for entry in tracking.client().list_artifacts(retrained["run_id"])}


@pytest.mark.parametrize(
    "name", ["logistic/tf-idf", "logistic/skip-gram", "rnn/scratch", "lstm/skip-gram", "ensemble/average"]
)
def test_a_logged_model_predicts_what_the_pipeline_predicted(retrained: dict[str, Any], name: str) -> None:
    tags = model_runs(retrained)[name].data.tags
    predictions = pq.read_table(
        state_folder.state_home() / "store" / tags["output"] / "predictions.parquet"
    ).to_pandas()
    test = predictions[predictions["split"] == "test"]
    tweets = pd.read_csv(retrained["request"].tweets.source, dtype=str).set_index("id").loc[test["id"]]
    answer = mlflow_model.load_model(tags["model_uri"]).predict(tweets[["text"]])
    np.testing.assert_allclose(answer["probability"].to_numpy(), test["probability"].to_numpy(), atol=1e-6)


@pytest.fixture(scope="module")
def again(retrained: dict[str, Any]) -> dict[str, Any]:
    """A second retraining, which names no tweets."""
    from flows.retrain import RetrainRequest, retrain

    return retrain(RetrainRequest(recipe=retrained["request"].recipe))


def test_nothing_changed_means_nothing_computed(retrained: dict[str, Any], again: dict[str, Any]) -> None:
    assert again["steps"]["run"] == 0
    refitted = [run for run in tracking.descendants(retrained["run_id"]) if run.data.tags["stage"] == "refit"]
    made = [run for each in refitted for run in tracking.descendants(retrained["run_id"]) if _below(run, each)]
    not_again = sum(run.data.tags.get("step_outcome") == "run" for run in made)  # the champion is not refitted twice
    assert not_again > 0
    assert again["steps"]["cached"] == retrained["steps"]["run"] - not_again
    for first, second in zip(retrained["models"], again["models"], strict=True):
        assert {**first, "run_id": ""} == {**second, "run_id": ""}
    assert not again["promoted"]


def _below(run: Any, parent: Any) -> bool:
    return bool(run.data.tags.get("mlflow.parentRunId") == parent.info.run_id)


def test_the_comparison_page_needs_nothing_else(retrained: dict[str, Any]) -> None:
    rows = comparison.model_rows(retrained["run_id"])
    page = comparison_page.comparison_page(rows)
    assert all(row.name in page for row in rows)
    assert "http" not in page.replace("http-equiv", "")


def test_the_champion_knows_the_columns_of_its_tweets_and_scoring_tells_where_a_source_lacks_one(
    retrained: dict[str, Any], tmp_path: Path
) -> None:
    from flows.score import ScoreRequest, score

    model = mlflow_model.load_model(registry.CHAMPION_URI)
    assert mlflow_model.column_names(model) == {"id": "id", "text": "text", "label": "target"}
    (tmp_path / "tonight.csv").write_text("id,message,keyword\n1,flood water has reached the mill,flood\n")
    result = score(ScoreRequest(source=str(tmp_path / "tonight.csv"), out=str(tmp_path / "scored.csv")))
    assert result["columns"] == {"id": "id", "text": "message"}
    assert ["'keyword' is not read" in each for each in result["doubts"]] == [True, False]
    assert "no column 'text'" in result["doubts"][1]


def test_without_tweets_it_goes_on_with_those_of_the_champion_and_a_replay_need_not_choose(
    retrained: dict[str, Any], again: dict[str, Any]
) -> None:
    source = retrained["request"].tweets.source
    assert again["tweets_from"] == f"it goes on with the tweets of the champion (version 1): {source}"
    assert (again["steps"]["run"], again["data"]) == (0, retrained["data"])
    file = Path(tracking.client().download_artifacts(again["run_id"], "request.json"))
    request = json.loads(file.read_text())["parameters"]["request"]
    assert request["tweets"]["source"] == source
    assert request["corpora"] == list(retrained["request"].corpora)
    assert request["labelled_texts"] == list(retrained["request"].labelled_texts)
