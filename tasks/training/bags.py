"""The bag of words of a table of tweets by slices of its rows: n-grams counted, features chosen, matrices stacked.

A table of one slice, and any without a cluster, is counted at once. Else each slice is a unit of work; documents are
counted in whole numbers and a row of a matrix depends on its own tweet alone, so slices change no bit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.settings import FrequencySettings
from models.text import Tokens
from models.text.pieces import add_counts
from tasks.cluster.units import Unit, exchange, in_use, run
from tasks.store import formats
from tasks.training.counting import SLICE_ROWS, output, read_word_counts, write_word_counts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from models.frequencies import FeatureSpace


@dataclass(frozen=True)
class TokenSlice:
    """Rows `start` to `stop` of tokenized tweets."""

    tokens: Path
    tweets: Path
    start: int
    stop: int

    def read(self) -> Tokens:
        """All of them."""
        return self._take(np.arange(self.start, self.stop))

    def read_training(self) -> Tokens:
        """Those of the training rows."""
        rows = formats.rows_in(formats.read_tweets(self.tweets), "train")
        return self._take(rows[(rows >= self.start) & (rows < self.stop)])

    def _take(self, rows: np.ndarray) -> Tokens:
        """These rows over the words that are in them: other words are none of this slice."""
        tokens = formats.read_tokens(self.tokens).take(rows)
        used, codes = np.unique(tokens.codes, return_inverse=True)
        return Tokens(tokens.offsets, codes.astype(np.int32), tokens.words.take(pa.array(used)))


def bag_of_words(
    tweets: Path, tokens: Path, settings: FrequencySettings
) -> tuple["FeatureSpace", dict[str, "csr_matrix"]]:
    """The features of the training tweets, and the vectors of all tweets by representation."""
    rows = pq.read_metadata(tweets / "tweets.parquet").num_rows
    slices = [TokenSlice(tokens, tweets, at, min(at + SLICE_ROWS, rows)) for at in range(0, max(rows, 1), SLICE_ROWS)]
    if len(slices) == 1 or not in_use():
        return _at_once(TokenSlice(tokens, tweets, 0, rows), settings)
    with exchange() as between:
        space = _fit(slices, settings, between)
        features = between / "features.parquet"
        pq.write_table(space.to_table(), features)
        return space, _matrices(slices, features, between)


def _at_once(whole: TokenSlice, settings: FrequencySettings) -> tuple["FeatureSpace", dict[str, "csr_matrix"]]:
    from models.classifiers.pipeline import bags_of_words
    from models.frequencies import fit_features

    space, everything = fit_features(whole.read_training(), settings), whole.read()
    return space, {name: matrix(everything, space) for name, matrix in bags_of_words().items()}


def _fit(slices: Sequence[TokenSlice], settings: FrequencySettings, between: Path) -> "FeatureSpace":
    from models.frequencies.features import choose_features, frequent_words

    work = _units("count words", count_slice_words, slices, between, "words")
    words = frequent_words(add_counts(map(read_word_counts, run(work))), settings)
    names = between / "words.parquet"
    pq.write_table(pa.table({"word": words.names}), names)
    work = _units("count n-grams", count_slice_phrases, slices, between, "phrases", names, settings)
    phrases = [formats.read_arrays(path) for path in run(work)]
    documents = int(sum(each["documents"] for each in phrases))
    return choose_features(words, [(each["keys"], each["counts"]) for each in phrases], documents, settings)


def _matrices(slices: Sequence[TokenSlice], features: Path, between: Path) -> dict[str, "csr_matrix"]:
    from scipy import sparse

    from models.classifiers.pipeline import bags_of_words

    folders = list(run(_units("make bags", make_slice_matrices, slices, between, "bags", features)))
    return {
        name: sparse.vstack([formats.read_sparse(folder / f"{name}.npz") for folder in folders], format="csr")
        for name in bags_of_words()
    }


def _units(
    title: str, function: object, slices: Sequence[TokenSlice], between: Path, kind: str, *more: object
) -> Iterator[Unit]:
    for number, each in enumerate(slices):
        yield Unit(f"{title} {number}", function, (each, between / f"{kind}-{number}", *more))  # type: ignore[arg-type]


def count_slice_words(piece: TokenSlice, out: Path) -> Path:
    """How often each word of the slice's training rows occurs, and in how many of them."""
    return write_word_counts(piece.read_training(), out)


def count_slice_phrases(piece: TokenSlice, out: Path, words: Path, settings: FrequencySettings) -> Path:
    """In how many of the slice's training rows each n-gram of these words is: arrays keys, counts, documents."""
    from models.frequencies.features import count_phrases

    tokens = piece.read_training()
    keys, counts = count_phrases(tokens, pq.read_table(words)["word"].combine_chunks(), settings)
    with output(out.with_suffix(".npz")) as draft, draft.open("wb") as stream:
        np.savez(stream, allow_pickle=False, keys=keys, counts=counts, documents=len(tokens))
    return out.with_suffix(".npz")


def make_slice_matrices(piece: TokenSlice, out: Path, features: Path) -> Path:
    """The vectors of the slice's rows, a file for each representation."""
    from models.classifiers.pipeline import bags_of_words
    from models.frequencies import FeatureSpace

    space, tokens = FeatureSpace.from_table(pq.read_table(features)), piece.read()
    for name, matrix in bags_of_words().items():
        with output(out / f"{name}.npz") as draft:
            formats.write_sparse(draft, matrix(tokens, space), level=0)
    return out
