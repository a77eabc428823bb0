"""Tokenization: every rule on text as people write it, and the bulk form against the rules."""

from itertools import product

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models.text.tokenization
from models.settings import TextSettings
from models.text import tokenize, tokenize_texts

DEFAULT = TextSettings()
PLAIN = TextSettings(
    lowercase=False,
    mask_urls=False,
    mask_mentions=False,
    mask_numbers=False,
    split_contractions=False,
    squeeze_elongations=False,
)
HASHTAGS = TextSettings(split_hashtags=True)
BARE = TextSettings(keep_punctuation=False)

FRAGMENTS = [
    *[
        "fire",
        "FIRE",
        "www",
        "http",
        "a",
        "iii",
        "sooo",
        "don't",
        "I'm",
        "shouldn't've",
        "’s",
        "n't",
        "O'Brien",
        "U.S.",
        "a.m",
    ],
    *[
        "http://t.co/x",
        "https://a.b/c?d=e#f",
        "www.x.org",
        "t.co/ab",
        "x.com",
        "a@b.org",
        "@BBC",
        "@",
        "@@",
        "#",
        "#Fire",
    ],
    *[
        "#ForestFire2015",
        "#1",
        "#a_b",
        "##x",
        "7.8",
        "1,000",
        "10:30",
        "9/11",
        "20mph",
        "2nd",
        "½",
        "٣",
        "5",
        "-5",
        "$3",
        "50%",
    ],
    *[
        ":)",
        ":-(",
        ":'(",
        ";)))",
        ":/",
        "://",
        ":D",
        "=P",
        "(:",
        "<3",
        "</3",
        "^_^",
        "^^",
        "-_-",
        "o_O",
        "T_T",
        ">_<",
        ";_;",
    ],
    *[
        "!",
        "!!!",
        "?",
        "?!",
        ".",
        "..",
        "...",
        "…",
        ",",
        ";",
        ":",
        '"',
        "'",
        "(",
        ")",
        "-",
        "_",
        "/",
        "&",
        "*",
        "+",
        "\\",
        "<",
    ],
    *[
        "🔥",
        "❤️",
        "❤",
        "👍🏽",
        "👩‍🚒",
        "🇬🇷",
        "1️⃣",
        "#️⃣",
        "é",
        "e\u0301",
        "ÅÄÖ",
        "हिन्दी",
        "東京で",
        "ﷺ",
        "İ",
        "ß",
        "Σας",
        "ǅ",
    ],
    *["<url>", "<user>", "<number>", "<unk>", "<pad>", "\u200b", "\u00a0", "\u3000", "\x1c", " ", "\t", "\n"],
]
GLUED = st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join)
TEXTS = st.one_of(GLUED, st.lists(GLUED, max_size=4).map(" ".join), st.text(max_size=20))

EVERY_CHOICE = pytest.mark.parametrize(
    "choice", [DEFAULT, PLAIN, HASHTAGS, BARE], ids=["default", "plain", "hashtags", "bare"]
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("see http://t.co/a1 or t.co/b2, www.bbc.com", ["see", "<url>", "or", "<url>", "<url>"]),
        ("Newshttp://t.co/a1", ["news", "<url>"]),
        ("write to me@example.org", ["write", "to", "<url>"]),
        ("RT @BBC_News: via RT@cnn", ["rt", "<user>", "via", "rt", "<user>"]),
        (
            "7.8 quake, 1,000 dead at 10:30 on 9/11",
            ["<number>", "quake", "<number>", "dead", "at", "<number>", "on", "<number>"],
        ),
        ("20mph 2nd MH370", ["<number>", "mph", "<number>", "nd", "mh370"]),
        ("#EarthQuake #1 #CA_fire", ["#earthquake", "<number>", "#ca_fire"]),
        (":) :-( :'( <3 ^_^ ;)))", [":)", ":-(", ":'(", "<3", "^_^", ";)"]),
        ("note:(see below) http://x", ["note", "see", "below", "<url>"]),
        ("🔥🔥 ❤️ 👍🏽 👩‍🚒 🇬🇷", ["🔥", "🔥", "❤", "👍🏽", "👩‍🚒", "🇬🇷"]),
        ("Don’t! It's, we'll, can't", ["do", "n't", "!", "it", "'s", "we", "'ll", "ca", "n't"]),
        ("I'mn't fire'n't", ["i", "'m", "n't", "fire'n't"]),
        ("shouldn't've o'clock 'quoted' dogs'", ["should", "n't", "'ve", "o'clock", "quoted", "dogs"]),
        ("sooooo coooool WWIII World War III", ["soo", "cool", "wwii", "world", "war", "iii"]),
        ("wow!!! what?? ok..... hm…", ["wow", "!!", "what", "??", "ok", "...", "hm", "..."]),
        ("state-of-the-art, and/or", ["state", "of", "the", "art", "and", "or"]),
        ("the U.S. at 5 a.m.", ["the", "u.s.", "at", "<number>", "a.m."]),
        ("東京で地震 है हिन्दी", ["東", "京", "で", "地", "震", "है", "हिन्दी"]),
        ("<unk> of <url>", ["<unk>", "of", "<url>"]),
        ("", []),
    ],
)
def test_rules_read_text_as_people_do(text: str, tokens: list[str]) -> None:
    assert tokenize(text, DEFAULT) == tokens


