"""Undoes wrong decodings: ftfy where it can matter, and one chain of encodings that ftfy does not know."""

import re

from models.text.word_endings import word_endings

SURROGATES = re.compile("[\ud800-\udfff]+")
ENCODINGS = ("latin-1", "cp1252", "cp1251", "cp1250", "cp1253", "cp1254", "cp1257", "iso8859_2", "mac_roman", "cp437")


def _shown_as(first: int, last: int, encodings: tuple[str, ...] = ENCODINGS) -> str:
    """Every character as which one of the single-byte encodings that ftfy knows shows a byte of this range."""
    data = bytes(range(first, last + 1))
    letters = {letter for encoding in encodings for letter in data.decode(encoding, errors="ignore")}
    return re.escape("".join(sorted(letters)))


FIRST, NEXT = _shown_as(0xC2, 0xF4), _shown_as(0x80, 0xBF)  # the first and the other bytes of a UTF-8 sequence
LATIN_FIRST, LOST = _shown_as(0xC2, 0xF4, ENCODINGS[:-2]), " ?\ufffd\x1a"  # and what programs left of a lost byte
# What ftfy can mend holds one of these; emoji, curly quotes and sound accents do not, and are spared its long search.
# C1 controls come first: they are not typed.
CLUE_FOR_RE2 = f"[\x80-\x9f]|[{FIRST}][{NEXT}]|[{LATIN_FIRST}][{LOST}]"
MOJIBAKE_CLUE = re.compile(  # the same: Python scans ten times as fast for one set of first characters
    f"[\x80-\x9f{FIRST}](?:(?<=[\x80-\x9f])|[{NEXT}]|(?<=[{LATIN_FIRST}])[{LOST}])"
)
GARBLED = re.compile(f"[\x80-\x9f]|[{FIRST}][{NEXT}]")  # the same without lost bytes, which sound words seem to have
CLUES = re.compile(f"[\x80-\x9f\xa0]|[{FIRST}][{NEXT}]+|[{LATIN_FIRST}][{LOST}]")


def decode_mojibake(text: str) -> str:
    r"""The characters that a wrong decoding garbled; ASCII is returned as it is, unread.

    >>> decode_mojibake("\x89ÛÏfire\x89Û\x9d"), decode_mojibake("â€œfireâ€\x9d")
    ('“fire”', '“fire”')
    """
    if text.isascii():
        return text
    return "\n".join(". ".join(map(_mend_sentence, line.split(". "))) for line in text.split("\n"))


def _mend_sentence(sentence: str) -> str:
    """One sentence alone: a bad one must not spoil a document, and ftfy's search takes long."""
    if sentence.isascii():
        return sentence
    sentence = SPREADSHEET_MOJIBAKE.sub(_mend_spreadsheet, sentence)
    if not MOJIBAKE_CLUE.search(sentence):
        return sentence
    import ftfy  # here, since most texts need none of its tables

    fixed = ftfy.fix_encoding(sentence)
    return sentence if fixed == sentence or _is_sound(sentence) else fixed


def _mend_spreadsheet(found: re.Match[str]) -> str:
    """The character, but where a word in capitals ends in Ì and a quote or a no-break space stands behind it."""
    capitals = found.string[: found.start()][-1:].isupper()
    return found[0] if capitals and found[0] in SOUND_AFTER_CAPITALS else SPREADSHEET_CHARACTERS[found[0]]


def _is_sound(sentence: str) -> bool:
    """Whether all that looks garbled is a sound word with the mark or the blank behind it."""
    import ftfy

    sound_beside = any(not letter.isascii() for letter in CLUES.sub("", sentence))
    endings = word_endings(sentence, ENCODINGS, sound_beside)
    starts, ends = [0, *(end for _, end in endings)], [*(start for start, _ in endings), len(sentence)]
    rest = "x".join(sentence[start:end] for start, end in zip(starts, ends, strict=True))
    if not GARBLED.search(rest):  # at most letters before blanks: one may stand alone, or among sound ones
        return bool(endings) or sound_beside or rest.startswith("\xc2 ")
    return bool(endings) and ftfy.fix_encoding(rest) == rest


def join_surrogates(text: str) -> str:
    r"""The text with the characters that pairs of halves stand for, as careless JSON brings them.

    Lone halves become U+FFFD: no file and no Arrow array can hold them.

    >>> join_surrogates("\ud83d\udd25 \ud83d")
    '🔥 \ufffd'
    """
    return text if text.isascii() else SURROGATES.sub(_join_halves, text)


def _join_halves(found: re.Match[str]) -> str:
    return found[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def spreadsheet_mojibake(character: str) -> str:
    r"""What a spreadsheet of the 2010s made of a character.

    UTF-8, read as Windows-1252, saved as MacRoman, read as Latin-1. Bytes that an encoding lacks were passed on,
    characters that it lacks became "_". This is how the Kaggle disaster tweets came to hold "\x89Û_"; ftfy knows no
    such chain.

    >>> spreadsheet_mojibake("’"), spreadsheet_mojibake("é"), spreadsheet_mojibake("…")
    ('\x89Ûª', 'Ì©', '\x89Û_')
    """
    misread = [bytes([byte]).decode("cp1252", errors="ignore") or chr(byte) for byte in character.encode()]
    return "".join(_save_as_mac_roman(letter) for letter in misread)


def _save_as_mac_roman(letter: str) -> str:
    if letter < "\xa0":
        return letter
    return letter.encode("mac_roman", errors="ignore").decode("latin-1") or "_"


def _spreadsheet_characters() -> dict[str, str]:
    """Garbled form -> character, for characters that people type, whose garbled form they do not."""
    latin = [chr(code) for code in range(0xA0, 0x100)]
    typographic = [*map(chr, range(0x2010, 0x2028)), *map(chr, range(0x2030, 0x203B)), "€", "™"]
    table: dict[str, str] = {}
    for character in [*latin, *typographic]:
        garbled = spreadsheet_mojibake(character)
        # "å" before a small letter is Swedish, and a form that lost a letter could have been many things.
        if "_" not in garbled and not (garbled[0] == "å" and garbled[1].islower()):
            table.setdefault(garbled, character)
    return table | {"\x89Û_": "…"}  # it lost a letter too, but nearly all of them end a tweet that was cut short


SPREADSHEET_CLUE = "[\x89Ìå]"  # the first characters of what follows
SOUND_AFTER_CAPITALS = frozenset({"\xcc\xa0", "\xcc«", "\xcc»"})  # LUNEDÌ», PHÌ !
SPREADSHEET_CHARACTERS = _spreadsheet_characters()
SPREADSHEET_MOJIBAKE = re.compile("|".join(map(re.escape, sorted(SPREADSHEET_CHARACTERS, key=len, reverse=True))))
