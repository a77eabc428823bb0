"""Sound words that end like mojibake: MANHÃ before a quote, a dash or an ellipsis reads like a garbled letter.

UTF-8 that was read as Windows-1252 shows Ô as Ã and a closing quote. So does “AMANHÃ” in Portuguese. What the letters
would be if they were garbled, and whether a quote is open, tells the two apart.
"""

import re
import unicodedata

# The marks that stand right after a word, and that single-byte encodings show for the later bytes of UTF-8.
MARKS = "”’»›—–…€™•“‘\xa0"
WORD_END = re.compile(rf"(?<=[^\W\d_])([^\W\d_\x00-\x7f])([{MARKS}]+)")
OPENED_BY = {"”": '“”„"', "’": "‘", "»": "«»", "›": "‹›", "“": "„", "‘": "‚"}
SIGNS = "—–…€™•\xa0"  # need nothing that opens them
# What people write after a letter beside letters: Latin-1's signs, general punctuation to arrows, emoji.
USUAL_SIGNS = re.compile("[\xa0-\xd6\xd8-\xf6\xf8-\xff\u2000-\u21ff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]")


def word_endings(sentence: str, encodings: tuple[str, ...], sound_beside: bool) -> list[tuple[int, int]]:
    """Where letters with marks after them are the end of a sound word, though they could be one garbled character.

    They are where the marks can stand after a word, and the character would be none that is written after the letters
    before: MANH and a multiplication sign, a small û after capitals. If it could be written there, as Ô could, only
    capitals end a word, which are rarer than garbled letters, and only before dashes, ellipses and quotes that are
    open; or before any mark if sound letters stand beside it, which a text that was garbled as a whole has none of.
    """
    found = (each for each in WORD_END.finditer(sentence) if _ends_word(each, sentence, sound_beside))
    return [each.span() for each in found if _is_sound_ending(each, sentence, encodings, sound_beside)]


def _ends_word(found: re.Match[str], sentence: str, sound_beside: bool) -> bool:
    """Whether the letter has the case of the one before it, and the mark is one that a word ends with here."""
    letter, mark, before = found[1], found[2][0], sentence[found.start() - 1]
    after = sentence[found.end() :][:1]
    if letter.isupper() != before.isupper() or _script(letter) != _script(before) or after.isalpha():
        return False
    if "\x7f" < after < "\xa0":  # controls: no sound word stands beside them
        return False
    return sound_beside or mark in SIGNS or any(each in sentence[: found.start()] for each in OPENED_BY[mark])


def _is_sound_ending(found: re.Match[str], sentence: str, encodings: tuple[str, ...], sound_beside: bool) -> bool:
    before = sentence[found.start() - 1]
    garbled = [each for each in _garbled_meanings(found[0], encodings) if _is_usual(each, before)]
    if not garbled:
        return True
    usual_mark = sound_beside or found[2][0] not in "€™•"
    return found[1].isupper() and usual_mark and all(map(str.isalpha, garbled))


def _garbled_meanings(shown: str, encodings: tuple[str, ...]) -> set[str]:
    """The characters that these could be the garbled form of, one for each encoding that allows it."""
    meanings: set[str] = set()
    for encoding in encodings:
        data = shown.encode(encoding, errors="ignore")
        if len(data) == len(shown) and data[0] >= 0xC2:
            length = 2 if data[0] < 0xE0 else 3 if data[0] < 0xF0 else 4
            lost = b"\xa0" * (length - len(data))  # a no-break space, which programs make a plain one
            meanings.update((data[:length] + lost).decode("utf-8", errors="ignore"))
    return meanings


def _is_usual(character: str, before: str) -> bool:
    """Whether this is what people write after such a letter: one of its script and case, punctuation, an emoji."""
    if character.isalpha():
        return _script(character) == _script(before) and character.isupper() == before.isupper()
    return USUAL_SIGNS.match(character) is not None


def _script(letter: str) -> str:
    """The first word of the name of a letter: LATIN, CYRILLIC, GREEK."""
    return unicodedata.name(letter, "").partition(" ")[0]
