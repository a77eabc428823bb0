"""Texts that a model has no ground to judge are named as such, and others are not."""

import pyarrow as pa
import pytest

from models.drift.familiarity import Familiarity, count_scripts
from models.settings import TextSettings
from models.text import tokenize_texts
from models.text.scripts import dominant_scripts

WORDS = pa.array(["<url>", "<user>", "fire", "near", "the", "river", "smoke", "people", "leave", "homes"])


def doubts(texts: list[str], familiarity: Familiarity) -> list[str | None]:
    column = pa.array(texts, pa.string())
    return familiarity.doubts(column, tokenize_texts(column, TextSettings())).to_pylist()


def test_a_text_of_a_script_that_was_not_learned_is_named_by_its_script() -> None:
    learned = Familiarity.of({"Latin": 980, "Cyrillic": 18, "Greek": 2}, WORDS)
    found = doubts(["fire near the river", "زلزال قوي fire", "Пожар у реки fire", "φωτιά κοντά"], learned)
    assert found == [None, "unknown script: Arabic", None, "unknown script: Greek"]


def test_scripts_come_from_the_known_words_where_no_record_of_the_texts_is_kept() -> None:
    assert doubts(["fire", "пожар fire"], Familiarity.of(None, WORDS)) == [None, "unknown script: Cyrillic"]


def test_a_text_without_known_word_is_named_and_addresses_are_no_words() -> None:
    learned = Familiarity.of({"Latin": 9}, WORDS)
    assert doubts(["http://t.co/x @bbc", "qwxz", "qwxz fire", ""], learned) == ["no known word"] * 2 + [None] + [
        "no known word"
    ]


def test_a_text_of_mostly_unknown_words_is_named_from_five_words_on() -> None:
    learned = Familiarity.of({"Latin": 9}, WORDS)
    assert doubts(["el fuego cerca fire río", "fuego cerca fire"], learned) == ["mostly unknown words", None]


def test_a_model_of_unknown_training_says_nothing() -> None:
    assert doubts(["пожар", "qwxz"], Familiarity.of(None, None)) == [None, None]


@pytest.mark.parametrize("text", ["𝐅𝐢𝐫𝐞 𝐧𝐞𝐚𝐫", "Ｆｉｒｅ", "café ⁿᵈ", "FIRE № 5 ™ http://пожар.рф"])
def test_fancy_letters_and_addresses_do_not_change_the_script(text: str) -> None:
    assert dominant_scripts(pa.array([text])).to_pylist() == ["Latin"]


def test_scripts_are_counted_by_text_the_most_frequent_first() -> None:
    texts = pa.array(["пожар", "fire", "smoke", None, "!?", "한국 지진", "𠮷" * 3])
    assert count_scripts(texts) == {"Latin": 2, "Cyrillic": 1, "Hangul": 1, "Han": 1}
