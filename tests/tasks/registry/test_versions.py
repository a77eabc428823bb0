"""Champion and challenger, with others at it at the same time."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from challengers import held_out_rows, planted_change
from ports import free_port

from models.gate import Rule, Service, Verdict, judge
from models.settings import GateSettings
from tasks import registry, tracking
from tasks.database import Lock, LostLock
from tasks.registry.champion_history import PREFIX
from tasks.registry.versions import HIDDEN, hidden
from tasks.tracking import ui_server

PROMOTE = """
import sys
from models.gate import Rule, Verdict
from tasks import registry, tracking
with tracking.tracked_run("root", "retrain") as run:
    print("ready", flush=True)
    sys.stdin.readline()
    for f1 in map(float, sys.argv[1:]):
        uri = f"runs:/{run.run_id}/model"
        def judge(incumbent):
            best = float(registry.champion().tags["validation_f1"]) if incumbent else 0.0
            return Verdict((Rule("better", f1 > best, f"{f1} against {best}"),))
        registry.promote(registry.Candidate(run.run_id, f"model-{f1}", uri, f"artifact-{f1}", "rows", f1), judge)
"""


def verdict(better: bool = True) -> Verdict:
    return Verdict((Rule("better", better, "found so"),))


def promote(artifact: str, better: bool = True, case: str = "") -> registry.Decision:
    with tracking.tracked_run("root", "retrain") as run:
        uri = f"runs:/{run.run_id}/model"
        candidate = registry.Candidate(run.run_id, f"model-{artifact}", uri, artifact, "rows", 0.7)
        return registry.promote(candidate, lambda _incumbent: verdict(better), case)


def test_the_better_one_is_promoted_and_the_same_one_registered_once(home: Path) -> None:
    assert registry.champion() is None
    assert registry.history() == []
    assert promote("a").promoted
    assert not promote("b", better=False).promoted
    assert not promote("b", better=False).promoted
    assert promote("c").promoted
    assert promote("c").reason == "model-c is the champion already (version 3)"
    assert sorted(version.tags["artifact"] for version in registry.versions()) == ["a", "b", "c"]
    chosen = registry.choose(registry.CHAMPION_URI)
    assert (chosen.name, chosen.uri) == ("model-c", "models:/crisisflow/3")
    assert registry.choose("models:/crisisflow/1") == registry.ChosenModel("models:/crisisflow/1", "model-a", "1")
    assert registry.choose("runs:/0a1b/model").name == "runs:/0a1b/model"  # of which no version is known
    assert [(each.version, each.replaced, each.kind) for each in registry.history()] == [
        ("1", "", "promotion"),
        ("3", "1", "promotion"),
    ]


def test_a_promotion_in_a_state_folder_needs_no_driver_of_postgresql(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    assert promote("a").promoted


def test_a_promotion_whose_lock_was_lost_is_judged_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost, champions = [LostLock()], []

    def check(_: Lock) -> None:
        if lost:
            raise lost.pop()

    def judge_again(incumbent: registry.Incumbent | None) -> Verdict:
        champions.append(incumbent and incumbent.version)
        return verdict()

    promote("a")
    monkeypatch.setattr(Lock, "check", check)
    with tracking.tracked_run("root", "retrain") as run:
        candidate = registry.Candidate(run.run_id, "model-b", f"runs:/{run.run_id}/model", "b", "rows", 0.7)
        assert registry.promote(candidate, judge_again).promoted
    assert champions == ["1", "1"]
    assert [(each.version, each.replaced) for each in registry.history()] == [("1", ""), ("2", "1")]


def test_decision_reasons_and_figures_stand_on_the_version(home: Path) -> None:
    promote("a")
    random = np.random.default_rng(0)
    rows = held_out_rows(random, 300)
    full = judge(rows, *planted_change(random, rows, 0.0, 0.1), {}, Service(300), GateSettings(resamples=200))
    with tracking.tracked_run("root", "retrain") as run:
        candidate = registry.Candidate(run.run_id, "b", f"runs:/{run.run_id}/model", "b", "rows", 0.7)
        decision = registry.promote(candidate, lambda _incumbent: full)
    version = registry.versions()[0]
    assert version.tags["decision"] == decision.reason
    assert "version 1 stays, b is refused: accuracy 0." in decision.reason
    assert float(version.tags["gate.detectable_gain"]) == pytest.approx(full.gain.detectable, rel=1e-4)
    assert float(version.tags["gate.p"]) > 0.025
    assert "| better | **no** | accuracy" in version.description
    assert "points shows nine times out of ten" in version.description


def test_the_pages_of_model_and_version_show_words_and_numbers_and_no_json(home: Path) -> None:
    with tracking.tracked_run("root", "retrain") as run:
        candidate = registry.Candidate(run.run_id, "a", f"runs:/{run.run_id}/a", "a", "rows", 0.7, source='{"a": 1}')
        registry.promote(candidate, lambda _incumbent: verdict())
    model = tracking.client().get_registered_model(registry.MODEL_NAME)
    tags = {**model.tags, **registry.versions()[0].tags}
    shown = {name: value for name, value in tags.items() if not name.startswith("mlflow.")}  # as MLflow's pages do
    assert shown.keys() >= {"decision", "model"}
    assert [value for value in shown.values() if value.startswith(("{", "["))] == []


def test_what_a_version_held_before_under_another_name_is_still_read(home: Path) -> None:
    promote("a")
    name, old = registry.MODEL_NAME, registry.history()[0]
    client = tracking.client()
    client.delete_registered_model_tag(name, f"{HIDDEN}{PREFIX}000001")
    client.set_registered_model_tag(name, f"{PREFIX}000001", json.dumps(asdict(old)))
    promote("b")
    assert [each.version for each in registry.history()] == ["1", "2"]
    assert hidden({"source": "old"}, "source") == "old"
    assert hidden({"source": "old", f"{HIDDEN}source": "new"}, "source") == "new"


def test_a_refusal_of_the_same_case_is_not_judged_again(home: Path) -> None:
    promote("a")
    refused = promote("b", better=False, case="these rows")
    assert refused.verdict is not None
    again = promote("b", better=True, case="these rows")
    assert (again.promoted, again.reason, again.verdict) == (False, refused.reason, None)
    assert promote("b", better=True, case="other rows").promoted
    assert promote("a", better=True, case="these rows").promoted  # it was champion, and has another one before it


def test_a_champion_that_was_deleted_is_followed_by_the_next_model(home: Path) -> None:
    promote("a")
    promote("b")
    tracking.client().delete_model_version(registry.MODEL_NAME, "2")
    assert registry.champion() is None
    assert promote("c").reason == "model-c becomes champion: version 2, the last one, is gone"


def test_of_many_promotions_at_once_the_best_wins_and_none_is_lost(home: Path) -> None:
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
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.exceptions import MlflowException

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(MlflowException):
        registry.champion()


def test_a_model_is_registered_over_http_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    server = ui_server.start_mlflow(free_port())
    try:
        server.wait_until_healthy()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        with tracking.tracked_run("root", "retrain") as run:
            logged = tracking.client().create_logged_model(tracking.experiment_id(), "classifier", run.run_id)
            tracking.client().finalize_logged_model(logged.model_id, "READY")
            candidate = registry.Candidate(run.run_id, "lstm", f"models:/{logged.model_id}", "artifact", "rows", 0.7)
            assert registry.promote(candidate, lambda _incumbent: verdict()).promoted
        assert registry.champion().source == candidate.model_uri
    finally:
        server.stop()


def test_that_there_is_no_champion_is_said_without_a_database_and_without_mlflow(tmp_path: Path) -> None:
    code = (
        "import sys; from tasks import registry; "
        "assert (registry.champion(), registry.history(), registry.versions()) == (None, [], []); "
        "assert registry.find_version('crisisflow', '1', None) is None; "
        "assert not {'mlflow', 'scipy.optimize'} & sys.modules.keys(), 'slow imports'"
    )
    environment = os.environ | {"CRISISFLOW_HOME": str(tmp_path / "empty")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(tmp_path.rglob("*.db"))
