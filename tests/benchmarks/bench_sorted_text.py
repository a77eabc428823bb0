"""Word vectors of text that is sorted by subject, against those of the same text shuffled, by similarity of words.

Documents of Wikipedia and Wikinews are sorted into 50 subjects (k-means on TF-IDF), and the text is trained on subject
after subject, in so many pieces that follow one another, as a large corpus is. The other training gets the same
documents in random order, in as many pieces. For each seed: WordSim-353 and SimLex-999 of both, the longest row, the
loss at the end; then the mean difference over seeds with a 95 % interval (Student's t).

    python tests/benchmarks/bench_sorted_text.py --data FOLDER_OF_CORPORA [--seeds 5] [--pieces 8] [--limit WORDS]
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from bench_vectors import MIN_COUNT, our_scores, prepare_tensorflow, read_tokens, write_tokens

SUBJECTS = 50
SCORES = ("wordsim353", "simlex999")


def subjects_of(path: Path) -> np.ndarray:
    """The subject of each line of the token file."""
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.feature_extraction.text import TfidfVectorizer

    with path.open() as lines:
        rows = TfidfVectorizer(max_features=20_000, stop_words="english", dtype=np.float32).fit_transform(lines)
    found: np.ndarray = MiniBatchKMeans(SUBJECTS, n_init=1, random_state=0, batch_size=4096).fit_predict(rows)
    return found


def trained(tokens: Any, vocabulary: Any, order: np.ndarray, pieces: int, settings: Any, seed: int) -> dict[str, float]:
    """Scores of the vectors of these documents in this order."""
    from models.word2vec import TrainingHooks, train_on_shards

    parts = [vocabulary.encode(tokens.take(part)) for part in np.array_split(order, pieces)]
    seen: list[dict[str, float]] = []
    hooks = TrainingHooks(on_check=lambda _, each: seen.append(dict(each)))
    vectors, _ = train_on_shards(parts, vocabulary.tokens, settings, seed, hooks)
    scores = our_scores(vectors)
    checks = {"norm": max(each["norm"] for each in seen), "loss": seen[-1]["loss"]}
    return {**{name: scores[name] for name in SCORES}, **checks}


def difference(results: list[dict[str, dict[str, float]]], name: str) -> dict[str, float]:
    """Sorted minus shuffled: mean over seeds and 95 % interval."""
    from scipy.stats import t

    found = np.array([each["sorted"][name] - each["shuffled"][name] for each in results])
    count = len(found)
    width = float(t.ppf(0.975, count - 1) * found.std(ddof=1) / np.sqrt(count)) if count > 1 else float("nan")
    mean = float(found.mean())
    return {"mean": mean, "low": mean - width, "high": mean + width}


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", type=Path, required=True, help="holds enwiki_2015/ and enwikinews/")
    asked.add_argument("--architecture", default="skip-gram", choices=["skip-gram", "cbow"])
    asked.add_argument("--limit", type=int, default=0, help="words of the corpora; 0 is all")
    asked.add_argument("--pieces", type=int, default=8)
    asked.add_argument("--seeds", type=int, default=5)
    asked.add_argument("--epochs", type=int, default=3)
    given = asked.parse_args()
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "2"}
    prepare_tensorflow()
    from models.settings import EmbeddingSettings, VocabularySettings
    from models.text.vocabulary import fit_vocabulary

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokens.txt"
        words = write_tokens(given.data, given.limit, path)
        subjects, tokens = subjects_of(path), read_tokens(path, 1)
    vocabulary = fit_vocabulary(tokens, VocabularySettings(min_count=MIN_COUNT))
    settings = EmbeddingSettings(architecture=given.architecture, min_count=MIN_COUNT, epochs=given.epochs)
    by_subject = np.argsort(subjects, kind="stable")
    results = []
    for seed in range(1, given.seeds + 1):
        mixed = np.random.default_rng(seed).permutation(len(subjects))
        orders = {"sorted": by_subject, "shuffled": mixed}
        each = {
            name: trained(tokens, vocabulary, order, given.pieces, settings, seed) for name, order in orders.items()
        }
        results.append(each)
        sys.stderr.write(f"seed {seed}: {json.dumps(each)}\n")
    told = {"words": words, "pieces": given.pieces, "architecture": given.architecture, "seeds": results}
    told |= {"sorted_minus_shuffled": {name: difference(results, name) for name in SCORES}}
    sys.stdout.write(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
