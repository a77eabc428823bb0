"""Which networks learn kinds of information, and where their labels come from."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from flows import retrain
from flows.classify import kinds_told_by
from flows.ingest import TweetSource
from flows.kinds import read_kinds
from models.settings import ClassifierSettings, KindsSettings, Recipe, TextSettings
from tasks import tracking
from tasks.evaluation.choice import Chosen
from tasks.store import formats

NETWORKS = [ClassifierSettings(kind=kind, features="scratch") for kind in ("rnn", "lstm")]


def recipe(*networks: str) -> Recipe:
    return Recipe(name="mine", kinds=KindsSettings(networks=networks))


def test_the_last_network_that_is_trained_learns_kinds_unless_others_are_named() -> None:
    assert kinds_told_by(NETWORKS, recipe()) == {"lstm/scratch"}
    assert kinds_told_by(NETWORKS, recipe("rnn/scratch")) == {"rnn/scratch"}


def test_networks_that_are_not_trained_cannot_learn_kinds() -> None:
    with pytest.raises(
        ValueError, match="mine has gru/scratch learn kinds, which is not trained: use any of rnn/scratch"
    ):
        kinds_told_by(NETWORKS, recipe("gru/scratch"))
    with pytest.raises(ValueError, match="mine trains no network that could learn kinds"):
        kinds_told_by([], recipe())


def test_a_checked_table_holds_no_further_columns(home: Path) -> None:
    tweets = formats.write_artifact("tweets", {"tweets.parquet": pa.table({"text": ["fire"]})})
    source = TweetSource(source=str(tweets))
    with tracking.tracked_run("root", "test") as run:
        assert read_kinds(run, (), (), source, tweets, TextSettings()) is None
        with pytest.raises(ValueError, match="holds no further columns: give the file of the tweets with --kinds"):
            read_kinds(run, (), ("what",), source, tweets, TextSettings())


@pytest.mark.parametrize(("best", "said"), [("nb-svm", True), ("lstm", False)])
def test_a_model_that_is_passed_over_since_it_tells_no_kinds_is_named(
    monkeypatch: pytest.MonkeyPatch, best: str, said: bool
) -> None:
    rows: Any = sorted((SimpleNamespace(name=name) for name in ("lstm", "nb-svm")), key=lambda row: row.name != best)
    monkeypatch.setattr(retrain.choice, "choose", lambda among: Chosen(among[0], "the lowest"))
    fitted: Any = SimpleNamespace(others=SimpleNamespace(kinds=Path()), tells_kinds=lambda name: name == "lstm")
    chosen = retrain._choose(rows, fitted)
    assert chosen.row.name == "lstm"
    assert ("of all models nb-svm would have been chosen, which tells none" in chosen.words) == said
