"""What is one token. Every rule with its reason; `tokenization` applies them.

The rules see one piece at a time: the characters between two blanks, so that they run once for each distinct piece of
a corpus, however often it occurs. Every quantifier that could be scanned again from the next character is bounded:
the time for a hostile text stays proportional to its length.
"""

import functools
import re
import unicodedata
from collections.abc import Callable
from itertools import chain

from models.settings import TextSettings

Fold = Callable[[str], str]
Writers = dict[str, Callable[[str], list[str]]]

URL, USER, NUMBER = "<url>", "<user>", "<number>"

# Scripts written without blanks: each character is a token, since a run of them is a sentence that never recurs.
UNSPACED = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

EMOJI = r"""
    [\U0001F1E6-\U0001F1FF]{2}                    # a flag is spelt with two letters
  | [0-9\#*]\uFE0F?\u20E3                         # keycaps
  | {base}\uFE0F?[\U0001F3FB-\U0001F3FF]?         # one picture, perhaps with a skin tone
    (?:\u200D{base}\uFE0F?[\U0001F3FB-\U0001F3FF]?)*  # joined ones (a family, a woman firefighter) are one
    [\U000E0020-\U000E007F]*                      # flags of regions carry their name in invisible letters
""".replace("{base}", "[\u231a-\u23ff\u2600-\u27bf\u2b05-\u2b55\U0001f000-\U0001f1e5\U0001f200-\U0001faff]")

EMOTICON = r"""
    [:;]['’]?[-^o*]?(?: [()\[\]{}|\\*$@]+ | /(?!/) )(?![^\W_])  # :) ;-( :'( :/ but not "http://" nor "note:(see"
  | =[)(]+(?![^\W_])
  | (?<![^\W_])[:;=]['’]?[-^]?[DPpOo](?![^\W_])                # :D :-P but not "Re:Do"
  | (?<!\w)\([-^]?['’]?[:;=](?![^\W_])                         # (: but not "(BBC):"
  | </?3+(?!\d)                                                # hearts
  | \^_*\^ | -_+- | ;_+; | >[_.]+<
  | (?<!\w)(?:[oO]_+[oO]|[tT]_+[tT])(?!\w)
"""

TOKEN = r"""
    (?P<placeholder> <(?:url|user|number|unk)> )  # tokens put together with blanks are the same tokens again
  | (?P<url>
        (?i:https?)://[!-~]*                      # ASCII only: Japanese goes on without a blank
      | (?i:www)\.[\w-][!-~]*
      | [\w.+-]{1,64}+@[\w-]{1,63}+\.[\w.-]{1,63}   # an e-mail address is an address too
      | (?:[A-Za-z0-9-]{1,63}+\.){1,5}(?: (?i:com|org|net|gov|edu)(?![\w@-])(?:/[!-~]*)? | [A-Za-z]{2,24}/[!-~]* )
    )
  | (?P<user> [@＠][A-Za-z0-9_]+ )  # also in "RT@name"; e-mail addresses are gone by now
  | (?P<hashtag> (?<![\w&])[\#＃](?=\w*[^\W\d_])[\w{marks}]+ )  # needs a letter: "#1" is a number; "&#x27;" is neither
  | (?P<emoticon> {emoticon} )
  | (?P<emoji> {emoji} )
  | (?P<number> \d+(?:[.,:/–-]\d+)* )             # 7.8  1,000  10:30  12/11/2015; "20mph" is a number and a word
  | (?P<acronym> [A-Za-z](?:\.[A-Za-z])+\.?(?![^\W_]) )  # U.S. is not "us"
  | (?P<character> [{unspaced}] )
  | (?P<word> {run}(?:['’]{run})* )               # inner apostrophes: don't, o'clock; hyphens part words
  | (?P<clitic> ['’](?i:s|re|ve|ll|d|m)(?![^\W_]) )  # the 's of "1990's", and of a text tokenized before
  | (?P<mark> !+ | \?+ | \.{2,} | …+ )
"""

# English clitics at the end of a word, several in "shouldn't've": n't takes its n along, as in the Penn Treebank.
CLITIC = re.compile(r"n't|'(?:s|re|ve|ll|d|m)", re.IGNORECASE)
CLITICS = re.compile(rf"(?P<stem>.+?(?<!'))(?P<clitics>(?:{CLITIC.pattern})+)", re.IGNORECASE)
TRIPLE = re.compile(r"(.)\1\1")  # quicker to look for than letters are, and rare
ELONGATED = re.compile(r"([^\W\d_])\1{2,}")
REPEATED_END = re.compile(r"([^-^_])\1+$")
ROMAN_NUMERAL = re.compile(r"[ivxlcdm]+", re.IGNORECASE)  # World War III is not World War II
CAMEL_CASE = re.compile(
    r"""
    [A-Z]+(?![a-z])      # NASA
  | [A-Z]?[a-z]+         # Forest, fire
  | \d+
  | [^\W\dA-Za-z_]+      # scripts without case, and accented letters
    """,
    re.VERBOSE,
)


