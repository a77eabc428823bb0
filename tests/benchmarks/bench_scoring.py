"""Raw strings to probabilities: tweets a second in one batch, and milliseconds for a single tweet, once loaded.

    python tests/benchmarks/bench_scoring.py --data FOLDER_OF_REAL_DATA [--units 64 96]

10,000 real tweets (labelled disaster tweets, then TweetEval's) through the pipeline that training, `crisisflow score`
and the served model share: repair, tokens, ids, network. The network is that of the standard recipe, a bidirectional
LSTM with pooled states, its vocabulary fitted on the same tweets; what its weights are makes no difference to the time.
Stages are timed apart too: the best of all rounds, since other work on the machine slows some.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from bench_parity import real_tweets

from models.classifiers.pipeline import TextClassifier, assemble
from models.settings import ClassifierSettings, TextSettings, VocabularySettings
from models.text import tokenize_texts
from models.text.vocabulary import Vocabulary, fit_vocabulary
from tasks.packaging.logged_model import text_column
from tasks.runtime.environment import load_tensorflow, prepare_environment


def classifier(words: Vocabulary, units: int) -> TextClassifier:
    """The standard network of this width, untrained."""
    from models.recurrent import build_classifier

    about = {"name": "lstm/scratch", "text": TextSettings().model_dump(), "threshold": 0.5}
    network = build_classifier(ClassifierSettings(features="scratch", units=units), len(words), None, 1)
    return assemble({"classifier.json": about, "network.keras": network, "vocabulary.parquet": words.to_table()})


def seconds(action: Callable[[], object], rounds: int) -> np.ndarray:
    """Of every round after the first, by the clock and of the processor (2, rounds)."""
    action()
    taken = []
    for _ in range(rounds):
        start, used = time.perf_counter(), time.process_time()
        action()
        taken.append((time.perf_counter() - start, time.process_time() - used))
    return np.transpose(taken)


def report(tweets: pd.DataFrame, units: int, rounds: int) -> None:
    """Print the line of this width."""
    texts, keywords = (text_column(tweets[name]) for name in ("text", "keyword"))
    words = fit_vocabulary(tokenize_texts(texts, TextSettings()), VocabularySettings())
    model = classifier(words, units)
    whole, used = seconds(lambda: model.probabilities(texts, keywords), rounds)
    tokens = model.tokenize(texts, keywords)
    cut, network = (
        seconds(action, rounds)[0].min()
        for action in (lambda: model.tokenize(texts, keywords), lambda: model.predict(tokens))
    )
    one, _ = seconds(lambda: model.probabilities(texts[:1], keywords[:1]), 200)
    print(
        f"{units} units: {len(texts) / whole.min():,.0f} tweets/s ({len(texts) / used.min():,.0f} per CPU second; "
        f"repair and tokens {1e3 * cut:.0f} ms, network {1e3 * network:.0f} ms); "
        f"one tweet {1e3 * np.median(one):.1f} ms median, {1e3 * np.percentile(one, 99):.1f} ms at the 99th percentile"
    )


def main() -> None:
    """Print a line for each width."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--units", type=int, nargs="+", default=[64, 96])
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    prepare_environment()
    load_tensorflow()
    tweets = real_tweets(given.data)
    print(f"{len(tweets):,} raw tweets, load {os.getloadavg()[0]:.1f}")
    for units in given.units:
        report(tweets, units, given.rounds)


if __name__ == "__main__":
    main()
