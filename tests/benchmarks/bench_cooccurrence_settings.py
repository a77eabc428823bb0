"""What each setting of co-occurrence vectors gives, on small and large text: WordSim-353 and SimLex-999.

Run: python tests/benchmarks/bench_cooccurrence_settings.py --corpus FOLDER... --wordsim FILE [--words 0.3 1 3 0]

One setting differs from the defaults in each row; `--words` are millions of tokens from the start of the text, 0 all of
it. SimLex-999 is the copy that gensim brings. Settings that share an SVD of 100 dimensions share it here.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from bench_frequencies import tokenize_corpora

from models.frequencies import CooccurrenceCounter, cooccurrence_vectors, ppmi
from models.frequencies.cooccurrence import frequent_words
from models.settings import CooccurrenceSettings
from models.text import Tokens
from models.vectors import WordVectors
from models.vectors.evaluation import evaluate_similarities
from models.vectors.evaluation_files import parse_similarities
from models.vectors.postprocessing import all_but_the_top

SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "weighting flat": {"weighting": "flat"},
    "context_smoothing 0.75": {"context_smoothing": 0.75},
    "shift 5": {"shift": 5.0},
    "context_smoothing 0.75, shift 5": {"context_smoothing": 0.75, "shift": 5.0},
    "singular_power 1": {"singular_power": 1.0},
    "singular_power 0": {"singular_power": 0.0},
    "remove_components 1": {"remove_components": 1},
    "remove_components 3": {"remove_components": 3},
    "context_smoothing 0.75, singular_power 0": {"context_smoothing": 0.75, "singular_power": 0.0},
    "context_smoothing 0.75, remove_components 1": {"context_smoothing": 0.75, "remove_components": 1},
}


def first_tokens(parts: list[Tokens], tokens: int) -> list[Tokens]:
    """Whole documents from the start, of so many tokens; 0 is all."""
    if not tokens:
        return parts
    taken, left = [], tokens
    for part in parts:
        documents = int(np.searchsorted(part.offsets, left, side="right")) - 1
        taken.append(part.take(np.arange(documents)))
        left -= int(part.offsets[documents])
        if documents < len(part):
            break
    return taken


def made(parts: list[Tokens]) -> Iterator[tuple[str, WordVectors]]:
    """The vectors of each setting."""
    words = frequent_words(parts, CooccurrenceSettings())
    counts: dict[str, Any] = {}
    decomposed: dict[tuple[Any, ...], np.ndarray] = {}
    for name, given in SETTINGS.items():
        choice = CooccurrenceSettings(**given)
        if choice.weighting not in counts:
            counter = CooccurrenceCounter(words, choice)
            for part in parts:
                counter.add(part)
            counts = {choice.weighting: counter.matrix(), **counts}
        key = choice.weighting, choice.context_smoothing, choice.shift
        if key not in decomposed:
            information = ppmi(counts[choice.weighting], choice.context_smoothing, choice.shift)
            decomposed[key] = cooccurrence_vectors(information, choice.dimensions, 1, singular_power=1.0)
        # The columns of U S have the singular values for lengths.
        values = np.linalg.norm(decomposed[key].astype(np.float64), axis=0)
        scale = np.where(values > 0, values ** (choice.singular_power - 1), 0)
        numbers = (decomposed[key] * scale).astype(np.float32)
        yield name, all_but_the_top(WordVectors(words, numbers), choice.remove_components)


def main() -> None:
    from gensim.test.utils import datapath

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, nargs="+", default=[])
    parser.add_argument("--tokens", type=Path, help="a folder of token shards, instead of corpora")
    parser.add_argument("--wordsim", type=Path, required=True)
    parser.add_argument("--words", type=float, nargs="+", default=[0.3, 1, 3, 0], help="millions; 0 is all")
    options = parser.parse_args()
    files = {"WordSim-353": options.wordsim, "SimLex-999": Path(datapath("simlex999.txt"))}
    tests = {name: parse_similarities(path.read_text(encoding="utf-8")) for name, path in files.items()}
    if options.tokens:
        parts = [Tokens.from_arrow(pq.read_table(path)["tokens"]) for path in sorted(options.tokens.glob("*.parquet"))]
    else:
        parts = list(tokenize_corpora(options.corpus))
    for millions in options.words:
        text = first_tokens(parts, round(millions * 1e6))
        print(f"{sum(len(part.codes) for part in text):,} tokens", flush=True)
        for name, vectors in made(text):
            scores = {test: evaluate_similarities(vectors, pairs) for test, pairs in tests.items()}
            said = "  ".join(f"{test} {score.spearman:.3f} ({score.coverage:.0%})" for test, score in scores.items())
            print(f"  {name:45} {said}", flush=True)


if __name__ == "__main__":
    main()
