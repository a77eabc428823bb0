"""Sound text in seven languages stays as it is, and garbled text is mended; texts are made of the words people use."""

import random
import unicodedata
from functools import cache

import pyarrow as pa
import pytest
from wordfreq import top_n_list

from models.text import repair_text, repair_texts

QUOTES = {"pt": "“”", "fr": "«»", "tr": "“”", "pl": "„”", "vi": "“”", "ru": "«»", "el": "«»"}
SENTENCES = 2_000
# Of these sentences, read in a wrong encoding, so many were mended by ftfy alone, before anything was spared.
MENDED = {
    ("pt", "cp1252"): 1995,
    ("pt", "mac_roman"): 1987,
    ("fr", "cp1252"): 1997,
    ("fr", "mac_roman"): 1997,
    ("tr", "cp1252"): 1988,
    ("tr", "cp1254"): 1992,
    ("pl", "cp1252"): 1990,
    ("pl", "cp1250"): 1993,
    ("vi", "cp1252"): 1993,
    ("vi", "latin-1"): 1995,
    ("ru", "cp1252"): 2000,
    ("ru", "cp1251"): 2000,
    ("el", "cp1252"): 1997,
    ("el", "cp1253"): 2000,
}


@cache
def sentences(language: str) -> list[str]:
    """Words of a language with the marks around them that tempt a repair; capitals now and then."""
    draw = random.Random(language)
    words, (opening, closing) = top_n_list(language, 20_000), QUOTES[language]
    marks = ["{}"] * 12 + [f"{opening}{{}}{closing}", "‘{}’", "“{}”", "{}…", "{}—", "{} –", "{}™", "{},", "{}\xa0!"]
    texts = []
    for _ in range(SENTENCES):
        chosen = draw.choices(words, k=draw.randint(4, 14))
        case = draw.choice([str.upper, str.capitalize, str, str])
        text = " ".join(draw.choice(marks).format(case(word)) for word in chosen) + draw.choice(
            [".", "!", "?", "…", ""]
        )
        texts.append(unicodedata.normalize("NFC", text))
    return texts


def garble(text: str, encoding: str) -> str:
    """The text in UTF-8, read in another encoding; bytes that it lacks are passed on."""
    return "".join(bytes([byte]).decode(encoding, errors="ignore") or chr(byte) for byte in text.encode())


@pytest.mark.parametrize("language", QUOTES)
def test_sound_sentences_are_never_altered(language: str) -> None:
    texts = sentences(language)
    repaired = repair_texts(pa.array(texts))[0].to_pylist()
    assert [pair for pair in zip(texts, repaired, strict=True) if pair[0] != pair[1]] == []


@pytest.mark.parametrize(("language", "encoding"), MENDED)
def test_no_fewer_garbled_sentences_are_mended_than_without_sparing_any(language: str, encoding: str) -> None:
    texts = sentences(language)
    repaired = repair_texts(pa.array([garble(text, encoding) for text in texts]))[0].to_pylist()
    assert sum(map(str.__eq__, repaired, texts)) >= MENDED[language, encoding]


@pytest.mark.parametrize(
    "text",
    [
        "“AMANH\u00c3” N\u00c3O HAVER\u00c1 AULA",
        "A «IRM\u00c3» DO PREFEITO",
        "CHUVA NA MANH\u00c3— VEJA",
        "AMANH\u00c3… CHUVA FORTE",
        "CHUVA NA MANH\u00c3\u00a0!",
        "“MILL\u00ce” TAKIM",
        "zajmowa\u0107€ higieny",
        "CAMPE\u00c3” diz ‘3\u00ba’",
        "PH\u00cc\u00a0! V\u00d4",
        "\u00c3 Entrevistar P\u00e1",
    ],
)
def test_words_that_end_like_garbled_letters_stay(text: str) -> None:
    assert repair_text(text) == text


@pytest.mark.parametrize("text", ["JUD\u00d4 AMANH\u00c3", "PER\u00d2 — no", "d\u00fb", "VOIL\u00c0", "10\u00d720"])
def test_letters_garbled_at_the_end_of_a_word_are_mended(text: str) -> None:
    assert repair_text(garble(text, "cp1252")) == text
