"""The bundled sample, written by a seeded grammar: labelled tweets, and a corpus in the same words.

Values in, values out; `tasks.sample` writes the files. The label is 1 when a text reports a disaster that is or was
really there, and 0 for drills, films, rumours, figures of speech and everyday talk.
"""

from models.sample.corpus import count_words, generate_corpus
from models.sample.faults import COLUMNS, Row, number_rows
from models.sample.tweets import draw_tweets

__all__ = ["COLUMNS", "SEED", "Row", "clean_rows", "count_words", "generate_corpus", "generate_tweets"]

SEED = 20  # of the committed files
ROWS = 3_000


def generate_tweets(seed: int = SEED, rows: int = ROWS) -> list[Row]:
    """About this many sound rows, and two dozen that validation must catch, as they stand in the file."""
    return number_rows(draw_tweets(rows, seed), seed)


def clean_rows(rows: int, seed: int = SEED) -> list[tuple[str, ...]]:
    """This many rows (columns `COLUMNS`) that an ingest keeps, all of them: sample tweets, told apart by a tag."""
    tweets = draw_tweets(min(rows, ROWS), seed)
    return [
        (str(number), tweet.keyword, tweet.location, f"{tweet.text} #n{number}", str(tweet.target))
        for number, tweet in ((number, tweets[number % len(tweets)]) for number in range(rows))
    ]
