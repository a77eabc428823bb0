"""The gate over logged models, registry and store, with hand-made classifiers: who is better, and where, is known."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml

from models.settings import GateSettings, SplitSettings
from models.splitting.splits import assign_splits, group_digests
from tasks import registry, sources, tracking
from tasks.evaluation.comparison import ModelRow
from tasks.packaging import mlflow_model
from tasks.registry import gate
from tasks.registry.promotion import Served
from tasks.store import formats

Train = Callable[[Path, str, Mapping[str, float]], ModelRow]
SIGNS = ("BLAZE", "Flood", "quake")
SETTINGS = GateSettings(resamples=400, max_milliseconds=10_000)
ROWS = 1_500
ALL = dict.fromkeys(("blaze", "flood", "quake"), 5.0)
TWO = {**ALL, "quake": 0.0}
# Knows quakes and has forgotten blazes, which fewer tweets report.
FORGETFUL = {**ALL, "blaze": 0.0}
ORDINARY = ("exam", "pizza", "monday", "album", "traffic")
KEYWORD_OF = {"BLAZE": "fire", "Flood": "water", "quake": "earth"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One state folder for the module, whose tests register nothing unless they take `empty_registry`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRISISFLOW_HOME", str(tmp_path_factory.mktemp("gate")))
        yield


@pytest.fixture(scope="module")
def tweets(home: None) -> Path:
    """Half report a blaze (few), a flood or a quake (many); the other half do not. Near two in three are test rows."""
    random = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    rows = []
    for number in range(ROWS):
        label, sign = number % 2, SIGNS[random.choice(3, p=[0.15, 0.5, 0.35])]
        said = sign if label else ORDINARY[random.integers(len(ORDINARY))]
        rows.append((f"{said} in {''.join(random.choice(letters, 12))}", KEYWORD_OF[sign] if label else None, label))
    text, keyword, target = (pa.array(column) for column in zip(*rows, strict=True))
    groups = group_digests(text)
    split = SplitSettings(validation_share=0.1, test_share=0.6)
    columns = {"id": pa.array(map(str, range(ROWS))), "text": text, "keyword": keyword, "target": target}
    table = pa.table({**columns, "group": groups, "split": assign_splits(groups, split)})
    return formats.write_artifact("tweets", {"tweets.parquet": table, "report.json": {"split": split.model_dump()}})


@pytest.fixture(scope="module")
def models(tweets: Path, train: Train) -> dict[str, ModelRow]:
    named = {"two": TWO, "all": ALL, "forgetful": FORGETFUL}
    return {name: train(tweets, name, weights) for name, weights in named.items()}


@pytest.fixture
def empty_registry(home: None) -> Any:
    """The registry as it was: empty. What the test registers is deleted."""
    yield
    tracking.client().delete_registered_model(registry.MODEL_NAME)


def challenge(row: ModelRow, tweets: Path) -> tuple[registry.Decision, str]:
    with tracking.tracked_run("retrain", "retrain") as run:
        return gate.challenge(run, row, tweets, SETTINGS), run.run_id


def verdict(challenger: ModelRow, tweets: Path, champion: str | None, split: SplitSettings | None = None) -> Any:
    challenged = gate.Challenge(registry.Candidate.of(challenger, tweets.name, SplitSettings()), tweets, SETTINGS)
    return challenged.judge(registry.Incumbent("7", champion, split, 1, tweets.name) if champion else None)


def broken(found: Any) -> list[str]:
    return [rule.name for rule in found.rules if not rule.kept]


def test_a_better_model_replaces_the_champion_and_can_be_rolled_back(
    models: dict[str, ModelRow], tweets: Path, empty_registry: None
) -> None:
    first, _ = challenge(models["two"], tweets)
    assert (first.promoted, first.reason) == (True, "two is the first champion")
    decision, run_id = challenge(models["all"], tweets)
    assert decision.promoted
    assert re.match(r"all replaces version 1: accuracy 1\.000 against 0\.8\d\d on \d{3} held-out rows", decision.reason)
    page = tracking.client().download_artifacts(run_id, "gate.html")
    assert decision.reason in Path(page).read_text()
    assert tracking.read_run(run_id).data.metrics["gate/gain"] > 0.1

    back = registry.rollback(why="too eager")
    assert (back.version, back.replaced, str(registry.champion().version)) == ("1", "2", "1")
    with pytest.raises(ValueError, match="no champion before version 1 to go back to"):
        registry.rollback()
    again, _ = challenge(models["all"], tweets)
    assert not again.promoted
    assert re.match(r"version 2 \(all\) was rolled back .*too eager; `crisisflow rollback --to 2` puts", again.reason)
    registry.rollback(to="2")
    assert [(each.version, each.kind) for each in registry.history()][2:] == [("1", "rollback"), ("2", "rollback")]
    assert all("@" in each.who and each.time for each in registry.history())
    with pytest.raises(ValueError, match="version 2 is the champion already"):
        registry.rollback(to="2")
    with pytest.raises(ValueError, match=r"no version 9 of crisisflow; there are: 1, 2"):
        registry.rollback(to="9")


def test_a_promotion_while_tweets_are_scored_changes_no_row(
    models: dict[str, ModelRow], tweets: Path, empty_registry: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next champion is set when the first chunk was predicted and the others were not."""
    from flows.score import ScoreRequest, score_snapshot

    challenge(models["two"], tweets)
    model = mlflow_model.load_model(registry.CHAMPION_URI)
    predict, asked = model.predict, []

    def predict_and_promote(rows: Any) -> Any:
        asked.append(len(rows))
        if len(asked) == 1:
            assert challenge(models["all"], tweets)[0].promoted
        return predict(rows)

    monkeypatch.setattr(model, "predict", predict_and_promote)
    monkeypatch.setattr(mlflow_model, "load_model", lambda _uri: model)
    (tmp_path / "tonight.csv").write_text("text\n" + "blaze in town\n" * 20_000)
    with tracking.tracked_run("score", "score") as run:
        request = ScoreRequest(source=str(tmp_path / "tonight.csv"), out=str(tmp_path / "scored.csv"))
        result = score_snapshot.fn(run, sources.fetch(tmp_path / "tonight.csv"), request)
    assert (result["rows"], result["version"], len(asked)) == (20_000, "1", 3)
    assert str(registry.champion().version) == "2"
    versions = {line.split(",")[4] for line in (tmp_path / "scored.csv").read_text().splitlines()[1:]}
    assert versions == {'"1"'}


