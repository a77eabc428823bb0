"""A promoted model fitted again on all labels: what it learns, what is served, what is judged, and who is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from flows.classify import OtherLabels, classify, pretrain
from flows.embed import embed
from flows.featurize import featurize
from flows.ingest import ingest_corpora, ingest_labelled_texts, ingest_tweets
from flows.refit import Fitted, refit
from models.settings import SPLITS, GateSettings, ServedSettings
from tasks import registry, tracking
from tasks.evaluation.comparison import model_rows
from tasks.evaluation.fold_tables import gather_labelled
from tasks.evaluation.leakage import exclude_texts
from tasks.ingestion.steps import split_settings
from tasks.packaging import mlflow_model
from tasks.packaging.mlflow_model import read_about
from tasks.recipes import load_recipe
from tasks.registry import gate
from tasks.registry.versions import REFIT, SERVES
from tasks.runtime import state_folder
from tasks.store import formats
from tasks.training.embeddings import UnlabelledText, VectorTests

KINDS = ("logistic/tf-idf", "logistic/cbow", "nb-svm/characters", "rnn/scratch", "ensemble/average")
LENIENT = ServedSettings(min_agreement=0.01, max_drift=0.99, min_texts=10)


@pytest.fixture(scope="module")
def fitted(retrained: dict[str, Any]) -> Fitted:
    """What the retraining made before its gate; every step is met again."""
    request = retrained["request"]
    recipe = load_recipe(request.recipe)
    with tracking.tracked_run("fitted again", "test") as run:
        tweets = ingest_tweets(request.tweets, recipe, run)
        corpora, texts = ingest_corpora(list(request.corpora), run), ingest_labelled_texts(request.labelled_texts, run)
        corpus = exclude_texts(run, [*corpora, *texts], gather_labelled(run, tweets), [])
        features = featurize(tweets, [corpus], recipe, run)
        text = UnlabelledText(features.corpus_tokens, tweets, features.tokens)
        vectors = embed(text, recipe.embeddings, recipe.seed, VectorTests(), run, None)
        pretrained = pretrain(features.corpus_tokens, texts, vectors, recipe, run)
        models = classify(tweets, features, vectors, recipe, run, None, OtherLabels(pretrained))
        assert tracking.step_outcomes(run.run_id)["run"] == 0
    return Fitted(tweets, features, vectors, models, OtherLabels(pretrained))


@pytest.fixture(scope="module")
def recipe(retrained: dict[str, Any]) -> Any:
    return load_recipe(retrained["request"].recipe).model_copy(update={"served": LENIENT})


@pytest.fixture(scope="module")
def refits(fitted: Fitted, recipe: Any) -> dict[str, Any]:
    """What is served of one model of each kind, and the artifact of its refit."""
    made = {}
    with tracking.tracked_run("refits", "test") as run:
        for name in KINDS:
            served = refit(name, fitted, recipe, run)
            made[name] = (served, state_folder.state_home() / "store" / served.tags[REFIT])
    return made


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_model_is_fitted_again_with_its_choices_kept(
    refits: dict[str, Any], fitted: Fitted, name: str
) -> None:
    twin, again = (read_about(each / "classifier") for each in (fitted.models[name], refits[name][1]))
    assert again == {**twin, "learned": list(SPLITS)}
    assert refits[name][0].tags[SERVES] == "refit"


@pytest.mark.parametrize("name", KINDS)
def test_the_served_model_answers_otherwise_than_its_twin_which_answers_as_it_was_judged(
    refits: dict[str, Any], fitted: Fitted, name: str
) -> None:
    tweets = formats.read_tweets(fitted.tweets)
    test = tweets.take(formats.rows_in(tweets, "test"))
    rows = test.select(["text", "keyword"]).to_pandas()
    served, judged = (mlflow_model.load_model(refits[name][0].model_uri, judged=twin) for twin in (False, True))
    said = (
        pq.read_table(fitted.models[name] / "predictions.parquet").to_pandas().query("split == 'test'")["probability"]
    )
    np.testing.assert_allclose(judged.predict(rows)["probability"], said, atol=1e-6)
    assert np.abs(served.predict(rows)["probability"] - said.to_numpy()).max() > 1e-6
    assert (mlflow_model.serves(served), mlflow_model.serves(judged)) == ("refit", "twin")
    assert set(mlflow_model.groups_learned(served)["split"].to_pylist()) == set(SPLITS)
    assert "test" not in mlflow_model.groups_learned(judged)["split"].to_pylist()


def test_a_refit_comes_out_the_same_to_the_byte(fitted: Fitted, recipe: Any, refits: dict[str, Any]) -> None:
    from flows import refit as module

    steps = ("refit_linear", "refit_network")
    for name in ("nb-svm/characters", "rnn/scratch"):
        with pytest.MonkeyPatch.context() as patch, tracking.tracked_run("again", "test") as run:
            for each in steps:
                patch.setattr(module, each, getattr(module, each).fn.__wrapped__)
            alone = run.model_copy(update={"action_key": f"again-{name.replace('/', '-')}"})
            assert module._refit(alone, name, fitted, recipe) == refits[name][1]


def test_a_refit_that_is_handed_to_the_gate_is_caught_and_refused(
    refits: dict[str, Any], fitted: Fitted, retrained: dict[str, Any]
) -> None:
    """Its answers to the test rows, which it has learned from, are those that the pipeline would record."""
    name = "nb-svm/characters"
    row = next(each for each in model_rows(retrained["run_id"]) if each.name == name)
    served, artifact = refits[name]
    handed = replace(row, model_uri=served.model_uri, artifact=f"{artifact.parent.name}/{artifact.name}")
    candidate = registry.Candidate.of(handed, fitted.tweets.name, split_settings(fitted.tweets))
    verdict = gate.Challenge(candidate, fitted.tweets, GateSettings(max_milliseconds=10_000)).judge(None)
    assert not verdict.promoted
    assert "it has learned from " in verdict.reason
    assert "hand in the twin" in verdict.reason


def test_a_champion_of_both_is_judged_by_its_twin_and_one_that_is_a_refit_alone_cannot_be(
    refits: dict[str, Any], fitted: Fitted, retrained: dict[str, Any]
) -> None:
    name = "nb-svm/characters"
    row = next(each for each in model_rows(retrained["run_id"]) if each.name == name)
    settings = GateSettings(max_milliseconds=10_000)
    case = gate.Challenge(
        registry.Candidate.of(row, fitted.tweets.name, split_settings(fitted.tweets)), fitted.tweets, settings
    )

    def against(uri: str) -> Any:
        return case.judge(registry.Incumbent("7", uri, split_settings(fitted.tweets), 1, fitted.tweets.name))

    both = against(refits[name][0].model_uri)
    assert both.scores == against(row.model_uri).scores
    assert both.scores["accuracy"][0] == both.scores["accuracy"][1]
    with tracking.tracked_run("by hand", "test") as run:
        tweets = formats.read_tweets(fitted.tweets)
        mlflow_model.log_classifier(run, refits[name][1] / "classifier", tweets)
    alone = against(tracking.read_run(run.run_id).data.tags["model_uri"])
    assert not alone.promoted
    assert "version 7 has learned from every test row and holds no twin" in alone.reason


def test_a_refit_beyond_the_bounds_is_not_served_and_it_is_said(
    fitted: Fitted, recipe: Any, refits: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import refit as module

    strict, said = recipe.model_copy(update={"served": LENIENT.model_copy(update={"max_drift": 1e-9})}), []
    monkeypatch.setattr(module, "say", said.append)
    with tracking.tracked_run("strict", "test") as run:
        served = refit("nb-svm/characters", fitted, strict, run)
    assert (served.model_uri, served.tags[SERVES]) == ("", "twin")
    assert "the judged model itself is served: the refit departs" in served.words
    assert said[0].startswith("  THE REFIT OF nb-svm/characters IS NOT SERVED: the judged model itself is served")


def test_the_retraining_put_a_refit_in_use_and_says_so(retrained: dict[str, Any], tmp_path: Path) -> None:
    current = registry.champion()
    assert current is not None
    assert current.tags[SERVES] == "refit"
    assert "a refit on all labelled rows is served" in retrained["decision"]
    root = tracking.read_run(retrained["run_id"]).data.tags
    assert (root["refitted"], root[REFIT]) == ("true", current.tags[REFIT])
    loaded = mlflow_model.load_model(registry.CHAMPION_URI)
    assert mlflow_model.serves(loaded) == "refit"


def test_score_marks_the_rows_that_the_model_in_use_has_learned_from(retrained: dict[str, Any], tmp_path: Path) -> None:
    from flows.score import ScoreRequest, score

    tweets = pd.read_csv(retrained["request"].tweets.source)
    stored = formats.read_tweets(state_folder.state_home() / "store" / "tweets" / _table())
    texts = pd.DataFrame({"text": [*tweets["text"].head(40), "nothing like it anywhere", "still another one"]})
    texts.to_csv(tmp_path / "tonight.csv", index=False)
    result = score(ScoreRequest(source=str(tmp_path / "tonight.csv"), out=str(tmp_path / "scored.parquet")))
    marks = pq.read_table(tmp_path / "scored.parquet")["learned_from"].to_pylist()
    expected = dict(zip(stored["text"].to_pylist(), stored["split"].to_pylist(), strict=True))
    assert marks == [*(expected.get(text) for text in tweets["text"].head(40)), None, None]
    assert result["learned_from"] == sum(each is not None for each in marks) > 30
    assert len(set(marks) - {None}) > 1


def _table() -> str:
    current = registry.champion()
    assert current is not None
    return current.tags["validation_rows"]


def test_the_drift_of_new_tweets_is_measured_with_the_twin(retrained: dict[str, Any], tmp_path: Path) -> None:
    from flows import drift

    asked = []
    real = mlflow_model.load_model
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            mlflow_model, "load_model", lambda uri, judged=False: (asked.append(judged), real(uri, judged))[1]
        )
        drift.drift(drift.DriftRequest(source=str(retrained["request"].tweets.source)))
    assert asked == [True]
