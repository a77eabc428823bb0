"""One small retraining for all tests that look at what it left behind."""

import json
import random
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

RECIPE = """
name = "tiny"
vocabulary = { min_count = 1 }
frequency = { min_document_frequency = 1 }
cooccurrence = { min_count = 1, dimensions = 8 }
embeddings = [
  { architecture = "cbow", dimensions = 8, min_count = 1, epochs = 1 },
  { architecture = "skip-gram", dimensions = 8, min_count = 1, epochs = 1 },
]
classifiers = [
  { kind = "rnn", features = "scratch", dimensions = 8, units = 4, epochs = 1 },
  { kind = "lstm", features = "skip-gram", units = 4, epochs = 2 },
  { kind = "lstm", features = "multi-task", units = 4, epochs = 1, schedule = "one-cycle", refit = true, \
adversarial = 0.1, word_dropout = 0.1, pretraining = { epochs = 1 } },
]
nb_svm = { representations = ["one-hot", "characters"] }
ensemble = { members = ["nb-svm/characters", "lstm/multi-task"] }
served = { min_agreement = 0.1, max_drift = 0.9 }
"""
PLACES = ("harbour", "mill", "school", "bridge", "market", "valley", "station", "forest", "church", "depot")
REAL = ("crews fight a fire near the {}", "flood water has reached the {}", "people trapped after quake hits the {}")
FIGURATIVE = (
    "this exam is a train wreck says the {}",
    "new song is fire at the {}",
    "my desk is a disaster like the {}",
)


def write_tweets(path: Path, rows: int = 240) -> Path:
    """Labelled tweets of two kinds, all different."""
    draw = random.Random(0)
    lines = ["id,text,target"]
    for number in range(rows):
        label = number % 2
        text = draw.choice(REAL if label else FIGURATIVE).format(draw.choice(PLACES))
        lines.append(f"{number},{text} {'abcdefghijkl'[number % 12]}{chr(97 + number // 12)} today,{label}")
    path.write_text("\n".join(lines) + "\n")
    return path


def copied_texts() -> list[str]:
    """Two of the texts of `write_tweets`, in other writing."""
    with tempfile.TemporaryDirectory() as folder:
        lines = write_tweets(Path(folder) / "tweets.csv").read_text().splitlines()[1:3]
    return [line.split(",")[1].upper() for line in lines]


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Tweets, a corpus and a recipe of seconds."""
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "tiny.toml").write_text(RECIPE)
    corpus = "\n\n".join(f"The {place} was quiet before the fire and the flood came ." for place in PLACES * 20)
    (folder / "corpus.txt").write_text(corpus)
    moods = "".join(
        f"what a {('joy', 'pity')[n % 2]} at the {PLACES[n % 7]} {n},{('up', 'down')[n % 2]}\n" for n in range(60)
    )
    # Two of its texts are among the tweets: nothing may learn from them.
    (folder / "moods.csv").write_text("text,mood\n" + moods + "".join(f"{each},up\n" for each in copied_texts()))
    return {
        "labelled": folder / "moods.csv",
        "tweets": write_tweets(folder / "tweets.csv"),
        "corpus": folder / "corpus.txt",
        "recipe": folder / "tiny.toml",
    }


@pytest.fixture(scope="module")
def blank_figures() -> Iterator[None]:
    """Pictures are begun and named as ever, and not drawn: for flows whose pictures nobody looks at, a quarter of them.

    Not for `retrained`, which shows that the pictures of a retraining can be drawn.
    """
    from matplotlib.figure import Figure

    from models.figures import vectors

    def leave_blank(_: Figure, file: Any, **__: Any) -> None:
        with nullcontext(file) if hasattr(file, "write") else open(file, "wb") as opened:
            opened.write(b"\x89PNG\r\n\x1a\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", leave_blank)
        patch.setattr(vectors, "_by_neighbours", vectors._by_variance)
        yield


@pytest.fixture(scope="session")
def retrained(inputs: dict[str, Any], prefect: None) -> dict[str, Any]:
    """The summary of one retraining, as JSON would carry it."""
    from flows.ingest import TweetSource
    from flows.retrain import RetrainRequest, retrain

    request = RetrainRequest(
        tweets=TweetSource(source=str(inputs["tweets"])),
        corpora=(str(inputs["corpus"]),),
        labelled_texts=(str(inputs["labelled"]),),
        recipe=str(inputs["recipe"]),
    )
    return {**json.loads(json.dumps(retrain(request))), "request": request}