def test_hashtags_are_split_after_the_whole_when_asked() -> None:
    assert tokenize("#ForestFire2015", HASHTAGS) == ["#forestfire2015", "forest", "fire", "<number>"]


def test_marks_and_emoticons_go_when_asked_but_emoji_stay() -> None:
    assert tokenize("Help!!! :( 🔥 ...", BARE) == ["help", "🔥"]


def test_nothing_is_folded_when_all_folding_is_off() -> None:
    assert tokenize("@BBC Noooo 7.8 http://T.co/X don't", PLAIN) == ["@BBC", "Noooo", "7.8", "http://T.co/X", "don't"]


def test_a_negation_is_a_token_of_its_own() -> None:
    assert "n't" in tokenize("This isn't a drill", DEFAULT)


def test_missing_and_empty_texts_have_no_tokens() -> None:
    assert tokenize_texts(pa.array([None, "", "a", " "]), DEFAULT).to_lists() == [[], [], ["a"], []]
    assert tokenize_texts(pa.array([None], pa.string()), DEFAULT).to_lists() == [[]]
    assert tokenize(None, DEFAULT) == []


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_every_kind_of_string_column_is_read(kind: pa.DataType) -> None:
    column = pa.array(["a b", None, "b c"]).cast(kind)
    assert tokenize_texts(pa.chunked_array([column, column.slice(2)]), DEFAULT).to_lists() == [
        ["a", "b"],
        [],
        ["b", "c"],
        ["b", "c"],
    ]


@pytest.mark.parametrize("column", [pa.array([], pa.string()), pa.chunked_array([], pa.string())])
def test_no_texts_give_no_documents(column: pa.Array) -> None:
    assert len(tokenize_texts(column, DEFAULT)) == 0


@EVERY_CHOICE
def test_every_two_fragments_glued_together_are_tokenized_in_bulk_as_one_by_one(choice: TextSettings) -> None:
    texts = ["".join(pair) for pair in product(FRAGMENTS, FRAGMENTS)]
    assert tokenize_texts(pa.array(texts), choice).to_lists() == [tokenize(text, choice) for text in texts]


@EVERY_CHOICE
@given(texts=st.lists(TEXTS, max_size=5))
@settings(max_examples=150)
def test_a_column_is_tokenized_as_its_texts_are(choice: TextSettings, texts: list[str]) -> None:
    assert tokenize_texts(pa.array(texts, pa.string()), choice).to_lists() == [tokenize(text, choice) for text in texts]


@pytest.mark.parametrize("choice", [DEFAULT, BARE], ids=["default", "bare"])
def test_every_two_fragments_glued_together_stay_as_they_are_once_tokenized(choice: TextSettings) -> None:
    for text in map("".join, product(FRAGMENTS, FRAGMENTS)):
        once = tokenize(text, choice)
        assert tokenize(" ".join(once), choice) == once


@pytest.mark.parametrize("choice", [DEFAULT, BARE], ids=["default", "bare"])
@given(text=TEXTS)
@settings(max_examples=300)
def test_tokens_put_together_with_blanks_are_the_same_tokens_again(choice: TextSettings, text: str) -> None:
    tokens = tokenize(text, choice)
    assert tokenize(" ".join(tokens), choice) == tokens


def test_slices_for_the_threads_do_not_show_in_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = pa.array(["fire in town", None, "a flood", "fire!"] * 20)
    whole = tokenize_texts(texts, DEFAULT)
    monkeypatch.setattr(models.text.tokenization, "BYTES_AT_ONCE", 10)
    sliced = tokenize_texts(texts, DEFAULT)
    assert (sliced.codes.tolist(), sliced.words) == (whole.codes.tolist(), whole.words)


def test_one_line_of_millions_of_characters_is_one_document() -> None:
    tokens = tokenize_texts(pa.array(["fire and flood " * 400_000]), DEFAULT)
    assert (len(tokens), len(tokens.codes), len(tokens.words)) == (1, 1_200_000, 3)


@pytest.mark.parametrize(
    "unit", ["a", "a.", "a@", "#", "'", "1.", "a-", "👍🏽\u200d", ":(", "http://", "aa'", "^_", "é", "<3"]
)
def test_a_hostile_text_takes_time_in_proportion_to_its_length(unit: str) -> None:
    assert tokenize(unit * (200_000 // len(unit)), DEFAULT) is not None