def test_a_champion_that_was_deleted_can_be_followed_by_the_one_before(
    models: dict[str, ModelRow], tweets: Path, empty_registry: None
) -> None:
    challenge(models["two"], tweets)
    challenge(models["all"], tweets)
    tracking.client().delete_model_version(registry.MODEL_NAME, "2")
    assert registry.rollback().version == "1"


def test_there_is_nothing_to_roll_back_where_nothing_was_registered(home: None) -> None:
    with pytest.raises(ValueError, match="no champion yet to go back to"):
        registry.rollback()


def test_a_model_that_forgets_a_slice_is_refused_though_it_is_better(models: dict[str, ModelRow], tweets: Path) -> None:
    found = verdict(models["forgetful"], tweets, models["two"].model_uri)
    assert found.gain.value > 0.05
    assert "no harm" in broken(found)
    assert {each.name for each in found.slices if each.harmed} == {"keyword fire"}


def test_a_model_is_served_as_it_was_trained_and_no_better_than_itself(
    models: dict[str, ModelRow], tweets: Path
) -> None:
    found = verdict(models["all"], tweets, models["all"].model_uri)
    assert broken(found) == ["better"]
    assert (found.service.difference, found.service.other_labels) == (0.0, 0)
    assert 0 < found.service.milliseconds < 10_000


