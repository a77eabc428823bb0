"""What word vectors cost as dimensions, window, vocabulary and corpus grow, and which settings serve small corpora.

    python tests/benchmarks/bench_vector_cost.py cost [--short] [--plot cost.png]
    python tests/benchmarks/bench_vector_cost.py pieces
    python tests/benchmarks/bench_vector_cost.py sizes --data FOLDER_OF_CORPORA

`cost` trains on made-up tokens with Zipf's frequencies and prints seconds per million words of the second epoch, the
first one compiling; exponents say how seconds grow with the quantity: 1 is linear. With --short it takes the ends of
each range only. `pieces` trains on texts of several pieces, which are made anew whenever they are read, as a text that
is larger than memory is read from the store, and prints the peak of memory. `sizes` trains on the start of Wikipedia
and prints WordSim-353 for a few settings at each size, so that defaults can follow.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from bench_vectors import memory_gb, our_scores, prepare_tensorflow, read_tokens, write_tokens

BASE = {"dimensions": 100, "window": 5, "vocabulary": 50_000, "words": 2_000_000}
GROWTH = {
    "dimensions": (50, 100, 200, 300),
    "window": (2, 5, 10),
    "vocabulary": (10_000, 50_000, 200_000, 500_000),
    "words": (1_000_000, 4_000_000, 16_000_000),
}
SECONDS_SHOWN = (0.5, 1, 2, 5, 10, 20, 50)
PIECES, PIECE_WORDS = (1, 2, 6), 10_000_000
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
CHOICES = [
    {"epochs": epochs, "min_count": min_count, "dimensions": dimensions}
    for epochs, min_count, dimensions in ((5, 5, 100), (15, 5, 100), (30, 5, 100), (30, 2, 100), (30, 5, 50))
]


def made_up_tokens(words: int, vocabulary: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids with Zipf's frequencies, in documents of 1,000 words; every word of the vocabulary occurs."""
    chance = 1 / np.arange(10, vocabulary + 10)
    random = np.random.default_rng(0)
    ids = random.choice(np.arange(2, vocabulary + 2, dtype=np.int32), words, p=chance / chance.sum())
    return ids, np.arange(0, words + 1, 1_000, dtype=np.int64)


def cost_alone(asked: argparse.Namespace) -> dict[str, float]:
    """Seconds of one epoch of one setting, in this process alone."""
    prepare_tensorflow()
    import pyarrow as pa

    from models.settings import EmbeddingSettings
    from models.word2vec import train_vectors

    case = json.loads(asked.case)
    ids, offsets = made_up_tokens(case["words"], case["vocabulary"])
    if case.get("one_line"):
        offsets = np.array([0, len(ids)])
    names = pa.array([f"w{number}" for number in range(case["vocabulary"] + 2)])
    settings = EmbeddingSettings(
        architecture=asked.architecture, dimensions=case["dimensions"], window=case["window"], min_count=1, epochs=2
    )
    vectors, history = train_vectors(ids, offsets, names, settings, 1)
    return {
        "seconds": history[-1]["seconds"],
        "memory_gb": memory_gb(),
        "largest": float(np.abs(vectors.vectors).max()),
    }


class MadeUpPieces:
    """So many shards, one in memory at a time."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The same words over and over: what is measured is how they are held."""
        for _ in range(self.number):
            yield made_up_tokens(PIECE_WORDS, BASE["vocabulary"])


def pieces_alone(asked: argparse.Namespace) -> dict[str, float]:
    """One epoch over a text in pieces, in this process alone."""
    prepare_tensorflow()
    import pyarrow as pa

    from models.settings import EmbeddingSettings
    from models.word2vec import train_on_shards

    number = json.loads(asked.case)["pieces"]
    names = pa.array([f"w{word}" for word in range(BASE["vocabulary"] + 2)])
    settings = EmbeddingSettings(architecture=asked.architecture, epochs=1)
    history = train_on_shards(MadeUpPieces(number), names, settings, 1)[1]
    return {"seconds": history[-1]["seconds"], "memory_gb": memory_gb()}


def show_pieces(asked: argparse.Namespace) -> None:
    """A line for each number of pieces."""
    for number in PIECES:
        row = measure({"pieces": number}, asked.architecture)
        words = number * PIECE_WORDS
        print(
            f"{words:>11,} words in {number} pieces: {words / row['seconds']:>9,.0f} words/s in training, "
            f"{row['memory_gb']:.2f} GB, load {os.getloadavg()[0]:.1f}",
            flush=True,
        )


