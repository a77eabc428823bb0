"""The service follows the champion of a real registry, and keeps what it has whatever happens to that."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from models.classifiers.logistic import LogisticModel
from models.classifiers.pipeline import assemble
from models.frequencies import FeatureSpace
from models.gate import Rule, Verdict
from models.settings import FrequencySettings, TextSettings
from tasks import registry, tracking
from tasks.packaging import mlflow_model
from tasks.service import Reloader, ServedModel, Service
from tasks.service.reloading import TRY_AGAIN_SECONDS
from tasks.service.requests import Tweet
from tasks.store import formats

TWEETS = [Tweet("fire near the mill", "fire"), Tweet("flood", None), Tweet("🔥", None)]


def promote(folder: Path, name: str, weight: float) -> str:
    """Make a logistic regression champion, logged as training does it; return its version."""
    space = FeatureSpace(pa.array(["fire", "flood"]), np.full(2, 9), 99, FrequencySettings(max_ngram=1))
    head = LogisticModel(np.array([weight, 1.0]), -0.5, 1.0, np.zeros(2), np.ones(2))
    about = {"name": name, "kind": "logistic", "representation": "one-hot", "threshold": 0.5}
    about["text"] = TextSettings().model_dump()
    parts = {"classifier.json": about, "logistic.npz": head.to_arrays(), "features.parquet": space.to_table()}
    formats.write_part(folder / name, parts)
    with tracking.tracked_run(name, "train_logistic") as run:
        mlflow_model.log_classifier(
            run, folder / name, pa.table({"text": ["fire"], "keyword": pa.nulls(1, pa.string())})
        )
    uri = tracking.read_run(run.run_id).data.tags["model_uri"]
    candidate = registry.Candidate(run.run_id, name, uri, name, "rows", weight)
    return registry.promote(candidate, lambda _: Verdict((Rule("better", True, "by decree"),))).version


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder for the module with one champion, version 1, `cautious`."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("service")
        patch.setenv("CRISISFLOW_HOME", str(folder / "state"))
        assert promote(folder, "cautious", 1.0) == "1"
        yield folder


@pytest.fixture
def service(folder: Path) -> Service:
    """Serving version 1."""
    service = Service()
    service.put_in_use(ServedModel.load(registry.ChosenModel("models:/crisisflow/1", "cautious", "1")))
    return service


def version(service: Service) -> str:
    assert service.model is not None
    return service.model.version


def test_the_bits_are_those_of_the_logged_model(folder: Path, service: Service) -> None:
    import pandas as pd

    logged = mlflow_model.load_model("models:/crisisflow/1").predict(pd.DataFrame(TWEETS, dtype=object))
    assert service.model is not None
    answers = service.model.probabilities(TWEETS)
    assert np.array(answers).tobytes() == logged["probability"].to_numpy().tobytes()
    assert [service.model.answer(each)["label"] for each in service.model.judge(TWEETS)] == logged["label"].tolist()
    assert len(set(answers)) > 1
    pipeline = assemble(formats.read_parts(folder / "cautious"))
    texts, keywords = pa.array(["fire near the mill"]), pa.array(["fire"])
    assert service.model.probabilities(TWEETS[:1]) == pipeline.probabilities(texts, keywords).tolist()


def test_half_a_surrogate_pair_is_answered(service: Service) -> None:
    """JSON can bring it; MLflow's own check of a column of strings cannot."""
    assert service.model is not None
    assert service.model.probabilities([Tweet("fire \ud83d", "\ude00")]) == service.model.probabilities(
        [Tweet("fire ?", "?")]
    )


def test_facts_lead_to_the_run_and_its_commit(service: Service) -> None:
    assert service.model is not None
    facts = service.model.facts()
    run = tracking.read_run(str(facts["run_id"]))
    assert run.info.run_name.split()[0] == "cautious"
    assert str(facts["code_commit"]).removesuffix("-dirty") == run.data.tags["mlflow.source.git.commit"]
    assert (facts["model"], facts["version"], facts["uri"]) == ("cautious", "1", "models:/crisisflow/1")


def test_a_model_named_by_its_run_says_so(folder: Path) -> None:
    uri = registry.versions()[-1].source
    loaded = ServedModel.load(registry.choose(uri))
    assert (loaded.model, loaded.version, loaded.uri) == ("cautious", "", uri)


def test_a_promotion_is_taken_over_and_a_rollback_too(folder: Path, service: Service) -> None:
    reloader = Reloader(service, 1.0)
    reloader.look()
    assert (version(service), service.trouble) == ("1", "")
    first = service.model
    assert promote(folder, "bold", 3.0) == "2"
    reloader.look()
    assert version(service) == "2"
    assert service.model is not None
    assert first is not None
    assert service.model.probabilities(TWEETS)[0] > first.probabilities(TWEETS)[0]
    registry.rollback()
    reloader.look()
    assert version(service) == "1"


def test_a_service_without_a_model_takes_the_first_champion(folder: Path) -> None:
    service = Service()
    Reloader(service, 1.0).look()
    assert version(service) == "1"


def test_a_store_that_does_not_answer_leaves_the_model_in_use(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reloader = Reloader(service, 1.0)
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "http://me:hunter2@127.0.0.1:9")
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        reloader.look()
        reloader.look()
    assert version(service) == "1"
    assert "MlflowException" in service.trouble
    assert caplog.text.count("the model in use stays") == 1
    assert "hunter2" not in service.trouble + caplog.text
    reloader.look()
    assert service.trouble == ""


def test_a_champion_that_cannot_be_loaded_is_tried_again_later_only(
    folder: Path, service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with tracking.tracked_run("broken", "train_logistic") as run:
        candidate = registry.Candidate(run.run_id, "broken", f"runs:/{run.run_id}/nothing", "broken", "rows", 0.1)
        registry.promote(candidate, lambda _: Verdict((Rule("better", True, "by decree"),)))
    reloader, now = Reloader(service, 1.0), [1_000.0]
    monkeypatch.setattr("tasks.service.reloading.time.monotonic", lambda: now[0])
    tries: list[str] = []
    real = ServedModel.load
    monkeypatch.setattr(ServedModel, "load", lambda chosen: (tries.append(chosen.uri), real(chosen))[1])
    reloader.look()
    reloader.look()
    assert (version(service), len(tries)) == ("1", 1)
    assert "no model at" in service.trouble
    now[0] += TRY_AGAIN_SECONDS + 1
    reloader.look()
    assert len(tries) == 2


def test_no_champion_any_more_leaves_the_model_in_use(folder: Path, service: Service) -> None:
    tracking.client().delete_registered_model_alias(registry.MODEL_NAME, registry.CHAMPION)
    Reloader(service, 1.0).look()
    assert version(service) == "1"
    assert "there is no champion" in service.trouble
