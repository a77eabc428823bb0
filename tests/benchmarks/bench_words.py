"""How long a question to word vectors takes: milliseconds of compute, the vectors once in memory.

python tests/benchmarks/bench_words.py [--words 100000] [--dimensions 100]
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from models.vectors import WordVectors, formats


def milliseconds(ask: Callable[[], object], times: int = 20) -> float:
    """The median of several askings, after one that fills what is kept."""
    ask()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - start)
    return 1000 * float(np.median(taken))


def main(words: int, dimensions: int) -> None:
    """Print a line for each question, for reading and for writing."""
    random = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    names = ["".join(random.choice(letters, 8)) + str(n) for n in range(words)]
    vectors = WordVectors(pa.array(names), random.normal(size=(words, dimensions)).astype(np.float32))
    one, other, third, fourth = names[:4]
    questions: dict[str, Callable[[], object]] = {
        "neighbours": lambda: vectors.neighbours(one),
        "neighbours of a phrase": lambda: vectors.neighbours(f"{one} {other}"),
        "similarity": lambda: vectors.similarity(one, other),
        "analogy, 3CosAdd": lambda: vectors.analogy(one, other, third),
        "analogy, 3CosMul": lambda: vectors.analogy(one, other, third, method="multiply"),
        "odd one out": lambda: vectors.doesnt_match([one, other, third, fourth]),
        "near spellings": lambda: vectors.close_words(one[:-1] + "x"),
    }
    print(f"{words:,} words of {dimensions} numbers")
    for name, ask in questions.items():
        print(f"{name:24} {milliseconds(ask):8.2f} ms")
    for name in ("word2vec_text", "word2vec_binary"):
        data = getattr(formats, f"to_{name}")(vectors)
        print(f"write {name:18} {milliseconds(lambda n=name: getattr(formats, f'to_{n}')(vectors), 1):8.0f} ms")
        print(f"read {name:19} {milliseconds(lambda d=data: formats.from_word2vec(d), 1):8.0f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=100_000)
    parser.add_argument("--dimensions", type=int, default=100)
    asked = parser.parse_args()
    main(asked.words, asked.dimensions)
