"""Slices: who belongs where, scores worked out by hand, and an order that luck does not lead."""

import numpy as np
import pyarrow as pa
import pytest

from models.metrics.scores import classification_metrics
from models.metrics.slices import slice_rows, slice_scores, unknown_shares
from models.text import Tokens


def tweets(
    texts: list[str | None], keywords: list[str | None] | None = None, target: list[int] | None = None
) -> pa.Table:
    columns = {
        "text": pa.array(texts, pa.string()),
        "keyword": pa.array(keywords or [None] * len(texts), pa.string()),
        "target": pa.array(target or [0] * len(texts), pa.int8()),
    }
    return pa.table(columns)


def members(table: pa.Table, name: str, unknown: np.ndarray | None = None) -> list[int]:
    return np.flatnonzero(slice_rows(table, unknown)[name]).tolist()


def test_addresses_mentions_and_hashtags_are_told_by_the_text() -> None:
    table = tweets(["see http://t.co/x", "www.bbc.com", "@bbc hi", "a@b.org", "#fire", "#1 is &#x27;", "plain", None])
    assert members(table, "with address") == [0, 1]
    assert members(table, "with mention") == [2]
    assert members(table, "with hashtag") == [4]
    assert members(table, "without address") == [2, 3, 4, 5, 6, 7]


def test_length_bands_meet_without_gap_or_overlap() -> None:
    table = tweets([" ".join(["word"] * count) for count in range(30)])
    bands = [rows for name, rows in slice_rows(table).items() if name.endswith(("words", "more"))]
    assert len(bands) == 4
    assert (np.sum(bands, axis=0) == 1).all()
    assert members(table, "10 to 14 words") == [10, 11, 12, 13, 14]


def test_only_frequent_keywords_are_slices_and_rows_without_one_are_another() -> None:
    table = tweets(["x"] * 25, ["flood"] * 12 + ["rare"] * 9 + [None] * 3 + [""])
    assert members(table, "keyword flood") == list(range(12))
    assert members(table, "no keyword") == [21, 22, 23, 24]
    assert "keyword rare" not in slice_rows(table)
    assert not [name for name in slice_rows(tweets(["x"])) if "keyword" in name]


def test_unknown_words_are_those_the_model_does_not_list() -> None:
    tokens = Tokens.from_lists([["a", "b"], [], ["x", "y", "a", "x"], ["b"], []])
    shares = unknown_shares(tokens, pa.array(["a", "b"]))
    assert shares.tolist() == [0, 0, 0.75, 0, 0]
    assert unknown_shares(tokens, None).tolist() == [0] * 5
    table = tweets(["t"] * 5)
    assert members(table, "over 25% unknown words", shares) == [2]
    assert members(table, "no unknown word", shares) == [0, 1, 3, 4]


def test_scores_of_a_slice_are_those_of_its_rows_alone() -> None:
    table = tweets(["http://t.co/x"] * 4 + ["x"] * 4, target=[1, 1, 0, 0, 1, 0, 0, 0])
    probabilities = np.array([0.9, 0.2, 0.8, 0.1, 0.9, 0.1, 0.1, 0.1])
    scores = {score.name: score for score in slice_scores(table, probabilities >= 0.5)}
    expected = classification_metrics(np.array([1, 1, 0, 0]), probabilities[:4])
    found = scores["with address"]
    assert (found.rows, found.positives) == (4, 2)
    assert (found.accuracy, found.f1) == pytest.approx((expected["accuracy"], expected["f1"]))
    assert scores["without address"].accuracy == 1.0


def test_the_f1_interval_holds_the_true_value_about_as_often_as_it_says() -> None:
    """Drawn a thousand times from a population whose F1 is known."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(1_000):
        labels = random.random(80) < 0.4
        called = np.where(labels, random.random(80) < 0.7, random.random(80) < 0.2)
        score = next(iter(slice_scores(tweets(["x"] * 80, target=labels.astype(int).tolist()), called)))
        low, high = score.f1_interval or (1, 0)
        held += low <= 2 * 0.28 / (0.28 + 0.12 + 0.4) <= high
    assert 0.93 <= held / 1_000 <= 0.98


def test_f1_is_undefined_where_nothing_is_a_disaster_or_called_one() -> None:
    score = slice_scores(tweets(["x"] * 3), np.zeros(3))[0]
    assert (score.accuracy, score.f1, score.f1_interval) == (1.0, None, None)


def test_a_large_slice_that_is_surely_bad_comes_before_a_small_one_that_may_be_unlucky() -> None:
    texts = ["@a b"] * 100 + ["#tag"] * 2 + ["x"] * 100
    wrong = [1] * 40 + [0] * 60 + [1, 0] + [0] * 100
    names = [score.name for score in slice_scores(tweets(texts, target=wrong), np.zeros(202))]
    assert names.index("with mention") < names.index("with hashtag") < names.index("without mention")