def measure(case: dict[str, int], architecture: str) -> dict[str, float]:
    """The cost of one setting, measured in a process of its own."""
    arguments = ["cost", "--architecture", architecture, "--case", json.dumps(case)]
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{case} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def show_costs(asked: argparse.Namespace) -> None:
    """A table of all costs, the exponents of their growth, one very long line, and a plot where asked for."""
    seconds: dict[tuple[str, str, int], float] = {}
    growth = {name: (values[0], values[-1]) if asked.short else values for name, values in GROWTH.items()}
    for architecture, (quantity, values) in itertools.product(("skip-gram", "cbow"), growth.items()):
        for value in values:
            case = BASE | {quantity: value}
            row = measure(case, architecture)
            seconds[architecture, quantity, value] = row["seconds"]
            rate = case["words"] / row["seconds"]
            print(
                f"{architecture:9} {quantity:10} {value:>10,}: {row['seconds']:6.2f} s, {rate:>9,.0f} words/s, "
                f"{row['memory_gb']:.2f} GB, load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
        grown = seconds[architecture, quantity, values[-1]] / seconds[architecture, quantity, values[0]]
        print(
            f"{architecture:9} {quantity:10} grows with exponent {np.log(grown) / np.log(values[-1] / values[0]):.2f}"
        )
    for architecture in ("skip-gram", "cbow"):
        row = measure(BASE | {"words": 10_000_000, "one_line": 1}, architecture)
        print(
            f"{architecture}, one line of 10,000,000 words: {row['seconds']:.1f} s, largest number {row['largest']:.2f}"
        )
    if asked.plot:
        draw(seconds, growth, asked.plot)


def draw(seconds: dict[tuple[str, str, int], float], growth: dict[str, tuple[int, ...]], path: Path) -> None:
    """Seconds of an epoch against each quantity, both axes logarithmic, with a line of slope 1 to compare with."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.4), layout="constrained")
    for axes, (quantity, values) in zip(figure.subplots(1, len(growth), sharey=True), growth.items(), strict=True):
        for architecture in ("skip-gram", "cbow"):
            axes.loglog(values, [seconds[architecture, quantity, value] for value in values], "o-", label=architecture)
        first = seconds["skip-gram", quantity, values[0]]
        axes.loglog(values, [first * value / values[0] for value in values], ":", color="grey", label="linear")
        axes.set(xlabel=quantity, ylabel="seconds an epoch" if quantity == next(iter(growth)) else "")
        axes.set_xticks(values, [f"{value:,}" for value in values], rotation=20)
        axes.set_yticks(SECONDS_SHOWN, [f"{value:g}" for value in SECONDS_SHOWN])
        axes.minorticks_off()
        axes.grid(color="0.9")
        axes.legend()
    figure.savefig(path, dpi=100)
    print(f"plot: {path}")


def show_sizes(asked: argparse.Namespace) -> None:
    """WordSim-353 and its coverage of each choice of settings on the first words of the corpus."""
    prepare_tensorflow()
    from gensim.test.utils import datapath

    from models.settings import EmbeddingSettings, VocabularySettings
    from models.text.vocabulary import fit_vocabulary
    from models.vectors.evaluation import evaluate_similarities
    from models.vectors.evaluation_files import parse_similarities
    from models.word2vec import train_vectors

    pairs = parse_similarities(Path(datapath("wordsim353.tsv")).read_text())
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tokens.txt"
            write_tokens(asked.data, size, path)
            tokens = read_tokens(path, threads=2)
        for architecture, choice in itertools.product(("skip-gram", "cbow"), CHOICES):
            if size == SIZES[-1] and choice["epochs"] > 5:
                continue
            vocabulary = fit_vocabulary(tokens, VocabularySettings(min_count=choice["min_count"]))
            settings = EmbeddingSettings(architecture=architecture, **choice)
            vectors, history = train_vectors(*vocabulary.encode(tokens), vocabulary.tokens, settings, 1)
            found = evaluate_similarities(vectors, pairs)
            analogies = our_scores(vectors)["analogies"] if size >= 1_000_000 else 0
            print(
                f"{size:>10,} words, {architecture:9} {choice}: WordSim-353 {found.spearman:.3f} of "
                f"{found.coverage:.0%} of the pairs, analogies {analogies:.3f}, "
                f"{sum(epoch['seconds'] for epoch in history):.1f} s",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=["cost", "pieces", "sizes"])
    parser.add_argument("--short", action="store_true", help="the ends of each range only")
    parser.add_argument("--data", type=Path, help="folder that holds enwiki_2015 and enwikinews")
    parser.add_argument("--plot", type=Path, help="PNG to write")
    parser.add_argument("--architecture", default="skip-gram", help=argparse.SUPPRESS)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(json.dumps(pieces_alone(options) if "pieces" in options.case else cost_alone(options)))
    elif options.table == "cost":
        show_costs(options)
    elif options.table == "pieces":
        show_pieces(options)
    elif options.data:
        show_sizes(options)
    else:
        parser.error("sizes needs --data: the folder that holds enwiki_2015 and enwikinews")
