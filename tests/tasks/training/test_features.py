"""The co-occurrence step: its settings reach the vectors, and SciPy reads its matrix."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from models.frequencies import CooccurrenceCounter, cooccurrence_vectors, ppmi
from models.settings import CooccurrenceSettings
from models.text import Tokens
from models.vectors import WordVectors
from models.vectors.postprocessing import all_but_the_top
from tasks import tracking
from tasks.store import formats
from tasks.training.features import count_cooccurrences

TEXTS = [[f"w{n}" for n in np.random.default_rng(seed).integers(0, 30, 20)] for seed in range(40)]


def counted(settings: CooccurrenceSettings) -> Path:
    """The artifact of a corpus alone, beside a table of tweets without training rows."""
    ids = pa.array([str(n) for n in range(len(TEXTS))])
    corpus = formats.write_tokens([(ids, Tokens.from_lists(TEXTS))])
    tweets = formats.write_artifact("tweets", {"tweets.parquet": pa.table({"split": ["test"]})})
    tokens = formats.write_tokens([(pa.array(["0"]), Tokens.from_lists([["w1", "w2"]]))])
    with tracking.tracked_run("count", "test") as run:
        return count_cooccurrences.fn(run, tweets, tokens, corpus, settings, 1)


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"context_smoothing": 0.75},
        {"shift": 2.0},
        {"weighting": "flat"},
        {"singular_power": 0.0},
        {"remove_components": 2},
    ],
    ids=lambda chosen: next(iter(chosen), "plain"),
)
def test_each_setting_reaches_the_vectors(home: Path, chosen: dict[str, object]) -> None:
    settings = CooccurrenceSettings(min_count=1, dimensions=6, **chosen)
    counter = CooccurrenceCounter.over([Tokens.from_lists(TEXTS)], settings)
    information = ppmi(counter.matrix(), settings.context_smoothing, settings.shift)
    numbers = cooccurrence_vectors(information, 6, 1, settings.singular_power)
    expected = all_but_the_top(WordVectors(counter.words, numbers), settings.remove_components)
    made = formats.read_vectors(counted(settings))
    assert made.digest == expected.digest
    if chosen:
        assert made.digest != formats.read_vectors(counted(CooccurrenceSettings(min_count=1, dimensions=6))).digest


def test_scipy_reads_the_matrix_and_its_digest_is_that_of_scipys_own_file(home: Path, tmp_path: Path) -> None:
    from tasks.store.digests import content_digest

    settings = CooccurrenceSettings(min_count=1, dimensions=6)
    written = counted(settings) / "matrix.npz"
    matrix = CooccurrenceCounter.over([Tokens.from_lists(TEXTS)], settings).matrix()
    assert (sparse.load_npz(written) != matrix).nnz == 0
    sparse.save_npz(tmp_path / "theirs.npz", matrix)
    assert content_digest(written) == content_digest(tmp_path / "theirs.npz")
