"""Word vectors against gensim on Wikipedia and Wikinews: speed, quality, memory, and equal bytes on 1 and 2 threads.

Both sides read the same token file (lower-cased a-z words, one document a line), one after the other in processes of
their own; seconds run from the token file to the final vectors, imports left out, and CPU seconds of the whole process
stand beside them because a busy machine stretches the first and hardly the second. With --raw they run from the raw
corpora to scored vectors instead, both sides reading them with the same function and scoring with their own.

    python tests/benchmarks/bench_vectors.py --data FOLDER_OF_CORPORA [--limit TOKENS] [--architecture cbow] [--raw]
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
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean

LINE_END, SPACE = ord("\n"), ord(" ")
WIDTH, WINDOW, NEGATIVES, SAMPLE, MIN_COUNT = 100, 5, 5, 1e-3, 5
EVALUATION_WORDS = 30_000
SCORES = ("wordsim353", "simlex999", "analogies")
Result = dict[str, float]


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


def train_ours(asked: argparse.Namespace) -> Result:
    """This project: seconds to vectors, or to scored ones, and their scores."""
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": str(asked.threads)}
    prepare_tensorflow()

    from models.settings import EmbeddingSettings, VocabularySettings
    from models.text.vocabulary import fit_vocabulary
    from models.word2vec import train_vectors

    settings = EmbeddingSettings(
        architecture=asked.architecture, dimensions=WIDTH, window=WINDOW, negatives=NEGATIVES, subsample=SAMPLE,
        min_count=MIN_COUNT, epochs=asked.epochs, learning_rate=asked.learning_rate,
    )  # fmt: skip
    imported = memory_gb()
    start = time.perf_counter()
    read_raw(asked)
    tokens = read_tokens(asked.tokens, asked.threads)
    vocabulary = fit_vocabulary(tokens, VocabularySettings(min_count=MIN_COUNT))
    vectors, history = train_vectors(*vocabulary.encode(tokens), vocabulary.tokens, settings, asked.seed)
    trained = time.perf_counter() - start
    result = {"steady": history[-1]["words_per_second"], "imported_gb": imported, "digest": vectors.digest}
    return result | timed_scores(start, trained, asked, lambda: our_scores(vectors))


def read_tokens(path: Path, threads: int):
    """The token file as our tokens, cut in as many parts as there are threads, each at the end of a line."""
    import numpy as np

    from models.text import concat
    from models.threads import side_by_side

    text = np.fromfile(path, np.uint8)
    cuts = [len(text) * part // threads for part in range(1, threads)]
    cuts = [cut + int(np.argmax(text[cut:] == LINE_END)) + 1 for cut in cuts]
    return concat(side_by_side(tokens_of, np.split(text, cuts), threads))


def tokens_of(text):
    """The tokens of some lines; each word keeps the space behind it until it is known to be a new one."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from models.text import Tokens

    line_ends = np.flatnonzero(text == LINE_END)
    text[line_ends] = SPACE
    starts = np.concatenate([[0], np.flatnonzero(text == SPACE) + 1]).astype(np.int32)
    buffers = [None, pa.py_buffer(starts), pa.py_buffer(text)]
    words = pa.Array.from_buffers(pa.string(), len(starts) - 1, buffers).dictionary_encode()
    lines = np.concatenate([[0], np.searchsorted(starts, line_ends, side="right")])
    return Tokens(lines, words.indices.to_numpy(), pc.utf8_rtrim_whitespace(words.dictionary))


def prepare_tensorflow() -> None:
    """Import TensorFlow as the product does."""
    from tasks.runtime.environment import load_tensorflow, prepare_environment

    prepare_environment()
    load_tensorflow()


def memory_gb() -> float:
    """Most memory that this process has held so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def read_raw(asked: argparse.Namespace) -> None:
    """With --raw, read the corpora and write the token file, as part of what is timed."""
    if asked.raw:
        write_tokens(asked.data, asked.limit, asked.tokens)


def timed_scores(start: float, trained: float, asked: argparse.Namespace, score: Callable[[], Result]) -> Result:
    """Seconds to vectors, or with --raw to scored ones, and the scores themselves."""
    scores = score() if asked.quality else {}
    return {"seconds": time.perf_counter() - start if asked.raw else trained} | scores


def train_gensim(asked: argparse.Namespace) -> Result:
    """The same with gensim, which reads the token file itself with as many workers."""
    from gensim.models import Word2Vec

    imported = memory_gb()
    start = time.perf_counter()
    read_raw(asked)
    model = Word2Vec(
        corpus_file=str(asked.tokens), sg=int(asked.architecture == "skip-gram"), vector_size=WIDTH, window=WINDOW,
        negative=NEGATIVES, sample=SAMPLE, min_count=MIN_COUNT, epochs=asked.epochs, workers=asked.threads,
        seed=asked.seed, alpha=asked.learning_rate or 0.025,
    )  # fmt: skip
    trained = time.perf_counter() - start
    return {"imported_gb": imported} | timed_scores(start, trained, asked, lambda: gensim_scores(model, asked.raw))


def judgement_files() -> dict[str, Path]:
    """WordSim-353, SimLex-999 and the analogies: gensim's package carries all three."""
    from gensim.test.utils import datapath

    files = ("wordsim353.tsv", "simlex999.txt", "questions-words.txt")
    return {score: Path(datapath(name)) for score, name in zip(SCORES, files, strict=True)}