@functools.cache
def token_pattern() -> re.Pattern[str]:
    """All rules as one pattern; the name of the group that matched says which rule it was."""
    marks = _combining_marks()
    letter = rf"[^\W_{UNSPACED}]"
    run = rf"{letter}+(?:[{marks}]+{letter}*)*"
    rules = (
        TOKEN.replace("{emoticon}", EMOTICON)
        .replace("{emoji}", EMOJI)
        .replace("{run}", run)
        .replace("{marks}", marks)
        .replace("{unspaced}", UNSPACED)
    )
    return re.compile(rules, re.VERBOSE)


def _combining_marks() -> str:
    r"""Vowel signs and accents as a character class: Python's \w leaves them out and would cut Hindi words to pieces.

    Variation selectors are left out, since they dress emoji.
    """
    marks = [
        code
        for code in range(0x300, 0x1F000)
        if unicodedata.category(chr(code)) in ("Mn", "Mc") and not 0xFE00 <= code <= 0xFE0F
    ]
    ranges: list[list[int]] = []
    for code in marks:
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


def piece_tokens(piece: str, writers: Writers) -> list[str]:
    """The tokens of one piece; blanks inside are allowed and part tokens.

    >>> piece_tokens("Nooooo!!!", token_writers(TextSettings()))
    ['noo', '!!']
    """
    tokens: list[str] = []
    for found in token_pattern().finditer(_part_address(piece)):
        tokens += writers[found.lastgroup or ""](found[0])
    return tokens


def _part_address(piece: str) -> str:
    """A blank before an address that is glued to a word: "Newshttp://t.co/x"."""
    at = piece.find("http")
    if at > 0 and piece[at - 1].isalnum() and piece.startswith(("http://", "https://"), at):
        return f"{piece[:at]} {piece[at:]}"
    return piece


@functools.cache
def token_writers(settings: TextSettings) -> Writers:
    """For each rule how its finds are written down: masked, folded, split, or left out."""
    fold: Fold = str.lower if settings.lowercase else str
    letters: Fold = (lambda text: squeeze(fold(text))) if settings.squeeze_elongations else fold
    clitics = split_clitics if settings.split_contractions else _whole

    def write_word(text: str) -> list[str]:
        return clitics(letters(text.replace("’", "'")))

    def write_number(text: str) -> list[str]:
        return [NUMBER] if settings.mask_numbers else [text]

    def write_hashtag(text: str) -> list[str]:
        parts = CAMEL_CASE.findall(text) if settings.split_hashtags else []
        words = ((write_number if part.isdecimal() else write_word)(part) for part in parts)
        return [letters(f"#{text[1:]}"), *chain.from_iterable(words)]

    def write_mark(text: str) -> list[str]:
        return [merge_marks(text) if settings.squeeze_elongations else text] if settings.keep_punctuation else []

    return {
        "placeholder": _whole,
        "url": lambda text: [URL if settings.mask_urls else text],
        "user": lambda text: [USER if settings.mask_mentions else fold(f"@{text[1:]}")],
        "hashtag": write_hashtag,
        "emoticon": lambda text: [merge_mouths(text)] if settings.keep_punctuation else [],
        "emoji": lambda text: [text.replace("\ufe0f", "")],  # with this selector or without, the picture is the same
        "number": write_number,
        "acronym": lambda text: [fold(text.rstrip(".") + ".")],
        "character": _whole,
        "word": write_word,
        "clitic": lambda text: [fold(text.replace("’", "'"))],
        "mark": write_mark,
    }


def _whole(text: str) -> list[str]:
    return [text]


def split_clitics(word: str) -> list[str]:
    """A word and the clitics at its end, as in the Penn Treebank.

    >>> split_clitics("shouldn't've"), split_clitics("can't"), split_clitics("o'clock")
    (['should', "n't", "'ve"], ['ca', "n't"], ["o'clock"])
    """
    if "'" not in word or not (found := CLITICS.fullmatch(word)):
        return [word]
    return [found["stem"], *CLITIC.findall(found["clitics"])]


def squeeze(word: str) -> str:
    """Three or more of one letter become two: as many as a correctly spelt word has, and still unlike one.

    >>> [squeeze(word) for word in ("soooo", "coooool", "iii")]
    ['soo', 'cool', 'iii']
    """
    if not TRIPLE.search(word) or ROMAN_NUMERAL.fullmatch(word):
        return word
    return ELONGATED.sub(r"\1\1", word)


def merge_marks(marks: str) -> str:
    """One mark or two, for three say no more; dots are always three, as many as an ellipsis has.

    >>> [merge_marks(marks) for marks in ("!", "!!!!", "..", "…")]
    ['!', '!!', '...', '...']
    """
    return "..." if marks[0] in ".…" else marks[:2]


def merge_mouths(emoticon: str) -> str:
    """The emoticon with one mouth.

    >>> merge_mouths(":))))")
    ':)'
    """
    return REPEATED_END.sub(r"\1", emoticon.replace("’", "'"))
