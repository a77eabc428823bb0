"""What deterministic operations cost: seconds of one epoch of a classifier with them and without.

    python tests/benchmarks/bench_determinism.py --tweets 4000 --rounds 3

Every epoch is timed in a process of its own, for they cannot be switched off again; rounds alternate, and the best of
each is shown: other work on the machine slows both.
"""

import argparse
import subprocess
import sys

from bench_classifiers import our_epoch, tweets

from models.settings import ClassifierSettings


def main() -> None:
    """Time both and print their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tweets", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kind", default="lstm", choices=("feed-forward", "rnn", "lstm", "gru"))
    parser.add_argument("--inside", choices=("deterministic", "free"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        print(seconds(given))
        return
    rounds = [(outside("deterministic"), outside("free")) for _ in range(given.rounds)]
    best = {"deterministic": min(a for a, _ in rounds), "free": min(b for _, b in rounds)}
    cost = best["deterministic"] / best["free"] - 1
    print(
        f"{given.kind}, {given.tweets} tweets: {best['deterministic']:.2f} s deterministic, {best['free']:.2f} s free"
    )
    print(f"determinism costs {cost:+.1%} of an epoch")


def outside(name: str) -> float:
    """The seconds of one epoch in a process of its own."""
    command = [sys.executable, __file__, *sys.argv[1:], "--inside", name]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1])


def seconds(given: argparse.Namespace) -> float:
    """The best of three epochs, traced before."""
    if given.inside == "free":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism = lambda: None
    epoch = our_epoch(tweets(given.tweets), ClassifierSettings(kind=given.kind, features="scratch"))
    epoch()
    return min(epoch() for _ in range(3))


if __name__ == "__main__":
    main()