def our_scores(vectors) -> Result:
    """Scores of word vectors, the analogies among the 30,000 most frequent words."""
    from models.vectors.evaluation import evaluate_analogies, evaluate_similarities
    from models.vectors.evaluation_files import parse_analogies, parse_similarities

    texts = {name: path.read_text() for name, path in judgement_files().items()}
    questions = parse_analogies(texts["analogies"])
    return {
        "wordsim353": evaluate_similarities(vectors, parse_similarities(texts["wordsim353"])).spearman,
        "simlex999": evaluate_similarities(vectors, parse_similarities(texts["simlex999"])).spearman,
        "analogies": evaluate_analogies(vectors, questions, EVALUATION_WORDS)["total"].accuracy,
    }


def gensim_scores(model, own: bool) -> Result:
    """Scores of gensim's vectors: by its own evaluation where that is timed, else by the one that scores ours."""
    import pyarrow as pa

    from models.vectors import WordVectors

    if not own:
        return our_scores(WordVectors(pa.array(model.wv.index_to_key), model.wv.vectors))
    files = judgement_files()
    return {
        "wordsim353": model.wv.evaluate_word_pairs(files["wordsim353"])[1][0],
        "simlex999": model.wv.evaluate_word_pairs(files["simlex999"])[1][0],
        "analogies": model.wv.evaluate_word_analogies(files["analogies"], restrict_vocab=EVALUATION_WORDS)[0],
    }


def run_alone(arguments: list[str], script: str = __file__) -> Result:
    """One training by this script or another in a process of its own: its measurements."""
    done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def train_alone(asked: argparse.Namespace) -> None:
    """What the process started by run_alone does: train one side and print its measurements."""
    measured = {"ours": train_ours, "gensim": train_gensim}[asked.side](asked)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps(measured | {"cpu": usage.ru_utime + usage.ru_stime, "memory_gb": memory_gb()}))


def compare(asked: argparse.Namespace) -> None:
    """Print a table of both sides, alternating, and the digests of ours on one thread and on two."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokens.txt"
        words = write_tokens(asked.data, asked.limit, path)
        print(f"{words:,} words x {asked.epochs} epochs, {asked.architecture}, {asked.threads} threads each")
        common = ["--tokens", str(path), "--architecture", asked.architecture, "--epochs", str(asked.epochs)]
        common += ["--learning-rate", str(asked.learning_rate)] if asked.learning_rate else []
        common += ["--raw", "--data", str(asked.data), "--limit", str(asked.limit)] if asked.raw else []
        rows: dict[str, list[Result]] = {"ours": [], "gensim": []}
        for seed in range(1, asked.seeds + 1):
            for side in rows:
                arguments = ["--side", side, "--seed", str(seed), "--threads", str(asked.threads), "--quality"]
                rows[side].append(run_alone([*common, *arguments]))
                print_row(side, seed, rows[side][-1], words * asked.epochs)
        print_summary(rows)
        if not asked.raw:
            alone = run_alone([*common, "--side", "ours", "--seed", "1", "--threads", "1"])
            print(f"1 thread: {words * asked.epochs / alone['seconds']:,.0f} words/s, ", end="")
            print("same digest" if alone["digest"] == rows["ours"][0]["digest"] else "ANOTHER DIGEST")


def print_row(side: str, seed: int, row: Result, words: int) -> None:
    """One line of the table, with the load of the machine beside it."""
    quality = " ".join(f"{name} {row[name]:.3f}" for name in SCORES)
    steady = f" (last epoch {row['steady']:,.0f})" if "steady" in row else ""
    print(
        f"{side:6} seed {seed}: {row['seconds']:.1f} s, {words / row['seconds']:>9,.0f} words/s{steady}, "
        f"{row['cpu']:.0f} CPU s, {row['memory_gb']:.2f} GB ({row['imported_gb']:.2f} of it imports), {quality}, "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def print_summary(rows: dict[str, list[Result]]) -> None:
    """Means of all seeds, ours beside gensim's."""

    def means(name: str) -> tuple[float, float]:
        return mean(row[name] for row in rows["ours"]), mean(row[name] for row in rows["gensim"])

    ours, gensim = means("seconds")
    print(f"seconds, ours / gensim: {ours / gensim:.2f}; words/s, ours / gensim: {gensim / ours:.2f}")
    for name in SCORES:
        ours, gensim = means(name)
        print(f"{name}, mean of {len(rows['ours'])}: ours {ours:.4f}, gensim {gensim:.4f} ({ours - gensim:+.4f})")
    ours, gensim = means("memory_gb")
    print(f"memory: {ours:.2f} GB; twice gensim's and our imports: {2 * gensim + means('imported_gb')[0]:.2f} GB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder that holds enwiki_2015 and enwikinews")
    parser.add_argument("--limit", type=int, default=0, help="words of the corpus to use; 0 is all")
    parser.add_argument("--architecture", choices=["skip-gram", "cbow"], default="skip-gram")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--learning-rate", type=float, help="of both; each side's own default when not given")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each side")
    parser.add_argument("--raw", action="store_true", help="time from the raw corpora to scored vectors")
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
