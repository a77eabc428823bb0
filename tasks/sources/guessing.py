"""A guess at the encoding of bytes that are not UTF-8, by charset-normalizer; a doubtful one is refused.

charset-normalizer decodes with every candidate and measures `chaos` (0 is a clean text) and `coherence` (1 is a
language as it should be). The bounds were chosen on sentences in sixteen languages, alone and among English. On those,
3 of 45 Spanish texts in mac_roman and 3 of 45 French ones in cp850 were read in a wrong encoding, all others rightly
or refused; Turkish, Japanese, Korean and some Hungarian are refused.
"""

from typing import NamedTuple

from tasks.sources.errors import SourceError

WESTERN = "cp1252"
DOS = ("cp437", "cp850")  # as rivals alone
CANDIDATES = (
    *(
        WESTERN,
        "cp1250",
        "cp1251",
        "cp1253",
        "cp1254",
        "cp1255",
        "cp1256",
        "cp1257",
        "mac_roman",
        "iso8859_2",
        "koi8_r",
    ),
    *("cp866", *DOS, "cp932", "euc_jp", "gb18030", "big5", "cp949"),
)
TIE = 0.005  # of chaos; what is as clean in Windows-1252 as in any other is taken for it
LEAST_LEAD = 0.02  # of chaos over every rival that reads otherwise, or
LEAST_COHERENCE_LEAD = 0.25  # of coherence
LEAST_COHERENCE = 0.1
# Windows-1252 bytes below 0xa0 that people type: euro, ellipsis, quotes, bullet, dashes, s and z with caron, oe.
TYPOGRAPHIC = frozenset(b"\x80\x84\x85\x8a\x8c\x8e\x91\x92\x93\x94\x95\x96\x97\x99\x9a\x9c\x9e")
MAC_VOWELS = frozenset(b"\x87\x8e\x8a\x88\x82\x83\x8f\x9f\x98\x90\x9d")  # where Mac and DOS have their accented letters
TURKISH = frozenset(b"\xd0\xdd\xde\xf0\xfd\xfe")  # in Windows-1252 the Icelandic letters
HUNGARIAN = frozenset(b"\xf5\xfb")  # in Windows-1252 o with tilde, u with circumflex: beside the letters below
PORTUGUESE = frozenset(b"\xe3\xe7")
RARE_SHARE = 0.1


class Guess(NamedTuple):
    """An encoding, and how clean the text is in it, 0 to 1."""

    encoding: str
    confidence: float


def guess_encoding(sample: bytes, name: str) -> Guess:
    """The encoding of lines that are not UTF-8. Raises SourceError, with the best guesses, where it is in doubt."""
    from charset_normalizer import from_bytes

    results = list(from_bytes(sample, cp_isolation=list(CANDIDATES), preemptive_behaviour=False))
    western = next((each.chaos for each in results if WESTERN in each.could_be_from_charset), None)
    others = [each.chaos for each in results if each.encoding not in DOS]
    if western is not None and western <= min(others, default=western) + TIE and _could_be_western(sample):
        return Guess(WESTERN, 1 - western)
    results.sort(key=lambda each: (each.chaos, -each.coherence))
    if results and results[0].coherence >= LEAST_COHERENCE and results[0].encoding not in (WESTERN, *DOS):
        best, *rivals = results
        if all(
            rival.chaos - best.chaos >= LEAST_LEAD or best.coherence - rival.coherence >= LEAST_COHERENCE_LEAD
            for rival in rivals
        ):
            return Guess(best.encoding, 1 - best.chaos)
    likely = ", ".join(f"{each.encoding} ({1 - each.chaos:.0%} clean)" for each in results[:3]) or "none fits"
    raise SourceError(
        f"{name} is not UTF-8, and which encoding it is in cannot be told for certain ({likely}): say it with "
        "--encoding, such as --encoding cp1252 or --encoding mac_roman"
    )


def _could_be_western(sample: bytes) -> bool:
    """Whether the bytes beyond ASCII are Windows-1252's, not what Mac, DOS, Turkish or Hungarian texts have there."""
    odd = [byte for byte in sample if byte > 0x7F]
    low = sum(byte < 0xA0 and (byte not in TYPOGRAPHIC) for byte in odd)
    accented = sum(byte in MAC_VOWELS for byte in odd)
    turkish = sum(byte in TURKISH for byte in odd)
    hungarian = 0 if PORTUGUESE & set(odd) else sum(byte in HUNGARIAN for byte in odd)
    return max(low, accented, turkish, hungarian) <= RARE_SHARE * len(odd)
