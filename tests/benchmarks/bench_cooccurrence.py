"""Co-occurrence against the algorithm that it replaced: the same numbers, seconds and peak memory in turns.

Run: python tests/benchmarks/bench_cooccurrence.py --corpus FOLDER... [--rounds 3] [--repeat 1]

Each turn is a process of its own that reads the tokens, chooses the words, counts, makes PPMI vectors and saves and
digests the matrix, as the step of the main job does. The old one is kept here whole: pairs brought together by SciPy's
COO format, a single-threaded product, and the tightest compression. Counts must be equal bit for bit, and so must the
vectors where the old one computes with one thread of BLAS (with two its last bits differ; `--threads 2` shows it).
`--repeat 10` counts the text so many times over, for the memory that a longer text takes.
"""

import argparse
import hashlib
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from bench_frequencies import tokenize_corpora
from scipy import sparse

from models.frequencies import CooccurrenceCounter, cooccurrence_vectors, ppmi
from models.frequencies.cooccurrence import TOKENS_AT_ONCE, UNCOUNTED, _document_ends, frequent_words
from models.seeds import generator
from models.settings import CooccurrenceSettings, VocabularySettings
from models.text import Tokens, concat
from models.text.vocabulary import RESERVED, fit_vocabulary
from tasks.store.digests import content_digest
from tasks.store.formats import write_sparse

CHOICE = CooccurrenceSettings()


class OldCounter(CooccurrenceCounter):
    """The counter as it was: a COO matrix of every block, put in order by SciPy."""

    def _count_block(self, rows: np.ndarray, offsets: np.ndarray, start: int) -> Any:
        stop = min(start + TOKENS_AT_ONCE, len(rows))
        near = rows[start : stop + self.settings.window]
        ends = _document_ends(offsets, start, stop) - start
        unit = math.lcm(*range(1, self.settings.window + 1))
        words, contexts, weights = [], [], []
        for distance in range(1, self.settings.window + 1):
            first, second = near[: stop - start], near[distance:][: stop - start]
            first, end = first[: len(second)], ends[: len(second)]
            paired = (first != UNCOUNTED) & (second != UNCOUNTED) & (np.arange(distance, len(end) + distance) < end)
            words.append(first[paired])
            contexts.append(second[paired])
            weights.append(np.full(len(words[-1]), unit / distance))
        pairs = np.concatenate(words), np.concatenate(contexts)
        size = len(self.words)
        return sparse.coo_matrix((np.concatenate(weights), pairs), shape=(size, size)).tocsr()


def old_words(parts: list[Tokens]) -> pa.StringArray:
    """The words to count, of the whole text in one piece."""
    limits = VocabularySettings(min_count=CHOICE.min_count, max_size=CHOICE.max_vocabulary)
    return fit_vocabulary(concat(parts), limits).tokens.slice(len(RESERVED))


def new_words(parts: list[Tokens]) -> pa.StringArray:
    """The words to count, piece by piece."""
    return frequent_words(parts, CHOICE)


def old_vectors(information: Any, seed: int) -> np.ndarray:
    """Vectors by SciPy's own products of a sparse matrix."""
    from scipy.sparse.linalg import svds

    start = generator(seed, "co-occurrence/svd").standard_normal(min(information.shape))
    left, singular, _ = svds(information, k=CHOICE.dimensions, v0=start, return_singular_vectors="u")
    order = np.argsort(-singular, kind="stable")
    left, singular = left[:, order], singular[order]
    largest = np.take_along_axis(left, np.abs(left).argmax(axis=0)[np.newaxis], axis=0)
    return (left * np.sign(largest) * singular**0.5).astype(np.float32)


