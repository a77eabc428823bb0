"""How well senses come apart: pairs of nouns merged into one pseudo-word each, on Wikipedia and Wikinews.

The pairs are fixed by rule, not picked: the nouns of SimLex-999 (lines 112 to 777 of the copy in gensim's package) that
occur at least 1,000 times in the corpus, by falling frequency; neighbours in that order, 1st with 2nd, 3rd with 4th and
so on, are pairs; `--pairs` of them are drawn by `--seed`. All are merged before any vector is trained, so that nothing
of the pipeline has seen them apart. An occurrence is right when most occurrences of its word are in its sense.

    python tests/benchmarks/bench_senses.py --data FOLDER_OF_CORPORA [--pairs 10] [--seed 1]
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

NOUN_LINES = slice(111, 777)
LEAST_OCCURRENCES = 1000


def nouns() -> list[str]:
    """The nouns of SimLex-999."""
    from gensim.test.utils import datapath

    lines = [line.split("\t") for line in Path(datapath("simlex999.txt")).read_text().splitlines()]
    pairs = [line[:2] for line in lines if not line[0].startswith("#")][NOUN_LINES]
    return sorted({word for pair in pairs for word in pair})


def draw_pairs(tokens, count: int, seed: int) -> np.ndarray:
    """Codes of the words to merge, (count, 2), the more frequent word of a pair first."""
    counts = dict(zip(tokens.words.to_pylist(), tokens.counts().tolist(), strict=True))
    codes = {word: code for code, word in enumerate(tokens.words.to_pylist())}
    frequent = [word for word in nouns() if counts.get(word, 0) >= LEAST_OCCURRENCES]
    ranked = sorted(frequent, key=lambda word: (-counts[word], word))
    drawn = np.random.default_rng(seed).choice(len(ranked) // 2, count, replace=False)
    return np.array([[codes[ranked[2 * each]], codes[ranked[2 * each + 1]]] for each in sorted(drawn)])


def rightly_assigned(senses: np.ndarray, truth: np.ndarray) -> float:
    """Share of the occurrences whose sense is that of their word, under the better of both ways to name two senses."""
    right = float((senses == truth).mean())
    return max(right, 1 - right)


def main(asked: argparse.Namespace) -> None:
    """Merge, train, tell apart, and print a line for each pair and their mean."""
    from tasks.runtime.environment import load_tensorflow, prepare_environment

    prepare_environment()
    load_tensorflow()
    import pyarrow as pa
    from bench_vectors import read_tokens, write_tokens

    from models.senses import WordSpace, context_rows, learn_senses
    from models.settings import EmbeddingSettings, VocabularySettings
    from models.text import Tokens
    from models.text.vocabulary import fit_vocabulary
    from models.word2vec import train_vectors

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokens.txt"
        write_tokens(asked.data, asked.limit, path)
        tokens = read_tokens(path, threads=2)
    pairs = draw_pairs(tokens, asked.pairs, asked.seed)
    merged = tokens.codes.copy()
    for kept, gone in pairs:
        merged[merged == gone] = kept
    settings = EmbeddingSettings(epochs=asked.epochs)
    text = Tokens(tokens.offsets, merged, tokens.words)
    vocabulary = fit_vocabulary(text, VocabularySettings(min_count=settings.min_count))
    ids, offsets = vocabulary.encode(text)
    epochs: list = []
    vectors, _ = train_vectors(
        ids, offsets, vocabulary.tokens, settings, asked.seed, lambda *epoch: epochs.append(epoch[-1])
    )
    row_of = pa.compute.index_in(vocabulary.tokens, vectors.tokens).fill_null(-1).to_numpy(zero_copy_only=False)
    rows = row_of.astype(np.int32)[ids]
    space = WordSpace(vectors.vectors, epochs[-1].outputs, np.bincount(rows[rows >= 0], minlength=len(vectors)))
    scores = []
    for kept, gone in pairs:
        names = tokens.words[int(kept)].as_py(), tokens.words[int(gone)].as_py()
        positions = np.flatnonzero(merged == kept)
        truth = (tokens.codes[positions] == gone).astype(int)
        started = time.perf_counter()
        senses, beliefs = learn_senses(rows, offsets, vectors.row(names[0]), space, 2, asked.seed)
        seconds = time.perf_counter() - started
        alone = senses.probabilities(context_rows(rows, offsets, positions), space)
        scores.append([rightly_assigned(each.argmax(axis=1), truth) for each in (beliefs, alone)])
        print(
            f"{' + '.join(names):26} {len(positions):6,} occurrences, {1 - truth.mean():.0%} the first: right "
            f"{scores[-1][0]:.1%}, by the context alone {scores[-1][1]:.1%}, {seconds:.1f} s",
            flush=True,
        )
    mean, worst = np.mean(scores, axis=0), np.min(scores, axis=0)
    print(f"mean {mean[0]:.1%} (by the context alone {mean[1]:.1%}), worst {worst[0]:.1%}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds enwiki_2015 and enwikinews")
    parser.add_argument("--limit", type=int, default=0, help="words of the corpus to use; 0 is all")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--epochs", type=int, help="of the word vectors; by default by the size of the corpus")
    parser.add_argument("--seed", type=int, default=1)
    main(parser.parse_args())
