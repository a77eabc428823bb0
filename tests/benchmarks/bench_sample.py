"""What the bundled sample is worth: TF-IDF with logistic regression against the LSTM, over several seeds.

    python tests/benchmarks/bench_sample.py [--seeds 1 2 3] [--epochs 12]

Reads `data/sample` and runs the pipeline's own pieces with their default settings, without flows or tracking.
"""

import argparse
import os
import time

import numpy as np
import pyarrow as pa

from models.classifiers.logistic import fit_logistic
from models.classifiers.pipeline import tokenize_rows
from models.frequencies import fit_features, tf_idf_matrix
from models.metrics.scores import choose_threshold
from models.sample import SEED, generate_corpus, generate_tweets
from models.sample.tweets import splits_of
from models.settings import (
    ClassifierSettings,
    EmbeddingSettings,
    FrequencySettings,
    LogisticSettings,
    TextSettings,
    VocabularySettings,
)
from models.text import Tokens, concat, repair_keywords, repair_texts, tokenize_texts
from models.text.vocabulary import Vocabulary, fit_vocabulary

SPLITS = ("train", "validation", "test")


class Sample:
    """The sound tweets as tokens and labels, by split, and the corpus as tokens."""

    def __init__(self, with_keywords: bool) -> None:
        rows = [row for row in generate_tweets() if row.fault is None]
        texts = repair_texts(pa.array([row.fields[3] for row in rows]))[0]
        keywords = repair_keywords(pa.array([row.fields[1] for row in rows]))[0]
        self.tokens = tokenize_rows(texts, keywords if with_keywords else None, TextSettings())
        self.labels = np.array([int(row.fields[4]) for row in rows], np.int8)
        self.kinds = np.array([str(row.family).split("/")[0] for row in rows])
        splits = np.array(splits_of(texts))
        self.rows = {split: np.flatnonzero(splits == split) for split in SPLITS}
        documents = [document for topic in generate_corpus(SEED).values() for document in topic]
        self.corpus = tokenize_texts(pa.array(documents), TextSettings())

    def part(self, split: str) -> Tokens:
        """Tokens of one split."""
        return self.tokens.take(self.rows[split])


def score(sample: Sample, name: str, probabilities: dict[str, np.ndarray], started: float) -> None:
    """Print accuracy at the threshold chosen on validation, in all and by kind of tweet."""
    labels = sample.labels[sample.rows["validation"]]
    threshold = choose_threshold(labels, probabilities["validation"])
    right = {
        split: (probabilities[split] >= threshold) == sample.labels[sample.rows[split]]
        for split in ("validation", "test")
    }
    kinds = sample.kinds[sample.rows["test"]]
    parts = "  ".join(f"{kind} {right['test'][kinds == kind].mean():.2f}" for kind in np.unique(kinds))
    accuracy = f"validation {right['validation'].mean():.3f}  test {right['test'].mean():.3f}"
    print(f"{name:24} {accuracy}  {time.monotonic() - started:4.0f} s   {parts}", flush=True)


def logistic(sample: Sample) -> None:
    """TF-IDF of 1-2-grams and logistic regression."""
    started = time.monotonic()
    space = fit_features(sample.part("train"), FrequencySettings())
    matrices = {split: tf_idf_matrix(sample.part(split), space) for split in SPLITS}
    labels = {split: sample.labels[sample.rows[split]] for split in SPLITS}
    model, _ = fit_logistic(
        matrices["train"], labels["train"], matrices["validation"], labels["validation"], LogisticSettings()
    )
    found = {split: model.predict_probabilities(matrices[split]) for split in ("validation", "test")}
    score(sample, f"logistic/tf-idf C={model.inverse_strength:g}", found, started)


def recurrent(sample: Sample, settings: ClassifierSettings, seed: int) -> None:
    """An LSTM from scratch or from skip-gram vectors of the corpus and the training tweets."""
    from models.recurrent import build_classifier, predict_probabilities, train_classifier

    started = time.monotonic()
    vocabulary = fit_vocabulary(sample.part("train"), VocabularySettings())
    weights = None
    if settings.features != "scratch":
        vocabulary, weights = _vectors(sample, vocabulary, settings, seed)
    encoded = {split: (*vocabulary.encode(sample.part(split)), sample.labels[sample.rows[split]]) for split in SPLITS}
    network = build_classifier(settings, len(vocabulary), weights, seed)
    history = train_classifier(network, encoded["train"], encoded["validation"], settings, seed)
    found = {split: predict_probabilities(network, *encoded[split][:2]) for split in ("validation", "test")}
    score(sample, f"{settings.name} seed {seed} ({len(history)})", found, started)


def _vectors(
    sample: Sample, vocabulary: Vocabulary, settings: ClassifierSettings, seed: int
) -> tuple[Vocabulary, np.ndarray]:
    from models.word2vec.training import train_vectors

    tokens = concat([sample.corpus, sample.part("train")])
    words = fit_vocabulary(tokens, VocabularySettings())
    architecture = "cbow" if settings.features == "cbow" else "skip-gram"
    known, _ = train_vectors(
        *words.encode(tokens), words.tokens, EmbeddingSettings(architecture=architecture), seed=seed
    )
    vocabulary = vocabulary.extended(known.tokens)
    return vocabulary, known.rows_for(vocabulary.tokens)[0]


def main() -> None:
    """Print one line per model and seed, under the machine's load."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--features", nargs="+", default=["scratch", "skip-gram"])
    parser.add_argument("--epochs", type=int, default=ClassifierSettings().epochs)
    parser.add_argument("--no-keywords", action="store_true", help="leave the keyword column out")
    options = parser.parse_args()
    sample = Sample(not options.no_keywords)
    shares = {split: round(float(sample.labels[rows].mean()), 3) for split, rows in sample.rows.items()}
    print({split: len(rows) for split, rows in sample.rows.items()}, "positive:", shares)
    print("load", os.getloadavg(), "corpus tokens", len(sample.corpus.codes))
    logistic(sample)
    for seed in options.seeds:
        for features in options.features:
            recurrent(sample, ClassifierSettings(features=features, epochs=options.epochs), seed)


if __name__ == "__main__":
    main()
