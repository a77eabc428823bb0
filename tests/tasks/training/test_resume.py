"""Training that is killed and started again: the same bytes as without, and an account of it in MLflow."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from models.settings import ClassifierSettings, TextSettings, VocabularySettings
from models.text import tokenize_texts
from models.text.vocabulary import fit_vocabulary
from tasks import tracking
from tasks.store import checkpoints, formats
from tasks.training.answers import Use
from tasks.training.classifiers import train_network
from tasks.training.labelled_tweets import LabelledInputs
from tasks.training.network import Start

ROOT = Path(__file__).parents[3]
SETTINGS = ClassifierSettings(
    kind="lstm", features="scratch", dimensions=8, units=8, batch_size=8, epochs=60, patience=60
)
WORDS = ("fire", "flood", "song", "exam", "bridge", "is", "near", "my")
PATIENCE_SECONDS = 120


def inputs() -> tuple[LabelledInputs, Start]:
    """Tweets, tokens and vocabulary of two hundred short texts."""
    draw = random.Random(0)
    texts = [" ".join(draw.choices(WORDS, k=8)) for _ in range(200)]
    splits = ["train"] * 120 + ["validation"] * 40 + ["test"] * 40
    targets = pa.array([int("fire" in text) for text in texts], pa.int8())
    ids = pa.array([str(number) for number in range(len(texts))])
    columns = {
        "id": ids,
        "group": ids,
        "text": texts,
        "keyword": pa.nulls(200, pa.string()),
        "target": targets,
        "split": splits,
    }
    tweets = formats.write_artifact("tweets", {"tweets.parquet": pa.table(columns)})
    tokens = tokenize_texts(pa.array(texts), TextSettings())
    vocabulary = formats.write_artifact(
        "vocabulary", {"vocabulary.parquet": fit_vocabulary(tokens, VocabularySettings(min_count=1)).to_table()}
    )
    return LabelledInputs(tweets, formats.write_tokens([(ids, tokens)])), Start(vocabulary)


def train() -> Path:
    """The step under a root of its own, as any process would run it."""
    with tracking.tracked_run("retrain tiny", "retrain") as run:
        return train_network.fn(run, *inputs(), SETTINGS, Use(TextSettings()), 1)


def kill_at_next_checkpoint(home: Path) -> None:
    """Train in a process of its own, and end it by SIGKILL as soon as it has kept one more checkpoint."""
    known = set(home.glob("checkpoints/*/*.npz"))
    process = subprocess.Popen([sys.executable, __file__], env={**os.environ, "PYTHONPATH": str(ROOT)})
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not set(home.glob("checkpoints/*/*.npz")) - known:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline, "no checkpoint was kept"
        time.sleep(0.01)
    process.kill()
    process.wait()


@pytest.mark.kill
def test_a_training_that_is_killed_twice_ends_with_the_same_bytes_and_says_so(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for _ in range(2):
        kill_at_next_checkpoint(home)
    resumed = train()
    assert "goes on from the checkpoint of" in caplog.text
    roots = tracking.find_runs("tags.stage = 'retrain'", "attributes.start_time ASC")
    steps = tracking.find_runs("tags.stage = 'train_network'", "attributes.start_time ASC")
    for runs in (roots, steps):
        assert [run.info.status for run in runs] == ["KILLED", "KILLED", "FINISHED"]
        assert [run.data.tags.get("resumes") for run in runs] == [None, runs[0].info.run_id, runs[1].info.run_id]
    assert steps[2].data.metrics["epochs"] == SETTINGS.epochs
    assert list(checkpoints.checkpoints_home().iterdir()) == []
    assert list(home.rglob(".draft-*")) == []
    monkeypatch.setenv("CRISISFLOW_HOME", str(tmp_path / "uninterrupted"))
    assert train().name == resumed.name


if __name__ == "__main__":
    train()
