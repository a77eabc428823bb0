"""What happens to text on its way through phones, clients and exports: the noise of real tweets."""

import re

import numpy as np

from models.sample.grammar import chance, pick

HANDLES = ("@local_desk_example", "@a_friend_example", "@townwatch_example", "@mum_example", "@morning_example")
TAGS = ("#news", "#Brackwell", "#monday", "#local", "#live", "#now", "#weekend", "#fyi")
EMOJI = ("😂", "😭", "🔥", "🙏", "😱", "💔", "🌊", "👀", "💥", "🤯", "😅", "❤️")
MARKS = ("!", "!!", "...", "!!!", "…", ".", "", "")
_DRAWN_OUT = re.compile(r"\b([swnlg]|pl|lo)(o|e|a)(w?|ve|ok|ase)\b", re.IGNORECASE)  # so, wow, no, now, go, look, love
_SYMBOLS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def add_noise(text: str, keyword: str, rng: np.random.Generator) -> str:
    """The text as somebody may really have posted it. Which noise is drawn does not depend on what the text says."""
    text = _recase(_misspell(text, rng), rng)
    text += pick(MARKS, rng)
    if chance(0.12, rng):
        text = _elongate(text, rng)
    if chance(0.18, rng):
        text = _tag(text, keyword, rng)
    if chance(0.15, rng):
        text = f"{pick(HANDLES, rng)} {text}" if chance(0.7, rng) else f"RT {pick(HANDLES, rng)}: {text}"
    if chance(0.14, rng):
        text += " " + pick(EMOJI, rng) * int(rng.integers(1, 3))
    if chance(0.4, rng):
        text += " " + short_address(rng)
    return _garble(text, rng)


def short_address(rng: np.random.Generator) -> str:
    """A shortened address such as http://t.co/a8Xk2LmQ0z; it leads nowhere."""
    return "http://t.co/" + "".join(pick(_SYMBOLS, rng) for _ in range(10))


def _misspell(text: str, rng: np.random.Generator) -> str:
    """One word in one tweet of twelve loses, doubles or swaps a letter."""
    words = text.split(" ")
    place = int(rng.integers(len(words)))
    word = words[place]
    if len(word) < 5 or not word.isalpha() or not chance(0.1, rng):
        return text
    at = int(rng.integers(1, len(word) - 2))
    words[place] = pick(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ),
        rng,
    )
    return " ".join(words)


def _recase(text: str, rng: np.random.Generator) -> str:
    draw = rng.random()
    if draw < 0.05:
        return text.upper()
    return text.lower() if draw < 0.3 else text


def _elongate(text: str, rng: np.random.Generator) -> str:
    """`so loud` -> `sooooo loud`: the vowel of one word that people do draw out is held."""
    return _DRAWN_OUT.sub(lambda word: word[1] + word[2] * int(rng.integers(3, 7)) + word[3], text, count=1)


def _tag(text: str, keyword: str, rng: np.random.Generator) -> str:
    """Hashtags at the end, or the hazard itself made one."""
    word = keyword.split("%20")[-1]
    if chance(0.5, rng) and f" {word}" in text:
        return text.replace(f" {word}", f" #{word}", 1)
    return f"{text} {pick(TAGS, rng)}"


def _garble(text: str, rng: np.random.Generator) -> str:
    """HTML entities, mojibake and newlines, each in a few tweets of a hundred."""
    if chance(0.06, rng):
        text = text.replace(" and ", " &amp; ")
    if chance(0.03, rng):
        text = "&gt;&gt; " + text
    if chance(0.05, rng):
        text = _mojibake(text.replace("...", "…") if "..." in text else f"‘{text}’")
    if chance(0.05, rng):
        text = text.replace(". ", ".\n", 1) if ". " in text else text.replace(", ", ",\n", 1)
    return text


def _mojibake(text: str) -> str:
    """UTF-8 read as Windows-1252, the commonest accident; text that has no such reading is left alone."""
    try:
        return text.encode("utf-8").decode("cp1252")
    except UnicodeDecodeError:
        return text
