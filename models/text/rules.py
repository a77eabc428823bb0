"""What is one token. Every rule with its reason; `tokenization` applies them.

The rules see one piece at a time: the characters between two blanks, so that they run once for each distinct piece of
a corpus, however often it occurs. Every quantifier that could be scanned again from the next character is bounded:
the time for a hostile text stays proportional to its length.
"""

import functools
import re
import unicodedata

from models.settings import TextSettings

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
      | (?i:www)\.[!-~]+
      | [\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,63}   # an e-mail address is an address too
      | (?:[A-Za-z0-9-]{1,63}\.){1,5}(?: (?i:com|org|net|gov|edu)(?![\w@-])(?:/[!-~]*)? | [A-Za-z]{2,24}/[!-~]* )
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
CLITICS = re.compile(r"(?P<stem>.+?)(?P<clitics>(?:n't|'(?:s|re|ve|ll|d|m))+)", re.IGNORECASE)
CLITIC = re.compile(r"n't|'[a-z]+", re.IGNORECASE)
ELONGATED = re.compile(r"([^\W\d_])\1{2,}", re.IGNORECASE)
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


def piece_tokens(piece: str, settings: TextSettings) -> list[str]:
    """The tokens of one piece; blanks inside are allowed and part tokens.

    >>> piece_tokens("Nooooo!!!", TextSettings())
    ['noo', '!!']
    """
    tokens: list[str] = []
    for found in token_pattern().finditer(_part_address(piece)):
        tokens.extend(_write(found.lastgroup or "", found[0], settings))
    return tokens


def _part_address(piece: str) -> str:
    """A blank before an address that is glued to a word: "Newshttp://t.co/x"."""
    at = piece.find("http")
    if at > 0 and piece[at - 1].isalnum() and piece.startswith(("http://", "https://"), at):
        return f"{piece[:at]} {piece[at:]}"
    return piece


def _write(rule: str, text: str, settings: TextSettings) -> list[str]:
    """How a find of this rule is written down: masked, folded, split, or left out."""
    match rule:
        case "url":
            return [URL] if settings.mask_urls else [text]
        case "user":
            return [USER] if settings.mask_mentions else [_fold(f"@{text[1:]}", settings)]
        case "number":
            return [NUMBER] if settings.mask_numbers else [text]
        case "hashtag":
            return _write_hashtag(text[1:], settings)
        case "emoticon" | "mark":
            return [_write_mark(rule, text, settings)] if settings.keep_punctuation else []
        case "emoji":
            return [text.replace("\ufe0f", "")]  # with or without this selector it is the same picture
        case "acronym":
            return [_fold(text.rstrip(".") + ".", settings)]
        case "word":
            return _write_word(text.replace("’", "'"), settings)
        case "clitic":
            return [_fold(text.replace("’", "'"), settings)]
    return [text]


def _write_word(text: str, settings: TextSettings) -> list[str]:
    word = _squeeze(_fold(text, settings), settings)
    if settings.split_contractions and "'" in word and (found := CLITICS.fullmatch(word)):
        return [found["stem"], *CLITIC.findall(found["clitics"])]
    return [word]


def _write_hashtag(name: str, settings: TextSettings) -> list[str]:
    """The hashtag whole, and its camel-case words after it when that is asked for.

    >>> _write_hashtag("ForestFire2015", TextSettings(split_hashtags=True))
    ['#forestfire2015', 'forest', 'fire', '<number>']
    """
    whole = [_squeeze(_fold(f"#{name}", settings), settings)]
    if not settings.split_hashtags:
        return whole
    parts = CAMEL_CASE.findall(name)
    number = [NUMBER] if settings.mask_numbers else None
    words = ((number or [part]) if part.isdecimal() else _write_word(part, settings) for part in parts)
    return whole + [word for tokens in words for word in tokens]


def _write_mark(rule: str, text: str, settings: TextSettings) -> str:
    """One form for each meaning: ":))))" is ":)", "….." is "...", and any number of ! above one is two."""
    if rule == "emoticon":
        return re.sub(r"(.)\1+$", r"\1", text.replace("’", "'"))
    if text[0] in ".…":
        return "..."
    return text[:2] if settings.squeeze_elongations else text


def _fold(text: str, settings: TextSettings) -> str:
    return text.lower() if settings.lowercase else text


def _squeeze(word: str, settings: TextSettings) -> str:
    """Three or more of one letter become two: as many as a correctly spelt word has, and still unlike one.

    >>> [_squeeze(word, TextSettings()) for word in ("soooo", "coooool", "iii")]
    ['soo', 'cool', 'iii']
    """
    if not settings.squeeze_elongations or ROMAN_NUMERAL.fullmatch(word):
        return word
    return ELONGATED.sub(r"\1\1", word)
