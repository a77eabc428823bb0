"""The evaluation of a recipe: which rows are scored by which fits, what is learned from, what is left behind."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tasks import tracking
from tasks.recipes import load_recipe
from tasks.runtime import state_folder
from tasks.store import formats
from tasks.tracking import views

MODELS = ("logistic/tf-idf", "logistic/co-occurrence", "nb-svm/one-hot")
SCORES = {"accuracy", "f1", "roc_auc", "log_loss", "brier", "ece"}
FOLDS = 2


@pytest.fixture(scope="module")
def sources(inputs: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The small tweets with contradictions, copies and rows without text or label; a corpus that holds some of them."""
    folder = tmp_path_factory.mktemp("evaluate")
    rows = inputs["tweets"].read_text().splitlines()
    texts = [row.split(",")[1] for row in rows[1:]]
    more = [f"c{number},{texts[number]},{(number + 1) % 2}" for number in range(6)]  # the other label
    more += [f"d{number},{texts[number].upper()} http://t.co/x,{number % 2}" for number in range(20, 24)]  # same group
    more += [f"e{number},{texts[number]},{number % 2}" for number in range(30, 33)]  # surplus duplicates
    more += ["no-text,,1", f"no-label,{texts[40]} indeed,", "error,Err:509,0"]
    (folder / "tweets.csv").write_text("\n".join([*rows, *more]) + "\n")
    (folder / "held.csv").write_text("id,text\n1,Secret words of the test file\n")
    own = [texts[50].upper(), f"{texts[40]} indeed", "secret words of the TEST file!"]
    (folder / "corpus.txt").write_text("\n\n".join([inputs["corpus"].read_text(), *own]))
    return {name: folder / file for name, file in FILES.items()}


FILES = {"tweets": "tweets.csv", "exclude": "held.csv", "corpus": "corpus.txt"}


@pytest.fixture(scope="module")
def request_of(inputs: dict[str, Any], sources: dict[str, Path]) -> Any:
    from flows.evaluate import EvaluateRequest
    from flows.ingest import TweetSource

    return EvaluateRequest(
        tweets=TweetSource(source=str(sources["tweets"])),
        corpora=(str(sources["corpus"]),),
        exclude=(str(sources["exclude"]),),
        recipe=str(inputs["recipe"]),
        folds=FOLDS,
        models=MODELS,
    )


@pytest.fixture(scope="module")
def evaluated(request_of: Any, prefect: None, blank_figures: None) -> dict[str, Any]:
    """The summary of one evaluation, as JSON carries it."""
    from flows.evaluate import evaluate

    return json.loads(json.dumps(evaluate(request_of)))


@pytest.fixture(scope="module")
def predictions(evaluated: dict[str, Any]) -> pd.DataFrame:
    return pq.read_table(evaluated["predictions"]).to_pandas()


def step_runs(evaluated: dict[str, Any], stage: str) -> list[Any]:
    return [run for run in tracking.descendants(evaluated["run_id"]) if run.data.tags.get("stage") == stage]


def output_of(run: Any) -> Path:
    return state_folder.state_home() / "store" / run.data.tags["output"]


def test_every_row_with_text_and_label_is_scored_once_by_every_model(
    evaluated: dict[str, Any], predictions: pd.DataFrame, sources: dict[str, Path]
) -> None:
    file = pd.read_csv(sources["tweets"], dtype=str)
    scorable = file.dropna(subset=["text", "target"])
    assert evaluated["rows"] == len(scorable) == len(file) - 2
    assert set(predictions["model"]) == set(MODELS)
    for _, rows in predictions.groupby("model"):
        assert rows["source_row"].is_unique
        by_row = rows.sort_values("source_row")
        assert by_row["source_row"].tolist() == (scorable.index + 1).tolist()
        assert by_row["id"].tolist() == scorable["id"].tolist()
        assert by_row["target"].tolist() == scorable["target"].astype(int).tolist()


def test_quarantined_rows_are_scored_and_never_learned_from(
    evaluated: dict[str, Any], predictions: pd.DataFrame
) -> None:
    of_one_model = predictions[predictions["model"] == "logistic/tf-idf"]
    quarantined = set(of_one_model.loc[~of_one_model["kept"], "id"])
    assert {f"c{number}" for number in range(6)} | {"e30", "error"} <= quarantined
    assert evaluated["quarantined"] == len(quarantined) == 6 + 6 + 3 + 1
    for run in step_runs(evaluated, "fold_table"):
        table = formats.read_tweets(output_of(run)).to_pandas()
        assert set(table.loc[~table["kept"], "split"]) == {"test", "unused"}