BROKEN = {
    "tokenizer": ("pc.ascii_lower(pieces) if", "pieces if", r"'(\w+) in \w+' is read as \[\1 in \w+\], not as \["),
    "repair": ("html.unescape(entity[0])", "entity[0]", r"'&#\d+;(\w+) in \w+' is read as \[.*\], not as \[.\1"),
}


@pytest.mark.parametrize("part", BROKEN)
def test_a_model_whose_serving_code_is_broken_is_refused_and_where_it_is(
    tweets: Path, models: dict[str, ModelRow], train: Train, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """The code that the logged model carries folds case no more, or leaves entities as they came."""
    sound, broken_one, reads = BROKEN[part]
    rename = mlflow_model.rename_package
    monkeypatch.setattr(mlflow_model, "rename_package", lambda *given: rename(*given).replace(sound, broken_one))
    # Else the sound package of the same name, which is loaded already, would be in use.
    monkeypatch.setattr(mlflow_model.caching, "module_digest", lambda name: f"broken {part} {name}")
    spoilt = replace(train(tweets, "spoilt", ALL), artifact=models["all"].artifact)
    for champion in (models["two"].model_uri, None):
        found = verdict(spoilt, tweets, champion)
        assert "served as trained" in broken(found)
        assert found.service.other_labels > 50
        assert "labels differ" in found.reason
        assert re.search(rf"(?i)its {part} is not the pipeline's: {reads}", found.reason), found.reason


def test_a_champion_that_cannot_be_loaded_is_replaced_and_the_reason_kept(
    models: dict[str, ModelRow], tweets: Path
) -> None:
    found = verdict(models["two"], tweets, "models:/crisisflow/99")
    assert found.promoted
    assert found.silent.startswith("no model at models:/crisisflow/99")


def test_a_challenger_that_cannot_be_loaded_is_refused(models: dict[str, ModelRow], tweets: Path) -> None:
    for champion in (models["two"].model_uri, None):
        found = verdict(replace(models["all"], model_uri="models:/m-00000000"), tweets, champion)
        assert broken(found) == ["served as trained"]
        assert "no model at models:/m-00000000" in found.reason


def test_memory_that_runs_out_is_no_fault_of_the_model(
    models: dict[str, ModelRow], tweets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(_uri: str, judged: bool) -> Any:
        raise MemoryError("no room")

    monkeypatch.setattr(gate, "load_model", exhausted)
    with pytest.raises(MemoryError):
        verdict(models["all"], tweets, models["two"].model_uri)


def test_rows_that_the_champion_learned_from_do_not_decide(models: dict[str, ModelRow], tweets: Path) -> None:
    table = formats.read_tweets(tweets)
    test = table.take(formats.rows_in(table, "test"))
    other = SplitSettings(seed=1, test_share=0.3)
    held = set(test.filter(pa.array(gate.held_out_by(test, other)))["id"].to_pylist())
    split = assign_splits(test["group"], other).to_pylist()
    assert held == {row for row, name in zip(test["id"].to_pylist(), split, strict=True) if name == "test"}
    found = verdict(models["all"], tweets, models["two"].model_uri, other)
    assert found.gain.rows == len(held) < len(test)


def test_where_no_row_was_held_out_by_both_no_model_is_promoted(models: dict[str, ModelRow], tweets: Path) -> None:
    found = verdict(models["all"], tweets, models["two"].model_uri, SplitSettings(test_share=0.0))
    assert found.reason == "no test row is one that version 7 did not learn from"


def test_the_case_changes_with_rows_settings_and_nothing_else(models: dict[str, ModelRow], tweets: Path) -> None:
    candidates = [registry.Candidate.of(models[name], tweets.name, SplitSettings()) for name in ("two", "all")]
    cases = [gate.Challenge(each, tweets, SETTINGS).case for each in candidates]
    assert cases[0] == cases[1]
    assert gate.Challenge(candidates[0], tweets, GateSettings()).case != cases[0]
    assert gate.Challenge(candidates[0], tweets.with_name("other"), SETTINGS).case != cases[0]


def make_old(uri: str) -> None:
    """Take from a logged model what earlier releases did not log: groups, what it learned from, which part answers."""
    folder = Path(mlflow_model.fluent_mlflow().artifacts.download_artifacts(uri))
    described = yaml.safe_load((folder / "MLmodel").read_text())
    del described["metadata"]["learned"], described["flavors"]["python_function"]["artifacts"]["groups"]
    (folder / "MLmodel").write_text(yaml.safe_dump(described))
    (folder / "artifacts" / "groups.parquet").unlink()
    code = folder / "logged_model.py"
    text, replaced = re.subn(
        r"        asked = .*?\n        self\.classifier", "        self.classifier", code.read_text(), flags=re.S
    )
    assert replaced == 1
    code.write_text(text.replace("context.artifacts[self.part]", 'context.artifacts["classifier"]'))


def test_a_version_of_an_earlier_release_is_judged_scored_and_rolled_back_to_as_before(
    tweets: Path, train: Train, empty_registry: None, tmp_path: Path
) -> None:
    from flows.score import ScoreRequest, score_snapshot

    old, new = (train(tweets, f"{name} of old", weights) for name, weights in (("two", TWO), ("all", ALL)))
    make_old(old.model_uri)
    challenge(old, tweets)
    loaded = mlflow_model.load_model(registry.CHAMPION_URI, judged=True)
    assert (mlflow_model.serves(loaded), mlflow_model.groups_learned(loaded)) == ("twin", None)
    (tmp_path / "tonight.csv").write_text("text\nblaze in town\n")
    with tracking.tracked_run("score", "score") as run:
        request = ScoreRequest(source=str(tmp_path / "tonight.csv"), out=str(tmp_path / "scored.csv"))
        result = score_snapshot.fn(run, sources.fetch(tmp_path / "tonight.csv"), request)
    assert (result["version"], result["learned_from"]) == ("1", 0)
    assert challenge(new, tweets)[0].promoted
    assert registry.rollback().version == "1"


def test_what_is_prepared_of_a_promoted_model_is_served_and_of_a_refused_one_nothing_is(
    models: dict[str, ModelRow], tweets: Path, empty_registry: None
) -> None:
    asked = []

    def prepare() -> Served:
        asked.append(registry.champion())
        return Served(models["all"].model_uri, {"refit": "refit/1", "serves": "refit"}, "a refit is served")

    with tracking.tracked_run("retrain", "retrain") as run:
        decision = gate.challenge(run, models["all"], tweets, SETTINGS, prepare=prepare)
        assert decision.reason.endswith("; a refit is served")
        assert registry.champion().tags["serves"] == "refit"
        assert not gate.challenge(run, models["two"], tweets, SETTINGS, prepare=prepare).promoted
    assert asked == [None]  # nothing was registered when the refit was made


def test_who_was_replaced_while_the_refit_was_made_is_judged_again(
    models: dict[str, ModelRow], tweets: Path, empty_registry: None
) -> None:
    def prepare() -> Served:
        challenge(models["all"], tweets)
        return Served("", {"refit": "refit/2", "serves": "twin"}, "the twin is served")

    with tracking.tracked_run("retrain", "retrain") as run:
        decision = gate.challenge(run, models["two"], tweets, SETTINGS, prepare=prepare)
    assert not decision.promoted
    assert registry.champion().tags["model"] == "all"


def test_what_ends_while_the_refit_is_made_leaves_registry_and_champion_as_they_were(
    models: dict[str, ModelRow], tweets: Path, empty_registry: None
) -> None:
    challenge(models["two"], tweets)

    def prepare() -> Served:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), tracking.tracked_run("retrain", "retrain") as run:
        gate.challenge(run, models["all"], tweets, SETTINGS, prepare=prepare)
    assert [version.version for version in registry.versions()] == [registry.champion().version]
