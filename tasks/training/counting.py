"""Tokenizing and counting by pieces of a text, each a unit of work; what pieces say is added up, exact in any order.

No module of this room with steps is imported: a worker that counts needs neither Prefect nor TensorFlow.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from models.settings import CooccurrenceSettings, TextSettings
from models.text import Tokens, tokenize_texts
from models.text.pieces import WordCounts, add_counts, count_words
from models.text.tokens import concat
from tasks.cluster.units import Unit, exchange, in_use, run
from tasks.runtime.atomic_files import draft_file, put_in_place
from tasks.runtime.progress import progress
from tasks.store import formats

if TYPE_CHECKING:
    from models.frequencies import CooccurrenceCounter

ADDED_AT_ONCE = 4  # matrices of counts
SLICE_ROWS = 1 << 16  # tweets of one unit: seconds of work


@dataclass(frozen=True)
class TextPiece:
    """Tokenized documents: a shard, or all of an artifact, of a table of tweets the training rows alone."""

    tokens: Path
    tweets: Path | None = None

    def read(self) -> Tokens:
        """The documents."""
        if self.tweets is None:
            return formats.read_token_shard(self.tokens)
        return formats.read_tokens(self.tokens).take(formats.rows_in(formats.read_tweets(self.tweets), "train"))


def text_pieces_of(tweets: Path | None, tokens: Path | None, corpus_tokens: Path | None) -> list[TextPiece]:
    """The text of a corpus, of the training tweets without their labels, or of both, in pieces."""
    pieces = [TextPiece(shard) for shard in formats.shards(corpus_tokens)] if corpus_tokens is not None else []
    if tweets is not None and tokens is not None:
        pieces.append(TextPiece(tokens, tweets))
    return pieces


@contextmanager
def output(path: Path) -> Iterator[Path]:
    """A file to write, which has its name once the block is done: two workers may be at the same unit."""
    with draft_file(path.parent) as draft:
        yield draft
        put_in_place(draft, path)


def tokenize_shards(shards: Sequence[Path], text: TextSettings, folder: Path) -> tuple[int, int]:
    """Cut the documents of corpus shards into tokens, `shard-00000.parquet` and so on; return documents and tokens."""
    with exchange() as between, progress("tokenize corpus", total=len(shards), unit="shards") as report:
        names = [f"shard-{number:05}.parquet" for number in range(len(shards))]
        work = [
            Unit(f"tokenize {name}", tokenize_shard, (shard, text, between / name))
            for shard, name in zip(shards, names, strict=True)
        ]
        documents = tokens = 0
        for number, (name, counted) in enumerate(zip(names, run(work), strict=True), start=1):
            (between / name).rename(folder / name)
            documents, tokens = documents + counted[0], tokens + counted[1]
            report(number)
    return documents, tokens


def tokenize_shard(shard: Path, text: TextSettings, out: Path) -> tuple[int, int]:
    """The unit of `tokenize_shards`."""
    table = pq.read_table(shard, columns=["document", "text"])
    tokens = tokenize_texts(table["text"], text)
    with output(out) as draft:
        formats.write_token_shard(draft, table["document"].combine_chunks(), tokens)
    return len(tokens), len(tokens.codes)


def tokenize_table(tweets: Path, text: TextSettings) -> Tokens:
    """The tokens of every kept tweet, in the order of the table."""
    if not in_use():
        return _tokenize_rows(tweets, text)[1]
    rows = pq.read_metadata(tweets / "tweets.parquet").num_rows
    with exchange() as between:
        work = [
            Unit(
                f"tokenize tweets from {start}",
                tokenize_slice,
                (tweets, slice(start, start + SLICE_ROWS), text, between / f"{start}.parquet"),
            )
            for start in range(0, max(rows, 1), SLICE_ROWS)
        ]
        return concat([formats.read_token_shard(path) for path in run(work)])


def tokenize_slice(tweets: Path, rows: slice, text: TextSettings, out: Path) -> Path:
    """The unit of `tokenize_table`: these rows."""
    ids, tokens = _tokenize_rows(tweets, text, rows)
    with output(out) as draft:
        formats.write_token_shard(draft, ids, tokens)
    return out


def _tokenize_rows(tweets: Path, text: TextSettings, rows: slice = slice(None)) -> tuple[pa.Array, Tokens]:
    """Ids and tokens of these rows of the tweets."""
    from models.classifiers.pipeline import tokenize_rows

    table = pq.read_table(tweets / "tweets.parquet", columns=["id", "text", "keyword"])[rows]
    tokens = tokenize_rows(table["text"].combine_chunks(), table["keyword"].combine_chunks(), text)
    return table["id"].combine_chunks(), tokens


def count_pairs(pieces: Sequence[TextPiece], settings: CooccurrenceSettings) -> "CooccurrenceCounter":
    """How much each frequent word of the text stands beside each other one.

    Raises ValueError when no word is frequent enough, or sums would pass what float64 counts exactly.
    """
    from models.frequencies import CooccurrenceCounter
    from models.frequencies.cooccurrence import frequent_words_of

    if not in_use():
        return _count_pairs_here(pieces, settings)
    with exchange() as between:
        counts = add_counts(_word_counts(pieces, between))
        counter = CooccurrenceCounter(frequent_words_of(counts, settings), settings)
        words = between / "words.parquet"
        pq.write_table(pa.table({"word": counter.words}), words)
        work = [
            Unit(f"count pairs {number}", count_piece_pairs, (piece, words, settings, between / f"{number}.npz"))
            for number, piece in enumerate(pieces)
        ]
        sums = []
        with progress("count co-occurrences", total=len(pieces), unit="pieces") as report:
            for number, path in enumerate(run(work), start=1):
                sums.append(path)
                report(number)
        for path in _added_up(sums, between):
            counter.add_sums(formats.read_sparse(path))
    return counter


def _count_pairs_here(pieces: Sequence[TextPiece], settings: CooccurrenceSettings) -> "CooccurrenceCounter":
    """The same in this process alone: nothing is written."""
    from models.frequencies import CooccurrenceCounter
    from models.frequencies.cooccurrence import frequent_words_of

    counts = count_words(piece.read() for piece in pieces)
    counter = CooccurrenceCounter(frequent_words_of(counts, settings), settings)
    with progress("count co-occurrences", total=len(pieces), unit="pieces") as report:
        for number, piece in enumerate(pieces, start=1):
            counter.add(piece.read())
            report(number)
    return counter


def _added_up(sums: list[Path], between: Path) -> list[Path]:
    """A few files of sums in the place of many: adding takes as long as counting, so workers do it, in rounds."""
    round_number = 0
    while len(sums) > ADDED_AT_ONCE:
        groups = [sums[start : start + ADDED_AT_ONCE] for start in range(0, len(sums), ADDED_AT_ONCE)]
        work = [
            Unit(f"add pairs {number}", add_sums, (group, between / f"added-{round_number}-{number}.npz"))
            for number, group in enumerate(groups)
        ]
        added = list(run(work))
        for path in sums:
            path.unlink()
        sums, round_number = added, round_number + 1
    return sums


def add_sums(parts: list[Path], out: Path) -> Path:
    """The sum of these sparse matrices of whole numbers, exact in any order."""
    first, *others = map(formats.read_sparse, parts)
    with output(out) as draft:
        formats.write_sparse(draft, sum(others, start=first), level=0)
    return out


def _word_counts(pieces: Sequence[TextPiece], between: Path) -> Iterable[WordCounts]:
    work = [
        Unit(f"count words {number}", count_piece_words, (piece, between / f"words-{number}.parquet"))
        for number, piece in enumerate(pieces)
    ]
    yield from map(read_word_counts, run(work))


def count_piece_words(piece: TextPiece, out: Path) -> Path:
    """How often each word of a piece occurs, and in how many documents: a table."""
    return write_word_counts(piece.read(), out)


def write_word_counts(tokens: Tokens, out: Path) -> Path:
    """Count the words of these documents into a file."""
    with output(out) as draft:
        pq.write_table(count_words([tokens]).to_table(), draft)
    return out


def read_word_counts(path: Path) -> WordCounts:
    """What `write_word_counts` wrote."""
    return WordCounts.from_table(pq.read_table(path))


def count_piece_pairs(piece: TextPiece, words: Path, settings: CooccurrenceSettings, out: Path) -> Path:
    """The whole numbers that a piece adds to the matrix of these words: a sparse matrix."""
    from models.frequencies import CooccurrenceCounter

    counter = CooccurrenceCounter(pq.read_table(words)["word"].combine_chunks(), settings)
    counter.add(piece.read())
    with output(out) as draft:
        formats.write_sparse(draft, counter.sums(), level=0)
    return out
