"""Repair: what transport broke is mended, what was sound stays as it is, and twice is as good as once."""

import csv
from pathlib import Path

import ftfy
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text import repair_keyword, repair_keywords, repair_text, repair_texts
from models.text.mojibake import ENCODINGS, MOJIBAKE_CLUE, spreadsheet_mojibake

# Letters out of which every kind of damage can arise, and arise again from what a repair left.
DAMAGED = st.text(
    st.one_of(
        st.sampled_from("&;#amplt0123456789xX%25 \n\r\u2028\x85\x89ÛÏª÷_åÊÌ©ÃÂâ€™œ\x9dé\N{COMBINING ACUTE ACCENT}"),
        st.characters(),
    ),
    max_size=30,
)
PIECES = st.lists(
    st.sampled_from(
        ["&amp;", "amp;", "&#195;", "&#169;", "\x89Ûª", "Ã©", "â€™", "\r\n", "e\u0301", "%25", "20", "A\u0303"]
    )
).map("".join)


def test_an_entity_that_went_through_several_programs_is_decoded_to_the_end() -> None:
    assert repair_text("Rock &amp;amp;amp; Roll &amp;lt;3") == "Rock & Roll <3"


def test_an_ampersand_without_a_semicolon_is_no_entity() -> None:
    assert repair_text("AT&T http://x.org/?a=1&copy=2") == "AT&T http://x.org/?a=1&copy=2"


def test_numeric_entities_that_spell_mojibake_become_the_letter() -> None:
    assert repair_text("caf&#195;&#169;") == "café"


def test_utf8_read_as_windows_1252_is_mended() -> None:
    assert repair_text("The fire â€“ itâ€™s here") == "The fire – it’s here"


def test_the_garbling_of_the_kaggle_tweets_is_undone() -> None:
    assert (
        repair_text("it\x89Ûªs \x89ÛÏon fire\x89Û\x9d in San JosÌ© for å£5\x89Û_")
        == "it’s “on fire” in San José for £5…"
    )


@pytest.mark.parametrize("character", "’“”–—…•€™éèàñçö£°®")
def test_every_common_character_comes_back_from_the_spreadsheet_chain(character: str) -> None:
    assert repair_text(f"a {spreadsheet_mojibake(character)} b") == f"a {character} b"


@pytest.mark.parametrize(
    "text", ["åska över Malmö", "Ångström", "naïve café", "Ελλάδα", "Привет", "東京で地震", "👍🏽 🔥", "50%20 off", "Ì"]
)
def test_sound_text_in_any_language_stays_as_it_is(text: str) -> None:
    assert repair_text(text) == text


def test_line_ends_inside_become_one_blank_and_those_around_go() -> None:
    assert repair_text("\nfire\r\n\r\nin town\n") == "fire in town"


def test_a_line_is_mended_although_its_neighbours_cannot_have_come_the_same_way() -> None:
    assert repair_text("漢字\ncaf√©") == "漢字 café"
    assert repair_text("漢字. Caf√©") == "漢字. Café"


def test_halves_of_a_surrogate_pair_are_joined_and_lone_ones_replaced() -> None:
    assert repair_text("\ud83d\udd25 \ud83d") == "🔥 \ufffd"


def test_none_is_no_text() -> None:
    assert repair_text(None) == ""


def test_percent_escapes_are_decoded_in_keywords_only() -> None:
    assert (repair_keyword("body%20bags"), repair_text("body%20bags")) == ("body bags", "body%20bags")


def test_percent_escapes_that_are_no_utf8_stay() -> None:
    assert repair_keyword("caf%E9%20x") == "caf%E9%20x"


def test_a_missing_keyword_stays_missing() -> None:
    repaired, counts = repair_keywords(pa.chunked_array([["forest%20fire", None], ["flood"]]))
    assert (repaired.to_pylist(), counts["percent_escapes"]) == (["forest fire", None, "flood"], 1)


def test_repairs_are_counted_once_for_each_text_that_they_changed() -> None:
    _, counts = repair_texts(pa.array(["a &amp; b &lt; c", "it\x89Ûªs\n&gt;", "cafe\u0301", "sound", None]))
    assert counts == {"html_entities": 2, "mojibake": 1, "newlines": 1, "normal_form": 1}


def test_a_slice_of_a_column_is_repaired_like_the_column() -> None:
    column = pa.array(["x", "a\nb", None, "c &amp; d"])
    assert repair_texts(column.slice(1))[0].to_pylist() == ["a b", "", "c & d"]


@given(st.one_of(DAMAGED, PIECES))
def test_repairing_twice_changes_nothing(text: str) -> None:
    assert repair_text(repair_text(text)) == repair_text(text)


@given(st.one_of(DAMAGED, PIECES))
def test_repairing_a_keyword_twice_changes_nothing(text: str) -> None:
    assert repair_keyword(repair_keyword(text)) == repair_keyword(text)


@given(st.lists(st.one_of(DAMAGED, PIECES, st.none())))
def test_a_column_is_repaired_as_its_texts_are(texts: list[str | None]) -> None:
    column = pa.array([text and text.encode(errors="replace").decode() for text in texts], pa.string())
    assert repair_texts(column)[0].to_pylist() == [repair_text(text) for text in column.to_pylist()]


@given(st.text(max_size=8), st.sampled_from(ENCODINGS), st.text(max_size=4))
def test_ftfy_changes_nothing_that_holds_no_clue(text: str, encoding: str, tail: str) -> None:
    garbled = text.encode(errors="replace").decode(encoding, errors="replace") + tail
    assert MOJIBAKE_CLUE.search(garbled) or ftfy.fix_encoding(garbled) == garbled


def test_the_faults_of_the_kaggle_file_are_found_and_repaired_once(real_data: Path) -> None:
    with (real_data / "disaster_tweets" / "train.csv").open(encoding="utf-8", newline="") as file:
        texts = pa.array([row["text"] for row in csv.DictReader(file)])
    repaired, counts = repair_texts(texts)
    assert counts == {"html_entities": 359, "mojibake": 690, "newlines": 435, "normal_form": 0}
    assert sum(repair_texts(repaired)[1].values()) == 0
