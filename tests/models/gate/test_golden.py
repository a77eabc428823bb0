"""Golden tweets: raw texts that repair to what was stored, and words for where a served model reads them otherwise."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from models.classifiers.pipeline import TextClassifier, tokenize_rows
from models.gate import golden, golden_tweets, what_differs
from models.settings import TextSettings
from models.text import Tokens, repair_keyword, repair_text

STORED = pa.table(
    {
        "text": ["Fire near the mill", "it’s burning", "smoke & ash", "as it is", "a café in flames 🔥", "FLOOD", "x"],
        "keyword": ["forest fire", None, "smoke", "", "fire", "flood", None],
    }
)
SETTINGS = TextSettings()


def classifier(settings: TextSettings = SETTINGS) -> TextClassifier:
    return TextClassifier("any", settings, 0.5, lambda tokens: np.zeros(len(tokens)), None)


@given(st.lists(st.text(max_size=40).map(repair_text), max_size=8))
def test_repair_undoes_every_damage(texts: list[str]) -> None:
    assert [repair_text(raw) for raw in golden.as_they_came(texts)] == texts


def test_three_of_four_are_damaged_and_keywords_escaped() -> None:
    raw = golden_tweets(STORED)
    changed = [one != other for one, other in zip(raw["text"].to_pylist(), STORED["text"].to_pylist(), strict=True)]
    assert changed == [True, True, True, False, True, True, True]
    assert raw["keyword"].to_pylist() == ["forest%20fire", None, "smoke", "", "fire", "flood", None]
    assert [repair_keyword(word) for word in raw["keyword"].to_pylist()[:1]] == ["forest fire"]
    assert golden_tweets(STORED).equals(raw)


def test_of_real_tweets_each_kind_of_damage_is_among_them(real_data: Path) -> None:
    with (real_data / "disaster_tweets" / "train.csv").open(encoding="utf-8", newline="") as file:
        texts = [repair_text(row["text"]) for row in csv.DictReader(file)]
    raw = golden.as_they_came(texts)
    pairs = [(one, other) for one, other in zip(raw, texts, strict=True) if one != other]
    assert 0.7 < len(pairs) / len(texts) <= 0.751
    for way in (*golden.DAMAGES, *golden.FOREIGN_DAMAGES[:2]):  # nobody in it puts letters and accents together
        assert sum(way(other) == one for one, other in pairs) >= 50


def test_a_classifier_of_this_code_reads_them_alike() -> None:
    words = what_differs(classifier(), SETTINGS, STORED, golden_tweets(STORED))
    assert words.startswith("it reads all of them as the pipeline does: its features, weights")


def test_another_tokenizer_is_named_with_the_first_tweet_that_it_reads_otherwise() -> None:
    other = classifier(SETTINGS.model_copy(update={"lowercase": False}))
    words = what_differs(other, SETTINGS, STORED, golden_tweets(STORED))
    assert words == (
        "its tokenizer is not the pipeline's: 'Fire near the mill' is read as [forest fire Fire near the mill], "
        "not as [forest fire fire near the mill]"
    )


class Unrepairing:
    """Takes texts as they come."""

    def tokenize(self, texts: pa.Array, keywords: pa.Array | None = None) -> Tokens:
        return tokenize_rows(texts, keywords, SETTINGS)


def test_a_service_that_repairs_nothing_is_found_by_raw_texts_alone() -> None:
    assert "reads all of them" in what_differs(Unrepairing(), SETTINGS, STORED, STORED)
    words = what_differs(Unrepairing(), SETTINGS, STORED, golden_tweets(STORED))
    assert words.startswith("its repair is not the pipeline's: '&#70;ire near the mill' is read as [forest <number>")
