"""From raw text to matrix against scikit-learn, and co-occurrence of whole corpora in bounded memory.

Run: python tests/benchmarks/bench_frequencies.py bags --tweets train.csv [--rows 100000] [--rounds 5]
     python tests/benchmarks/bench_frequencies.py co-occurrence --corpus FOLDER... [--window 5] [--dimensions 100]

`bags` alternates ours (tokenize, fit, matrix; with and without repair, of which scikit-learn does none) with
scikit-learn's vectorizers and their default analyzer, on the same rows, warmed. Ratios are of the best rounds.
"""

import argparse
import json
import os
import re
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pv

from models.frequencies import (
    CooccurrenceCounter,
    cooccurrence_vectors,
    count_matrix,
    fit_features,
    ppmi,
    tf_idf_matrix,
)
from models.settings import CooccurrenceSettings, FrequencySettings, TextSettings, VocabularySettings
from models.text import Tokens, concat, repair_texts, tokenize_texts
from models.text.vocabulary import RESERVED, fit_vocabulary

TEXT = TextSettings()
CHARACTERS_AT_ONCE = 20_000_000
DOC = re.compile(r"<doc [^>]*>\n(.*?)\n</doc>", re.DOTALL)


def read_tweets(path: Path, rows: int) -> pa.StringArray:
    """The text column of the file, repeated until it has this many rows; or the distinct lines of a folder's files."""
    if path.is_dir():
        lines = {line for file in sorted(path.rglob("*text.txt")) for line in file.read_text().splitlines()}
        return pa.array(sorted(lines, key=lambda line: line[::-1])[:rows], pa.string())
    table = pv.read_csv(path, parse_options=pv.ParseOptions(newlines_in_values=True))
    texts = table["text"].combine_chunks()
    return pa.concat_arrays([texts] * (rows // len(texts) + 1)).slice(0, rows)


def compare_bags(options: argparse.Namespace) -> None:
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

    raw = read_tweets(options.tweets, options.rows)
    strings = raw.to_pylist()
    print(f"{f'tweets per second, {len(raw):,} tweets':45} {'best':>10} {'clock':>7} {'CPU':>7}   load")
    for longest in (1, 2):
        choice = FrequencySettings(max_ngram=longest, min_document_frequency=1)
        for name, matrix, kind in (
            ("count", count_matrix, CountVectorizer),
            ("tf-idf", tf_idf_matrix, TfidfVectorizer),
        ):

            def ours(texts: pa.StringArray, choice: FrequencySettings = choice, matrix: Callable = matrix) -> None:
                tokens = tokenize_texts(texts, TEXT)
                matrix(tokens, fit_features(tokens, choice))

            contestants = {
                kind.__name__: lambda kind=kind, longest=longest: kind(ngram_range=(1, longest)).fit_transform(strings),
                "ours": lambda ours=ours: ours(raw),
                "ours, repair included": lambda ours=ours: ours(repair_texts(raw)[0]),
            }
            print_ratios(f"{name}, n-grams to {longest}", len(raw), alternate(contestants, options.rounds))


def alternate(contestants: dict[str, Callable[[], object]], rounds: int) -> dict[str, tuple[float, float]]:
    """Seconds by the clock and by the CPU of each contestant's best rounds, after one to warm up.

    They take turns, so that a busy machine is busy for all. CPU seconds are of all threads together.
    """
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    for _ in range(rounds + 1):
        for name, action in contestants.items():
            start = time.perf_counter(), time.process_time()
            action()
            taken[name].append((time.perf_counter() - start[0], time.process_time() - start[1]))
    return {name: tuple(map(min, zip(*times[1:], strict=True))) for name, times in taken.items()}


def print_ratios(title: str, rows: int, seconds: dict[str, tuple[float, float]]) -> None:
    rival = next(iter(seconds.values()))
    for name, (clock, cpu) in seconds.items():
        ratios = f"{rival[0] / clock:>6.1f}x {rival[1] / cpu:>6.1f}x"
        print(f"{title + ': ' + name:45} {rows / clock:>10,.0f} {ratios}   {os.getloadavg()[0]:.1f}")


def read_documents(folder: Path) -> Iterator[str]:
    """The documents of WikiExtractor's output: <doc> files or JSON lines."""
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        text = path.read_text(encoding="utf-8", errors="replace")
        if text.startswith("{"):
            yield from (json.loads(line)["text"] for line in text.splitlines() if line)
        else:
            yield from DOC.findall(text)


def tokenize_corpora(folders: list[Path]) -> Iterator[Tokens]:
    """The documents, lower-cased and tokenized, about CHARACTERS_AT_ONCE at a time."""
    block: list[str] = []
    size = 0
    for folder in folders:
        for document in read_documents(folder):
            block.append(document)
            size += len(document)
            if size >= CHARACTERS_AT_ONCE:
                yield tokenize_texts(repair_texts(pa.array(block))[0], TEXT)
                block, size = [], 0
    yield tokenize_texts(repair_texts(pa.array(block, pa.string()))[0], TEXT)


def count_corpora(options: argparse.Namespace) -> None:
    choice = CooccurrenceSettings(window=options.window, dimensions=options.dimensions, max_vocabulary=options.words)
    started = time.perf_counter()
    parts = list(tokenize_corpora(options.corpus))
    tokenized = time.perf_counter()
    tokens = sum(len(part.codes) for part in parts)
    report("repair and tokenize", tokens, tokenized - started)
    limits = VocabularySettings(min_count=choice.min_count, max_size=choice.max_vocabulary)
    counter = CooccurrenceCounter(fit_vocabulary(concat(parts), limits).tokens.slice(len(RESERVED)), choice)
    chosen = time.perf_counter()
    report(f"choose {len(counter.words):,} words", tokens, chosen - tokenized)
    for part in parts:
        counter.add(part)
    matrix = counter.matrix()
    counted = time.perf_counter()
    report(f"count, {matrix.nnz:,} entries", tokens, counted - chosen)
    vectors = cooccurrence_vectors(ppmi(matrix), choice.dimensions, seed=1)
    report(f"PPMI, SVD to {vectors.shape}", tokens, time.perf_counter() - counted)


def report(name: str, tokens: int, seconds: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{name:38} {tokens:>11,} tokens {seconds:>7.1f} s {tokens / seconds:>12,.0f}/s  peak {peak:.2f} GiB  ", end=""
    )
    print(f"load {os.getloadavg()[0]:.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    bags = commands.add_parser("bags")
    bags.add_argument(
        "--tweets", type=Path, required=True, help="a CSV file with a column text, or a folder of *text.txt"
    )
    bags.add_argument("--rows", type=int, default=100_000)
    bags.add_argument("--rounds", type=int, default=5)
    bags.set_defaults(run=compare_bags)
    corpora = commands.add_parser("co-occurrence")
    corpora.add_argument("--corpus", type=Path, nargs="+", required=True)
    corpora.add_argument("--window", type=int, default=5)
    corpora.add_argument("--words", type=int, default=20_000)
    corpora.add_argument("--dimensions", type=int, default=100)
    corpora.set_defaults(run=count_corpora)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
