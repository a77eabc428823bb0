"""Subword vectors against gensim's FastText: speed, quality, and words that were never seen.

Both sides read the same token file, one after the other in processes of their own, with as many threads. For words
never seen, 100 words of WordSim-353 and SimLex-999, drawn among those that occur, are taken out of the text; the pairs
that hold one of them are scored by both sides' n-grams alone.

    python tests/benchmarks/bench_subwords.py --data FOLDER_OF_CORPORA [--limit TOKENS] [--architecture cbow]
"""

import argparse
import json
import os
import random
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench_vectors import (
    MIN_COUNT,
    NEGATIVES,
    SAMPLE,
    SCORES,
    WIDTH,
    WINDOW,
    Result,
    judgement_files,
    our_scores,
    prepare_tensorflow,
    read_tokens,
    run_alone,
    write_tokens,
)

HELD_OUT, SHORTEST, LONGEST, BUCKETS = 100, 3, 6, 2_000_000


def similarity_pairs() -> list[tuple[str, str, float]]:
    """The pairs of WordSim-353 and of SimLex-999, in lower case; human scores of both go from 0 to 10."""
    from models.vectors.evaluation_files import parse_similarities

    files = judgement_files()
    found = [parse_similarities(files[name].read_text()) for name in ("wordsim353", "simlex999")]
    return [(one.lower(), other.lower(), score) for pairs in found for one, other, score in pairs]


def hold_out(tokens: Path, out: Path) -> list[str]:
    """Write the text without the words that are held out, and return them: rare ones and frequent ones alike."""
    counts = Counter(word for line in tokens.open() for word in line.split())
    asked = sorted({word for pair in similarity_pairs() for word in pair[:2] if counts[word] >= MIN_COUNT})
    held = set(random.Random(1).sample(asked, HELD_OUT))
    with tokens.open() as source, out.open("w") as target:
        target.writelines(" ".join(word for word in line.split() if word not in held) + "\n" for line in source)
    return sorted(held)


def train_ours(asked: argparse.Namespace):
    """Seconds to vectors, and the vectors."""
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": str(asked.threads)}
    prepare_tensorflow()
    from models.settings import EmbeddingSettings, SubwordSettings, VocabularySettings
    from models.text.vocabulary import fit_vocabulary
    from models.word2vec import train_vectors

    settings = EmbeddingSettings(
        architecture=asked.architecture, dimensions=WIDTH, window=WINDOW, negatives=NEGATIVES, subsample=SAMPLE,
        min_count=MIN_COUNT, epochs=asked.epochs,
        subwords=SubwordSettings(enabled=True, shortest=SHORTEST, longest=LONGEST, buckets=BUCKETS),
    )  # fmt: skip
    start = time.perf_counter()
    tokens = read_tokens(asked.tokens, asked.threads)
    vocabulary = fit_vocabulary(tokens, VocabularySettings(min_count=MIN_COUNT))
    vectors, _ = train_vectors(*vocabulary.encode(tokens), vocabulary.tokens, settings, asked.seed)
    return time.perf_counter() - start, vectors


def train_gensim(asked: argparse.Namespace):
    """The same of gensim, its n-grams in a class of ours, so that one evaluation scores both."""
    import numpy as np
    import pyarrow as pa
    from gensim.models import FastText

    from models.settings import SubwordSettings
    from models.vectors.subword_vectors import NgramVectors, SubwordVectors

    start = time.perf_counter()
    model = FastText(
        corpus_file=str(asked.tokens), sg=int(asked.architecture == "skip-gram"), vector_size=WIDTH, window=WINDOW,
        negative=NEGATIVES, sample=SAMPLE, min_count=MIN_COUNT, epochs=asked.epochs, workers=asked.threads,
        seed=asked.seed, min_n=SHORTEST, max_n=LONGEST, bucket=BUCKETS,
    )  # fmt: skip
    seconds, words = time.perf_counter() - start, model.wv.index_to_key
    settings = SubwordSettings(enabled=True, shortest=SHORTEST, longest=LONGEST, buckets=BUCKETS)
    ngrams = NgramVectors(settings, np.arange(BUCKETS, dtype=np.int32), model.wv.vectors_ngrams)
    counts = np.array([model.wv.get_vecattr(word, "count") for word in words])
    return seconds, SubwordVectors(pa.array(words), model.wv.vectors, ngrams, counts)


def unseen_scores(vectors, held: list[str]) -> Result:
    """Correlation and coverage of the pairs that hold a word which is not in the text."""
    from models.vectors.evaluation import evaluate_similarities

    pairs = [pair for pair in similarity_pairs() if {pair[0], pair[1]} & set(held)]
    score = evaluate_similarities(vectors, pairs)
    return {"unseen": score.spearman, "unseen_pairs": score.pairs, "unseen_coverage": score.coverage}


def train_alone(asked: argparse.Namespace) -> None:
    """Train one side, and print its measurements."""
    seconds, vectors = {"ours": train_ours, "gensim": train_gensim}[asked.side](asked)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    measured = {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "memory_gb": usage.ru_maxrss / 1e6}
    scores = unseen_scores(vectors, asked.held.split(",")) if asked.held else our_scores(vectors)
    print(json.dumps(measured | scores | {"load": os.getloadavg()[0]}))


def compare(asked: argparse.Namespace) -> None:
    """Print both sides, on the whole text and on the text without the words that are held out."""
    with tempfile.TemporaryDirectory() as folder:
        whole, without = Path(folder) / "tokens.txt", Path(folder) / "without.txt"
        words = write_tokens(asked.data, asked.limit, whole) * asked.epochs
        held = hold_out(whole, without)
        print(f"{words // asked.epochs:,} words x {asked.epochs} epochs, {asked.architecture}, {asked.threads} threads")
        common = ["--architecture", asked.architecture, "--epochs", str(asked.epochs), "--threads", str(asked.threads)]
        speeds = {side: print_side(side, [*common, "--tokens", str(whole)], words) for side in ("ours", "gensim")}
        print(f"words/s, ours / gensim: {speeds['ours'] / speeds['gensim']:.2f}")
        print(f"held out: {' '.join(held)}")
        for side in speeds:
            row = run_alone([*common, "--side", side, "--tokens", str(without), "--held", ",".join(held)], __file__)
            pairs = f"{row['unseen_pairs']} pairs, {row['unseen_coverage']:.0%} covered"
            print(f"{side:6}: never seen {row['unseen']:.3f}, {pairs}")


def print_side(side: str, arguments: list[str], words: int) -> float:
    """Train a side on the whole text, print its line, and return its words a second."""
    row = run_alone([*arguments, "--side", side], __file__)
    quality = " ".join(f"{name} {row[name]:.3f}" for name in SCORES)
    print(
        f"{side:6}: {row['seconds']:.1f} s, {words / row['seconds']:,.0f} words/s, {row['cpu']:.0f} CPU s, "
        f"{row['memory_gb']:.2f} GB, {quality}, load {row['load']:.1f}",
        flush=True,
    )
    return words / row["seconds"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder that holds enwiki_2015 and enwikinews")
    parser.add_argument("--limit", type=int, default=0, help="words of the corpus to use; 0 is all")
    parser.add_argument("--architecture", choices=["skip-gram", "cbow"], default="skip-gram")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side", choices=["ours", "gensim"], help=argparse.SUPPRESS)
    parser.add_argument("--tokens", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--held", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        train_alone(options)
    elif options.data:
        compare(options)
    else:
        parser.error("--data is needed: the folder that holds enwiki_2015 and enwikinews")
