"""Word vectors against gensim on Wikipedia and Wikinews: speed, quality, and equal bytes on 1 and 2 threads.

Both sides read the same token file (lower-cased a-z words, one document a line), one after the other in processes of
their own; seconds run from the token file to the final vectors, imports left out, and CPU seconds of the whole process
stand beside them because a busy machine stretches the first and hardly the second.

    python tests/benchmarks/bench_vectors.py --data FOLDER_OF_CORPORA [--limit TOKENS] [--architecture cbow]
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

WIDTH, WINDOW, NEGATIVES, SAMPLE, MIN_COUNT = 100, 5, 5, 1e-3, 5


def read_documents(data: Path) -> Iterator[str]:
    """The text of each document of the two corpora."""
    for path in sorted((data / "enwiki_2015").glob("*/wiki_*")):
        yield from re.findall(r"<doc [^>]*>(.*?)</doc>", path.read_text("utf-8", "replace"), re.DOTALL)
    for path in sorted(file for file in (data / "enwikinews").rglob("*") if file.is_file()):
        for line in path.read_text("utf-8", "replace").splitlines():
            yield json.loads(line).get("text", "")


def write_tokens(data: Path, limit: int, path: Path) -> int:
    """Write one line of words a document, up to `limit` words (0 is all); return how many."""
    words = 0
    with path.open("w") as stream:
        for text in read_documents(data):
            found = re.findall("[a-z]+", text.lower())
            if limit and words + len(found) > limit:
                break
            if found:
                stream.write(" ".join(found) + "\n")
                words += len(found)
    return words


def train_ours(path: Path, asked: argparse.Namespace) -> tuple[float, dict[str, float]]:
    """Seconds to vectors with this project, and their scores."""
    from tasks.environment import load_tensorflow, prepare_environment

    os.environ |= {"TF_NUM_INTRAOP_THREADS": str(asked.threads), "TF_NUM_INTEROP_THREADS": str(asked.threads)}
    prepare_environment()
    load_tensorflow()
    import pyarrow as pa

    from models.settings import EmbeddingSettings, VocabularySettings
    from models.text import Tokens
    from models.vocabulary import fit_vocabulary
    from models.word2vec import train_vectors

    settings = EmbeddingSettings(
        architecture=asked.architecture, dimensions=WIDTH, window=WINDOW, negatives=NEGATIVES, subsample=SAMPLE,
        min_count=MIN_COUNT, epochs=asked.epochs, learning_rate=asked.learning_rate,
    )  # fmt: skip
    start = time.perf_counter()
    with path.open() as stream:
        documents = pa.array(stream.read().splitlines())
    tokens = Tokens.from_arrow(split_words(documents))
    vocabulary = fit_vocabulary(tokens, VocabularySettings(min_count=MIN_COUNT))
    vectors, history = train_vectors(*vocabulary.encode(tokens), vocabulary.tokens, settings, asked.seed)
    seconds = time.perf_counter() - start
    steady = history[-1]["words_per_second"]
    return seconds, {"steady": steady, "digest": vectors.digest} | score(vectors, asked)


def split_words(documents):
    """Lists of words from lines: list<dictionary<string>>, which is how tokens travel."""
    import pyarrow as pa
    import pyarrow.compute as pc

    words = pc.split_pattern(documents, " ")
    return pa.ListArray.from_arrays(words.offsets, words.values.dictionary_encode())


def train_gensim(path: Path, asked: argparse.Namespace) -> tuple[float, dict[str, float]]:
    """The same with gensim, which reads the token file itself with as many workers."""
    import pyarrow as pa
    from gensim.models import Word2Vec

    from models.vectors import WordVectors

    start = time.perf_counter()
    model = Word2Vec(
        corpus_file=str(path), sg=int(asked.architecture == "skip-gram"), vector_size=WIDTH, window=WINDOW,
        negative=NEGATIVES, sample=SAMPLE, min_count=MIN_COUNT, epochs=asked.epochs, workers=asked.threads,
        seed=asked.seed, alpha=asked.learning_rate or 0.025,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    return seconds, score(WordVectors(pa.array(model.wv.index_to_key), model.wv.vectors), asked)


def score(vectors, asked: argparse.Namespace) -> dict[str, float]:
    """WordSim-353, SimLex-999 and the analogies among the 30,000 most frequent words: gensim's package carries all."""
    from gensim.test.utils import datapath

    from models.vectors.evaluation import evaluate_analogies, evaluate_similarities, parse_analogies, parse_similarities

    if not asked.quality:
        return {}
    texts = {
        name: Path(datapath(name)).read_text() for name in ("wordsim353.tsv", "simlex999.txt", "questions-words.txt")
    }
    return {
        "wordsim353": evaluate_similarities(vectors, parse_similarities(texts["wordsim353.tsv"])).spearman,
        "simlex999": evaluate_similarities(vectors, parse_similarities(texts["simlex999.txt"])).spearman,
        "analogies": evaluate_analogies(vectors, parse_analogies(texts["questions-words.txt"]))["total"].accuracy,
    }


