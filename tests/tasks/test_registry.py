"""Champion and challenger, with others at it at the same time."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from tasks import artifacts, registry, servers, tracking

PROMOTE = """
import sys
from tasks import registry, tracking
with tracking.tracked_run("root", "retrain") as run:
    print("ready", flush=True)
    sys.stdin.readline()
    for f1 in map(float, sys.argv[1:]):
        uri = f"runs:/{run.run_id}/model"
        registry.promote(registry.Candidate(run.run_id, f"model-{f1}", uri, f"artifact-{f1}", "rows", f1), None)
"""


def promote(
    artifact: str, validation_f1: float, rows: str = "rows", champion_on_them: float = 0.5
) -> registry.Decision:
    with tracking.tracked_run("root", "retrain") as run:
        name, uri = f"model-{validation_f1}", f"runs:/{run.run_id}/model"
        candidate = registry.Candidate(run.run_id, name, uri, artifact, rows, validation_f1)
        return registry.promote(candidate, lambda _uri: champion_on_them)


@pytest.fixture
def registry_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry of the test's own: MLflow puts the address that it used last into the environment."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return home


def test_the_better_one_is_promoted_and_the_same_one_registered_once(registry_home: Path) -> None:
    assert registry.champion() is None
    assert promote("a", 0.7).promoted
    assert not promote("b", 0.6).promoted
    assert not promote("b", 0.6).promoted
    assert promote("c", 0.8).promoted
    assert not promote("c", 0.8).promoted
    assert not promote("d", 0.4, "other rows", champion_on_them=0.5).promoted
    assert promote("e", 0.6, "other rows", champion_on_them=0.5).promoted
    assert sorted(version.tags["artifact"] for version in registry.versions()) == ["a", "b", "c", "d", "e"]
    chosen = registry.choose(registry.CHAMPION_URI)
    assert (chosen.name, chosen.uri) == ("model-0.6", f"models:/crisisflow/{chosen.version}")


def test_of_many_promotions_at_once_the_best_wins_and_none_is_lost(registry_home: Path) -> None:
    scores = [["0.1", "0.4", "0.7"], ["0.2", "0.5", "0.8"], ["0.3", "0.6", "0.9"]]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([sys.executable, "-c", PROMOTE, *each], **pipes) for each in scores]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=120)
    assert [process.returncode for process in processes] == [0, 0, 0]
    champion = registry.champion()
    assert champion is not None
    assert champion.tags["model"] == "model-0.9"
    assert len({version.tags["model"] for version in registry.versions()}) == len(registry.versions()) == 9
    decisions = [version.tags["decision"] for version in registry.versions()]
    assert len([each for each in decisions if each.endswith("is the first champion")]) == 1


def test_a_registry_that_cannot_be_read_is_not_one_without_a_champion(
    registry_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.exceptions import MlflowException

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(MlflowException):
        registry.champion()


def test_a_champion_that_is_gone_is_replaced_and_the_reason_says_so(registry_home: Path) -> None:
    columns = {"text": ["fire in town"], "keyword": ["fire"], "target": [1], "split": ["validation"]}
    tweets = artifacts.write_artifact("tweets", {"tweets.parquet": pa.table(columns)})
    assert promote("a", 0.7).promoted
    with tracking.tracked_run("root", "retrain") as run:
        candidate = registry.Candidate(run.run_id, "b", f"runs:/{run.run_id}/model", "b", tweets.name, 0.1)
        decision = registry.promote(candidate, lambda uri: registry.validation_f1(uri, tweets))
    assert decision.promoted
    assert "cannot be compared (no model at models:/crisisflow/1" in decision.reason


def test_a_model_is_registered_over_http_too(registry_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry_home.mkdir()
    server = servers.start_mlflow(servers.free_port())
    try:
        server.wait_until_healthy()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        with tracking.tracked_run("root", "retrain") as run:
            logged = tracking.client().create_logged_model(tracking.experiment_id(), "classifier", run.run_id)
            tracking.client().finalize_logged_model(logged.model_id, "READY")
            candidate = registry.Candidate(run.run_id, "lstm", f"models:/{logged.model_id}", "artifact", "rows", 0.7)
            assert registry.promote(candidate, float).promoted
        assert registry.champion().source == candidate.model_uri
    finally:
        server.stop()