def work(folder: Path, old: bool, repeat: int) -> dict[str, Any]:
    """One turn: seconds by stage, peak memory, and what was made as digests."""
    marks = [("start", np.array([time.perf_counter(), time.process_time()]))]
    parts = [Tokens.from_arrow(pq.read_table(path)["tokens"]) for path in sorted(folder.glob("*.parquet"))]
    marks.append(("read", np.array([time.perf_counter(), time.process_time()])))
    counter = (OldCounter if old else CooccurrenceCounter)((old_words if old else new_words)(parts), CHOICE)
    marks.append(("words", np.array([time.perf_counter(), time.process_time()])))
    for part in parts * repeat:
        counter.add(part)
    matrix = counter.matrix()
    marks.append(("count", np.array([time.perf_counter(), time.process_time()])))
    information = ppmi(matrix)
    marks.append(("PPMI", np.array([time.perf_counter(), time.process_time()])))
    vectors = old_vectors(information, 1) if old else cooccurrence_vectors(information, CHOICE.dimensions, 1)
    marks.append(("SVD", np.array([time.perf_counter(), time.process_time()])))
    file = folder / f"{old}.npz"
    (sparse.save_npz if old else write_sparse)(file, matrix)
    marks.append(("save", np.array([time.perf_counter(), time.process_time()])))
    digest = content_digest(file)
    marks.append(("digest", np.array([time.perf_counter(), time.process_time()])))
    taken = {name: now - before for (_, before), (name, now) in pairwise(marks)}
    taken["all"] = sum(taken.values())
    return {
        "seconds": {name: float(clock) for name, (clock, _) in taken.items()},
        "cpu": {name: float(cpu) for name, (_, cpu) in taken.items()},
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "matrix": digest,
        "vectors": hashlib.sha256(vectors.tobytes()).hexdigest(),
        "entries": matrix.nnz,
        "tokens": repeat * sum(len(part.codes) for part in parts),
    }


def turn(folder: Path, old: bool, options: argparse.Namespace) -> dict[str, Any]:
    """One turn in a process of its own."""
    command = [sys.executable, __file__, "--turn", "old" if old else "new", "--tokens", str(folder)]
    threads = {"OPENBLAS_NUM_THREADS": str(options.threads)} if old else {}
    done = subprocess.run(
        [*command, "--repeat", str(options.repeat)],
        env={**os.environ, **threads},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    stages = ", ".join(f"{name} {seconds:.1f} ({found['cpu'][name]:.1f})" for name, seconds in found["seconds"].items())
    print(
        f"{'old' if old else 'new'}, seconds by the clock (and of CPU): {stages}; peak {found['peak']:.2f} GiB; ",
        end="",
    )
    print(f"load {os.getloadavg()[0]:.1f}", flush=True)
    return found


def store(folder: Path, corpora: list[Path]) -> None:
    """The tokens of the corpora as shards."""
    for number, part in enumerate(tokenize_corpora(corpora)):
        pq.write_table(pa.table({"tokens": part.to_arrow()}), folder / f"{number:05}.parquet", compression="zstd")


def compare(folder: Path, options: argparse.Namespace) -> None:
    """Old and new in turns; their numbers must be the same."""
    pairs = [[turn(folder, old, options) for old in (True, False)] for _ in range(options.rounds)]
    for old, new in pairs:
        assert old["matrix"] == new["matrix"], "the counts differ"
        same = old["vectors"] == new["vectors"]
        assert same or options.threads > 1, "the vectors differ"
        print(f"{new['tokens']:,} tokens, {new['entries']:,} entries: equal counts, vectors {'too' if same else 'not'}")
    for what in ("all", "words", "count", "SVD", "save", "digest"):
        said = []
        for clock in ("seconds", "cpu"):
            old, new = (min(pair[place][clock][what] for pair in pairs) for place in (0, 1))
            said.append(f"{old:.1f} s -> {new:.1f} s, a factor of {old / new:.2f}")
        print(f"{what}: by the clock {said[0]}; CPU {said[1]}")
    peak = [max(pair[place]["peak"] for pair in pairs) for place in (0, 1)]
    print(f"peak memory {peak[0]:.2f} GiB -> {peak[1]:.2f} GiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, nargs="+", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of BLAS, for the old one")
    parser.add_argument("--turn", choices=["old", "new"], help=argparse.SUPPRESS)
    parser.add_argument("--tokens", type=Path, help="a folder of token shards, instead of corpora")
    options = parser.parse_args()
    if options.turn:
        print(json.dumps(work(options.tokens, options.turn == "old", options.repeat)))
        return
    with tempfile.TemporaryDirectory() as folder:
        if options.tokens is None:
            store(Path(folder), options.corpus)
        compare(options.tokens or Path(folder), options)


if __name__ == "__main__":
    main()
