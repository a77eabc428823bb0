"""What deterministic operations cost: seconds of one epoch of a classifier, or of word vectors, with them and without.

    python tests/benchmarks/bench_determinism.py --tweets 4000 --rounds 3
    python tests/benchmarks/bench_determinism.py --kind cbow --words 1000000

Every epoch is timed in a process of its own, for they cannot be switched off again; rounds alternate, and the best of
each is shown: other work on the machine slows both.
"""

import argparse
import subprocess
import sys
import time
from typing import get_args

from models.settings import Architecture, ClassifierSettings, EmbeddingSettings


def main() -> None:
    """Time both and print their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tweets", type=int, default=4000)
    parser.add_argument("--words", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    kinds = ("feed-forward", "rnn", "lstm", "gru", *get_args(Architecture))
    parser.add_argument("--kind", default="lstm", choices=kinds)
    parser.add_argument("--inside", choices=("deterministic", "free"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        print(seconds(given))
        return
    rounds = [(outside("deterministic"), outside("free")) for _ in range(given.rounds)]
    best = {"deterministic": min(a for a, _ in rounds), "free": min(b for _, b in rounds)}
    cost = best["deterministic"] / best["free"] - 1
    size = f"{given.words:,} words" if given.kind in get_args(Architecture) else f"{given.tweets:,} tweets"
    print(f"{given.kind}, {size}: {best['deterministic']:.2f} s deterministic, {best['free']:.2f} s free")
    print(f"determinism costs {cost:+.1%} of an epoch")


def outside(name: str) -> float:
    """The seconds of one epoch in a process of its own."""
    command = [sys.executable, __file__, *sys.argv[1:], "--inside", name]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1])


def seconds(given: argparse.Namespace) -> float:
    """The best of three epochs, traced before."""
    from bench_vectors import prepare_tensorflow

    prepare_tensorflow()
    if given.inside == "free":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism = lambda: None
    return vector_seconds(given) if given.kind in get_args(Architecture) else classifier_seconds(given)


def classifier_seconds(given: argparse.Namespace) -> float:
    """Those of a classifier."""
    from bench_classifiers import our_epoch, tweets

    epoch = our_epoch(tweets(given.tweets), ClassifierSettings(kind=given.kind, features="scratch"))
    epoch()
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        epoch()
        taken.append(time.perf_counter() - start)
    return min(taken)


def vector_seconds(given: argparse.Namespace) -> float:
    """Those of word vectors."""
    import pyarrow as pa
    from bench_vector_cost import BASE, made_up_tokens

    from models.word2vec import train_vectors

    ids, offsets = made_up_tokens(given.words, BASE["vocabulary"])
    names = pa.array([f"w{number}" for number in range(BASE["vocabulary"] + 2)])
    settings = EmbeddingSettings(architecture=given.kind, min_count=1, epochs=4)
    history = train_vectors(ids, offsets, names, settings, 1)[1]
    return min(epoch["seconds"] for epoch in history[1:])


if __name__ == "__main__":
    main()
