"""What scoring needs: many distinct tweets out of real ones, and the standard recipe's network as a logged model."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from models.seeds import generator
from models.settings import ClassifierSettings, TextSettings, VocabularySettings
from models.text import tokenize_texts
from models.text.vocabulary import fit_vocabulary

LINK = re.compile(r"https?://\S+")
LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
OTHERS = ("sentiment/test_text.txt", "hate/train_text.txt", "offensive/train_text.txt")
AT_ONCE = 10_000


def real_texts(data: Path) -> list[tuple[str, str]]:
    """Text and keyword of the labelled disaster tweets, then of three collections of TweetEval, without keyword."""
    with (data / "disaster_tweets" / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["keyword"]) for row in csv.DictReader(file)]
    files = [data / "tweeteval" / name for name in OTHERS]
    lines = [line.strip() for file in files for line in file.read_text(encoding="utf-8").split("\n")]
    return rows + [(line, "") for line in lines if line]


def recombined(texts: list[tuple[str, str]], count: int, seed: int) -> Iterator[tuple[str, str]]:
    """So many (text, keyword), no two texts alike: the first half of the words of one real tweet, the second of
    another, and every link a new one, as no link of tomorrow is one of today.
    """
    random, seen = generator(seed, "benchmark/recombined"), set()
    words = [(text.split(" "), keyword) for text, keyword in texts]
    while len(seen) < count:
        pairs = random.integers(0, len(words), (AT_ONCE, 2))
        links = iter(map("".join, random.choice(LETTERS, (4 * AT_ONCE, 10))))
        for first, second in pairs.tolist():
            (head, keyword), (tail, _) = words[first], words[second]
            text = " ".join(head[: (len(head) + 1) // 2] + tail[len(tail) // 2 :])
            text = LINK.sub(lambda _, links=links: f"http://t.co/{next(links, 'x')}", text)
            if len(seen) < count and text not in seen:
                seen.add(text)
                yield text, keyword


def write_csv(path: Path, rows: Iterator[tuple[str, str]]) -> Path:
    """The rows with ids, as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "keyword", "text"))
        writer.writerows((number, keyword, text) for number, (text, keyword) in enumerate(rows))
    return path


def log_standard_network(texts: list[tuple[str, str]], units: int = 64) -> str:
    """The address of a logged model: the standard recipe's network, untrained, its vocabulary fitted on these texts.

    What its weights are makes no difference to the time.
    """
    from models.recurrent import build_classifier
    from tasks import tracking
    from tasks.packaging import mlflow_model
    from tasks.store import formats

    column = pa.array([text for text, _ in texts])
    words = fit_vocabulary(tokenize_texts(column, TextSettings()), VocabularySettings())
    about = {"name": "lstm/scratch", "text": TextSettings().model_dump(), "threshold": 0.5}
    network = build_classifier(ClassifierSettings(features="scratch", units=units), len(words), None, 1)
    parts = {"classifier.json": about, "network.keras": network, "vocabulary.parquet": words.to_table()}
    model = formats.write_artifact("model", {f"classifier/{name}": part for name, part in parts.items()})
    example = pa.table({"text": column, "keyword": pa.array([keyword for _, keyword in texts])})
    with tracking.tracked_run("bench", "train_network") as run:
        mlflow_model.log_classifier(run, model / "classifier", example)
    return tracking.read_run(run.run_id).data.tags["model_uri"]