def run_alone(arguments: list[str]) -> dict[str, float]:
    """One training in a process of its own: its measurements."""
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def train_alone(asked: argparse.Namespace) -> None:
    """What the process started by run_alone does: train one side and print its measurements."""
    seconds, measured = {"ours": train_ours, "gensim": train_gensim}[asked.side](asked.tokens, asked)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    measured |= {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "memory_gb": usage.ru_maxrss / 1e6}
    print(json.dumps(measured))


def compare(asked: argparse.Namespace) -> None:
    """Print a table of both sides, alternating, and the digests of ours on one thread and on two."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokens.txt"
        words = write_tokens(asked.data, asked.limit, path)
        print(f"{words:,} words x {asked.epochs} epochs, {asked.architecture}, {asked.threads} threads each")
        common = ["--tokens", str(path), "--architecture", asked.architecture, "--epochs", str(asked.epochs)]
        common += ["--learning-rate", str(asked.learning_rate)] if asked.learning_rate else []
        rows = []
        for seed in range(1, asked.seeds + 1):
            for side in ("ours", "gensim"):
                arguments = ["--side", side, "--seed", str(seed), "--threads", str(asked.threads), "--quality"]
                rows.append((side, seed, run_alone([*common, *arguments])))
                print_row(*rows[-1], words * asked.epochs)
        mean = {side: sum(row["seconds"] for each, _, row in rows if each == side) for side in ("ours", "gensim")}
        print(f"words/s, ours / gensim: {mean['gensim'] / mean['ours']:.2f}")
        alone = run_alone([*common, "--side", "ours", "--seed", "1", "--threads", "1"])
        print(f"1 thread: {words * asked.epochs / alone['seconds']:,.0f} words/s, ", end="")
        print("same digest" if alone["digest"] == rows[0][2]["digest"] else "ANOTHER DIGEST")


def print_row(side: str, seed: int, row: dict[str, float], words: int) -> None:
    """One line of the table, with the load of the machine beside it."""
    quality = " ".join(f"{name} {row[name]:.3f}" for name in ("wordsim353", "simlex999", "analogies"))
    steady = f" (last epoch {row['steady']:,.0f})" if "steady" in row else ""
    print(
        f"{side:6} seed {seed}: {words / row['seconds']:>9,.0f} words/s{steady}, {row['cpu']:.0f} CPU s, "
        f"{row['memory_gb']:.1f} GB, {quality}, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder that holds enwiki_2015 and enwikinews")
    parser.add_argument("--limit", type=int, default=0, help="words of the corpus to use; 0 is all")
    parser.add_argument("--architecture", choices=["skip-gram", "cbow"], default="skip-gram")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--learning-rate", type=float, help="of both; each side's own default when not given")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each side")
    parser.add_argument("--side", choices=["ours", "gensim"], help=argparse.SUPPRESS)
    parser.add_argument("--tokens", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--quality", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        train_alone(options)
    elif options.data:
        compare(options)
    else:
        parser.error("--data is needed: the folder that holds enwiki_2015 and enwikinews")
