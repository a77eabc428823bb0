"""The bundled sample, written by a seeded grammar: labelled tweets, and a corpus in the same words.

Values in, values out; `tasks.sample` writes the files. The label is 1 when a text reports a disaster that is or was
really there, and 0 for drills, films, rumours, figures of speech and everyday talk.
"""

from models.sample.corpus import count_words, generate_corpus
from models.sample.faults import COLUMNS, Row, number_rows
from models.sample.tweets import draw_tweets

__all__ = ["COLUMNS", "SEED", "Row", "count_words", "generate_corpus", "generate_tweets"]

SEED = 20  # of the committed files
ROWS = 3_000


def generate_tweets(seed: int = SEED, rows: int = ROWS) -> list[Row]:
    """About this many sound rows, and two dozen that validation must catch, as they stand in the file."""
    return number_rows(draw_tweets(rows, seed), seed)