def test_a_group_is_held_out_whole(predictions: pd.DataFrame, evaluated: dict[str, Any]) -> None:
    assert (predictions.groupby("group")["fold"].nunique() == 1).all()
    assert predictions["group"].nunique() == evaluated["groups"] < evaluated["rows"]
    for run in step_runs(evaluated, "fold_table"):
        table = formats.read_tweets(output_of(run)).to_pandas()
        used = table[table["split"] != "unused"]
        assert (used.groupby("group")["split"].nunique() == 1).all()
        assert set(used["split"]) == {"train", "validation", "test"}


def test_unlabelled_text_holds_no_scored_nor_excluded_text(evaluated: dict[str, Any]) -> None:
    (run,) = step_runs(evaluated, "exclude_texts")
    assert (run.data.metrics["dropped/labelled"], run.data.metrics["dropped/excluded"]) == (2, 1)
    (tokens,) = step_runs(evaluated, "tokenize_corpus")
    words = set(formats.read_tokens(output_of(tokens)).words.to_pylist())
    assert "quiet" in words
    assert not words & {"secret", "indeed", "today"}


def test_labels_follow_from_probability_and_threshold(predictions: pd.DataFrame) -> None:
    assert ((predictions["probability"] >= predictions["threshold"]) == (predictions["label"] == 1)).all()
    assert (predictions.groupby(["model", "seed", "fold"])["threshold"].nunique() == 1).all()


def test_scores_are_those_of_the_pooled_predictions(evaluated: dict[str, Any], predictions: pd.DataFrame) -> None:
    assert {model["name"] for model in evaluated["models"]} == set(MODELS)
    for model in evaluated["models"]:
        rows = predictions[predictions["model"] == model["name"]]
        assert model["accuracy"] == pytest.approx((rows["label"] == rows["target"]).mean())
        assert set(model["intervals"]) == SCORES
        assert all(low <= model[name] <= high for name, (low, high) in model["intervals"].items() if name != "ece")
        assert model["folds"]["accuracy"]["deviation"] >= 0
        assert 0 < model["fit_seconds"] <= model["longest_fit_seconds"]


def test_every_model_is_compared_with_both_baselines(evaluated: dict[str, Any], predictions: pd.DataFrame) -> None:
    pairs = {(each["model"], each["baseline"]): each for each in evaluated["comparisons"]}
    assert set(pairs) == {
        ("logistic/co-occurrence", "logistic/tf-idf"),
        ("logistic/co-occurrence", "nb-svm/one-hot"),
        ("nb-svm/one-hot", "logistic/tf-idf"),
    }
    right = predictions.assign(right=predictions["label"] == predictions["target"])
    by_model = right.pivot_table(index="source_row", columns="model", values="right", aggfunc="first").astype(bool)
    found = pairs["logistic/co-occurrence", "logistic/tf-idf"]["mcnemar"][0]
    assert found["only_first"] == (by_model["logistic/co-occurrence"] & ~by_model["logistic/tf-idf"]).sum()
    assert found["only_second"] == (~by_model["logistic/co-occurrence"] & by_model["logistic/tf-idf"]).sum()


def test_pre_training_counts_towards_the_time_of_a_fit(evaluated: dict[str, Any]) -> None:
    counted = step_runs(evaluated, "count_cooccurrences")
    by_name = {model["name"]: model for model in evaluated["models"]}
    mean = np.mean([run.data.metrics["duration_seconds"] for run in counted])
    assert by_name["logistic/co-occurrence"]["fit_seconds"] > mean
    assert by_name["logistic/tf-idf"]["within_budget"] is True


def test_the_run_shows_folds_scores_predictions_and_page(evaluated: dict[str, Any]) -> None:
    run = tracking.read_run(evaluated["run_id"])
    folds = step_runs(evaluated, "fold")
    assert [fold.data.tags["mlflow.parentRunId"] for fold in folds] == [evaluated["run_id"]] * FOLDS
    assert run.data.metrics["logistic/tf-idf/accuracy"] == pytest.approx(
        next(model["accuracy"] for model in evaluated["models"] if model["name"] == "logistic/tf-idf")
    )
    assert "| model | accuracy |" in run.data.tags["mlflow.note.content"]
    kept = {file.path for file in tracking.client().list_artifacts(evaluated["run_id"])}
    assert {"predictions.parquet", "evaluation.html", "figures"} <= kept
    for fold in folds:
        assert "logistic/tf-idf/accuracy" in fold.data.metrics
        assert "predictions.parquet" in {file.path for file in tracking.client().list_artifacts(fold.info.run_id)}


