"""A network that learns from the validation rows too, once a twin has made the choices on them."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.classifiers.calibration import apply_temperature
from models.classifiers.ensemble import member_lines
from models.settings import ClassifierSettings, EnsembleSettings, TextSettings, VocabularySettings
from models.text import tokenize_texts
from models.text.vocabulary import fit_vocabulary
from tasks import tracking
from tasks.store import formats
from tasks.training.answers import Use
from tasks.training.classifiers import TRIED, combine_models, train_network, try_network
from tasks.training.labelled_tweets import LabelledInputs
from tasks.training.network import Start

SETTINGS = ClassifierSettings(
    kind="feed-forward", features="scratch", dimensions=8, units=8, batch_size=16, epochs=8, learning_rate=2e-2
).model_copy(update={"schedule": "one-cycle", "refit": True})
FILLERS = ("near", "is", "my", "the", "on", "and")
TEXT = TextSettings()
USE = Use(TEXT)


def rows(count: int, alarms: tuple[str, ...], draw: random.Random) -> tuple[list[str], list[int]]:
    """Texts about one of these alarms (1) or a song (0)."""
    labels = [draw.randrange(2) for _ in range(count)]
    words = [draw.choice(alarms) if label else "song" for label in labels]
    return [f"{word} {' '.join(draw.choices(FILLERS, k=3))}" for word in words], labels


@pytest.fixture(scope="module")
def inputs() -> tuple[Path, Path, Path]:
    """Tweets, tokens and vocabulary; `tsunami` is spoken of in validation and test rows only."""
    draw = random.Random(1)
    parts = [rows(120, ("fire", "flood"), draw), rows(60, ("fire", "tsunami"), draw), rows(60, ("tsunami",), draw)]
    texts = [text for each, _ in parts for text in each]
    ids = pa.array([str(number) for number in range(len(texts))])
    targets = pa.array([label for _, each in parts for label in each], pa.int8())
    splits = ["train"] * 120 + ["validation"] * 60 + ["test"] * 60
    columns = {
        "id": ids,
        "group": ids,
        "text": texts,
        "keyword": pa.nulls(len(ids), pa.string()),
        "target": targets,
        "split": splits,
    }
    tokens = tokenize_texts(pa.array(texts), TEXT)
    words = fit_vocabulary(tokens, VocabularySettings(min_count=1)).to_table()
    vocabulary = formats.write_artifact("vocabulary", {"vocabulary.parquet": words})
    tweets = formats.write_artifact("tweets", {"tweets.parquet": pa.table(columns)})
    return tweets, formats.write_tokens([(ids, tokens)]), vocabulary


@pytest.fixture(scope="module")
def made(inputs: tuple[Path, Path, Path]) -> dict[str, Any]:
    """What was tried, the network without and with a refit, and an ensemble of the latter."""
    with tracking.tracked_run("retrain tiny", "retrain") as run:
        labelled, start = LabelledInputs(*inputs[:2]), Start(inputs[2])
        once = train_network.fn(run, labelled, start, SETTINGS, USE, 1)
        tried = try_network.fn(run, labelled, start, SETTINGS, 1)
        again = train_network.fn(run, labelled, start, SETTINGS, USE, 1, tried)
        settings = EnsembleSettings(members=("feed-forward/scratch",))
        ensemble = combine_models.fn(run, labelled, [again], "ensemble/average", settings, USE)
    return {"once": once, "tried": tried, "again": again, "ensemble": ensemble}


def predictions(model: Path, split: str) -> pd.DataFrame:
    table = pq.read_table(model / "predictions.parquet").to_pandas()
    return table[table["split"] == split]


def about(model: Path) -> dict[str, Any]:
    return json.loads((model / "classifier" / "classifier.json").read_text())


def test_a_refit_knows_what_only_the_validation_rows_tell(made: dict[str, Any]) -> None:
    alarms = {name: predictions(made[name], "test").query("target == 1")["probability"] for name in ("once", "again")}
    assert alarms["again"].mean() > 0.9 > alarms["once"].mean() + 0.1


def test_its_choices_are_those_of_the_twin_that_has_not_seen_them(made: dict[str, Any]) -> None:
    once, again = about(made["once"]), about(made["again"])
    assert (again["temperature"], again["threshold"]) == (once["temperature"], once["threshold"])
    said = pq.read_table(made["tried"] / TRIED)["probability"].to_numpy()
    kept = predictions(made["again"], "validation")["probability"]
    np.testing.assert_array_equal(kept, apply_temperature(said, again["temperature"]))


def test_an_ensemble_is_calibrated_by_what_its_members_said_before_they_learned(made: dict[str, Any]) -> None:
    member = predictions(made["again"], "validation")
    expected = member_lines(member["target"].to_numpy(), [member["probability"].to_numpy()])
    np.testing.assert_allclose(about(made["ensemble"])["lines"], expected)


def test_a_refit_without_an_end_of_its_own_is_refused() -> None:
    with pytest.raises(ValueError, match='give schedule = "one-cycle"'):
        ClassifierSettings(refit=True)
