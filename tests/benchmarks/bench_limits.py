"""How often the bounds of a step cut a move back, in ordinary text: skip-gram, CBOW, and skip-gram with subwords.

Rows are slowed down beforehand by what a step holds of them on average; what a single step holds beyond that is cut
back in the step. A cure that acted often would be another algorithm: here is in how many of the steps any move is cut,
and in how many moves, at the starting learning rate, where most are. Moves are those of every position of a step, of
its negatives and, with subwords, of its distinct words.

    python tests/benchmarks/bench_limits.py --data FOLDER_OF_CORPORA [--limit TOKENS]
"""

import argparse
import tempfile
from itertools import islice
from pathlib import Path

import numpy as np
from bench_vectors import MIN_COUNT, prepare_tensorflow, read_tokens, write_tokens

CASES = {"skip-gram": ("skip-gram", False), "CBOW": ("cbow", False), "subword skip-gram": ("skip-gram", True),
         "subword CBOW": ("cbow", True)}  # fmt: skip


def measure(ids, offsets, words, architecture: str, subwords: bool, most_blocks: int) -> dict[str, float]:
    """Share of steps in which a move is cut, share of moves that are, and how many steps were looked at."""
    from models.settings import EmbeddingSettings, SubwordSettings
    from models.word2vec.training import NO_HOOKS, _prepare

    settings = EmbeddingSettings(architecture=architecture, subwords=SubwordSettings(enabled=subwords), epochs=1)
    trainer, _, row_of = _prepare([(ids, offsets)], words, settings, 1, NO_HOOKS)
    look = step_looker(trainer)
    blocks = (work for work in trainer.work([(ids, offsets)], row_of) if work.block is not None)
    found = np.concatenate([look(work) for work in islice(blocks, most_blocks)])  # (steps, 2): cut, moves
    return {
        "steps": len(found),
        "step_tokens": trainer.chunks * 32,
        "steps_cut": float((found[:, 0] > 0).mean()),
        "moves_cut": float(found[:, 0].sum() / found[:, 1].sum()),
    }


def step_looker(trainer):
    """A function of a block of work to how many moves each of its steps cuts, and how many it has: (steps, 2)."""
    from dataclasses import replace

    import tensorflow as tf

    from models.word2vec.limits import cbow_rates, covered, skip_gram_rates
    from models.word2vec.stability import MOST_WORDS, WORD_SLACK
    from models.word2vec.subword_step import add_at, moved_words
    from models.word2vec.tables import center, window_tables

    settings, tables, windows = trainer.settings, trainer.tables, window_tables(trainer.settings.window)
    rate = settings.starting_rate
    by_word = settings.architecture == "skip-gram"
    rates_of = skip_gram_rates if by_word else cbow_rates

    def word_slowdowns(known, codes, negatives):
        sizes = tf.gather(windows.sizes, codes) if by_word else covered(windows, codes)
        pairs = (1 + tables.noise_weight * negatives.shape[-1]) * sizes
        counted = tf.tensor_scatter_nd_add(
            tf.zeros_like(known.sizes), tf.reshape(known.place, [-1, 1]), tf.reshape(pairs, [-1])
        )
        real = tf.cast(known.mover >= 0, tf.float32) * tf.gather(counted, tf.maximum(known.mover, 0))
        row_pairs = add_at(tf.zeros_like(known.rows, tf.float32), known.moved, real)
        rows = rate * tf.gather(tables.input_scale, known.rows) * row_pairs
        moved = moved_words(rows, known.sizes, known.moved, known.mover)
        return moved[counted > 0] > WORD_SLACK * MOST_WORDS * (1 + 1e-5)

    def look(work) -> np.ndarray:
        nonlocal tables
        tables = replace(tables, input_scale=tf.constant(work.scales.inputs),
                         output_scale=tf.constant(work.scales.outputs))  # fmt: skip
        # Of a table of words: with subwords no input row is a word's, and its words are looked at below.
        words = tables if work.rows is None else replace(tables, input_scale=tf.zeros_like(tables.output_scale))
        found = []
        for number, (context, negatives, codes) in enumerate(
            zip(work.block.context, work.block.negatives, work.block.codes, strict=True)
        ):
            rates = rates_of(words, windows, tf.constant(context), tf.constant(negatives), tf.constant(codes), rate)
            middle = center(tf.constant(context))
            inputs, outputs = (middle, context) if by_word else (context, middle)
            full = [(rates.outputs, tf.gather(tables.output_scale, outputs)),
                    (rates.noise, tables.noise_scale * tf.gather(tables.output_scale, negatives))]  # fmt: skip
            cut = []
            if work.rows is None:
                full.append((rates.inputs, tf.gather(tables.input_scale, inputs)))
            else:
                step = type(work.rows)(*map(tf.constant, work.rows)).step(number)
                cut.append(word_slowdowns(step, codes, negatives).numpy())
            cut += [(given < rate * scale * (1 - 1e-5)).numpy().reshape(-1) for given, scale in full]
            found.append((sum(each.sum() for each in cut), sum(each.size for each in cut)))
        return np.array(found)

    return look


def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds enwiki_2015 and enwikinews")
    parser.add_argument("--limit", type=int, default=1_000_000, help="words of the corpus to use; 0 is all")
    parser.add_argument("--blocks", type=int, default=4, help="blocks of 262,144 kept tokens to look at, of one epoch")
    asked = parser.parse_args()
    prepare_tensorflow()
    from models.settings import VocabularySettings
    from models.text.vocabulary import fit_vocabulary

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokens.txt"
        write_tokens(asked.data, asked.limit, path)
        tokens = read_tokens(path, 1)
    vocabulary = fit_vocabulary(tokens, VocabularySettings(min_count=MIN_COUNT))
    ids, offsets = vocabulary.encode(tokens)
    for name, (architecture, subwords) in CASES.items():
        found = measure(ids, offsets, vocabulary.tokens, architecture, subwords, asked.blocks)
        print(
            f"{name:18}: {found['steps']:,} steps of {found['step_tokens']:,} tokens, a move is cut in "
            f"{found['steps_cut']:.2%} of steps; {found['moves_cut']:.4%} of all moves are",
            flush=True,
        )


if __name__ == "__main__":
    main()