def test_models_of_folds_stay_out_of_the_page_of_all_models(evaluated: dict[str, Any]) -> None:
    page = urlsplit(tracking.comparison_address("http://server")).fragment
    (key,) = parse_qs(urlsplit(page).query)["viewStateShareKey"]
    view = json.loads(json.loads(views.view_tags()[views.PREFIX + key])["state"])
    shown = tracking.find_runs(view["searchFilter"])
    models = [run for run in tracking.descendants(evaluated["run_id"]) if "kind" in run.data.tags]
    assert len(models) == FOLDS * len(MODELS)
    assert {run.data.tags["fold"] for run in models} == {f"fold {n} of {FOLDS}, seed 1" for n in (1, 2)}
    assert not {run.info.run_id for run in models} & {run.info.run_id for run in shown}


def test_a_second_look_at_the_same_table_is_counted_and_reuses_every_fit(
    evaluated: dict[str, Any], request_of: Any
) -> None:
    from flows.evaluate import evaluate

    assert (evaluated["outer_evaluation"], evaluated["outer_evaluation_of_recipe"]) == (1, 1)
    again = evaluate(request_of.model_copy(update={"models": MODELS[:1], "learning_curve": False}))
    assert (again["outer_evaluation"], again["outer_evaluation_of_recipe"]) == (2, 2)
    assert again["steps"]["run"] == 0
    first = next(model for model in evaluated["models"] if model["name"] == MODELS[0])
    assert again["models"][0] == first


def test_only_what_the_models_need_is_made(evaluated: dict[str, Any]) -> None:
    assert not step_runs(evaluated, "train_vectors")
    assert not step_runs(evaluated, "build_vocabulary")
    assert len(step_runs(evaluated, "count_cooccurrences")) == FOLDS
    assert len(step_runs(evaluated, "tokenize_tweets")) == len(step_runs(evaluated, "tokenize_corpus")) == 1


def test_networks_get_the_vectors_that_they_start_from() -> None:
    from flows.fold import embeddings_for

    recipe = load_recipe("standard")
    found = {
        name: [each.architecture for each in embeddings_for([name], recipe)]
        for name in ("lstm/cbow", "logistic/skip-gram", "lstm/scratch", "nb-svm/one-hot")
    }
    assert found == {
        "lstm/cbow": ["cbow"],
        "logistic/skip-gram": ["skip-gram"],
        "lstm/scratch": [],
        "nb-svm/one-hot": [],
    }


def test_every_seed_is_a_partition_of_its_own_and_the_whole_training_rows_come_last() -> None:
    from flows.evaluate import EvaluateRequest, planned, recipe_of

    recipe = load_recipe("quick", seed=4)
    folds = planned(EvaluateRequest(folds=3, seeds=2, learning_curve=True), recipe, Path())
    assert [(fold.seed, fold.number) for fold in folds[-6:]] == [(4, 1), (4, 2), (4, 3), (5, 1), (5, 2), (5, 3)]
    assert [fold.training_share for fold in folds[::6]] == [0.1, 0.2, 0.4, 0.7, 1.0]
    assert recipe_of(recipe, folds[-1]).seed == 5


def test_a_model_that_the_recipe_has_not_is_named() -> None:
    from flows.evaluate import chosen_models

    with pytest.raises(ValueError, match="no model lstm/cbow: use any of logistic/one-hot"):
        chosen_models(load_recipe("quick"), ["lstm/cbow"])
    assert chosen_models(load_recipe("quick"), []) == ["logistic/tf-idf", "nb-svm/one-hot", "lstm/skip-gram"]


def test_an_ensemble_brings_its_members_and_needs_texts_to_pretrain_on() -> None:
    from flows.evaluate import chosen_models

    best = load_recipe("best")
    chosen = chosen_models(best, ["ensemble/average"], pretraining=True)
    assert chosen == [*best.ensemble.members, "ensemble/average"]
    with pytest.raises(ValueError, match="no model ensemble/average"):
        chosen_models(best, ["ensemble/average"])


def test_folds_on_a_cluster_make_the_same_artifacts_and_leave_no_run_open(
    evaluated: dict[str, Any], request_of: Any, prefect: None, blank_figures: None, tmp_path: Path
) -> None:
    from flows.evaluate import evaluate
    from tasks.cluster.using import using

    ours = {path.relative_to(state_folder.state_home()) for path in state_folder.state_home().glob("store/*/*")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(tmp_path / "state"))
        with using("local:2"):
            beside = evaluate(request_of)
        made = {path.relative_to(tmp_path / "state") for path in (tmp_path / "state").glob("store/*/*")}
        statuses = {run.info.status for run in tracking.descendants(beside["run_id"])}
    assert made
    assert made <= ours
    assert Path(beside["predictions"]).parent.name == Path(evaluated["predictions"]).parent.name
    assert beside["steps"] == evaluated["steps"]
    assert statuses == {"FINISHED"}
    assert not list((tmp_path / "state" / "cluster").glob("*"))
