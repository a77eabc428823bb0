"""Clean rows spoilt on purpose: what transport, exports, spreadsheets and tired people do to a file of tweets.

Every spoilt row comes with what an ingest must make of it: the rule to quarantine it under, or nothing, where it must
be repaired to what it was. No other row may be touched by its neighbour's fate.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.sample.grammar import pick
from models.seeds import generator
from models.settings import ContractSettings

Fields = tuple[str, ...]  # id, keyword, location, text, target
Spoil = Callable[[Fields, Fields, np.random.Generator], bytes]  # a row, an earlier one, draws -> the line

ID, TEXT, TARGET = 0, 3, 4
FOREIGN_BYTES = (b"\xe9", b"\xff\xfe", b"\xc3(", b"\xed\xa0\x80")  # Latin-1, a stray mark, half a letter, a surrogate
CONTROLS = ("\x00", "\x07", "\x08", "\x1b[31m", "\x7f")
SPREADSHEET_ERRORS = ("#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "Err:509")
BLANKS = ("", " ", "\t", "\u00a0", "\n")
UNKNOWN_LABELS = ("", "2", "-1", "maybe", "0/1", "nan")


@dataclass(frozen=True)
class Corruption:
    """One way to spoil a row; `rule` is what it is quarantined under, None where it is repaired.

    `blames_both` says that the earlier row which it involves is quarantined with it.
    """

    name: str
    rule: str | None
    spoil: Spoil
    blames_both: bool = False


@dataclass(frozen=True)
class CorruptedFile:
    """The bytes of a CSV file, and for every spoilt row (1 is the first below the header) kind and rule."""

    data: bytes
    kinds: dict[int, str]
    rules: dict[int, str]


def write_csv(rows: Sequence[Fields], header: Sequence[str]) -> bytes:
    """The rows as they should be."""
    return _line(header) + b"".join(map(_line, rows))


def corrupt(rows: Sequence[Fields], header: Sequence[str], each: int, seed: int) -> CorruptedFile:
    """A file in which each kind of corruption befell this many rows, drawn by the seed; all others are as they were.

    Raises ValueError when there are too few rows without line breaks and quotes to draw from.
    """
    rng = generator(seed, "sample/corruption")
    plain = [number for number in rng.permutation(len(rows)) if not set("".join(rows[number])) & set('\n\r"')]
    if len(plain) < 2 * each * len(CORRUPTIONS):
        raise ValueError(f"{len(plain)} plain rows are too few to spoil {each} in each of {len(CORRUPTIONS)} ways")
    lines = list(map(_line, rows))
    kinds: dict[int, str] = {}
    rules: dict[int, str] = {}
    for corruption in CORRUPTIONS:
        for _ in range(each):
            earlier, victim = sorted((int(plain.pop()), int(plain.pop())))
            lines[victim] = corruption.spoil(rows[victim], rows[earlier], rng)
            kinds[victim + 1] = corruption.name
            if corruption.rule is not None:
                rules[victim + 1] = corruption.rule
                if corruption.blames_both:
                    rules[earlier + 1] = corruption.rule
    return CorruptedFile(_line(header) + b"".join(lines), kinds, rules)


def _line(fields: Sequence[str], quoting: Literal[0, 1] = csv.QUOTE_MINIMAL) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=quoting).writerow(fields)
    return text.getvalue().encode()


def _with(fields: Fields, place: int, value: str) -> Fields:
    return (*fields[:place], value, *fields[place + 1 :])


def _instead(place: int, values: Sequence[str]) -> Spoil:
    """Another value in one column."""
    return lambda row, _, rng: _line(_with(row, place, pick(values, rng)))


def _inside(row: Fields, rng: np.random.Generator) -> tuple[str, str]:
    """The text, cut in two somewhere."""
    place = int(rng.integers(1, len(row[TEXT])))
    return row[TEXT][:place], row[TEXT][place:]


def _add_control(row: Fields, _: Fields, rng: np.random.Generator) -> bytes:
    return _line(_with(row, TEXT, pick(CONTROLS, rng).join(_inside(row, rng))))


def _add_foreign_bytes(row: Fields, _: Fields, rng: np.random.Generator) -> bytes:
    before, after = (part.encode() for part in _inside(row, rng))
    mark = b"@@here@@"
    return _line(_with(row, TEXT, mark.decode())).replace(mark, b'"' + before + pick(FOREIGN_BYTES, rng) + after + b'"')


def _leave_quote_open(row: Fields, _: Fields, rng: np.random.Generator) -> bytes:
    return _line(_with(row, TEXT, "@@here@@")).replace(b"@@here@@", b'"' + row[TEXT].encode())


def _break_line(row: Fields, _: Fields, rng: np.random.Generator) -> bytes:
    broken = row[TEXT].replace(" ", pick(("\n", "\r\n", "\r"), rng), 1)
    return _line(_with(row, TEXT, broken), csv.QUOTE_ALL)  # Python leaves a lone \r without quotes


def _write_as_entity(row: Fields, _: Fields, rng: np.random.Generator) -> bytes:
    first = ord(row[TEXT][0])
    return _line(_with(row, TEXT, pick((f"&#{first};", f"&#x{first:x};"), rng) + row[TEXT][1:]))


CORRUPTIONS = (
    Corruption("a field too few", "malformed-row", lambda row, *_: _line(row[:TEXT] + row[TARGET:])),
    Corruption("a field too many", "malformed-row", lambda row, *_: _line((*row, row[TARGET]))),
    Corruption("a quote left open", "malformed-row", _leave_quote_open),
    Corruption("bytes of another encoding", "undecodable-bytes", _add_foreign_bytes),
    Corruption("no text", "no-text", _instead(TEXT, BLANKS)),
    Corruption("error of a spreadsheet", "spreadsheet-error", _instead(TEXT, SPREADSHEET_ERRORS)),
    Corruption("control character", "control-characters", _add_control),
    Corruption("endless text", "over-long", _instead(TEXT, ("ha" * ContractSettings().max_characters,))),
    Corruption("no id", "missing-id", _instead(ID, ("", " "))),
    Corruption("unknown label", "unknown-label", _instead(TARGET, UNKNOWN_LABELS)),
    Corruption("id of another row", "repeated-id", lambda row, other, _: _line(_with(row, ID, other[ID]))),
    Corruption(
        "copy of another row",
        "duplicate",
        lambda row, other, _: _line((*row[:TEXT], *other[TEXT:])),
    ),
    Corruption(
        "copy with the other label",
        "conflicting-labels",
        lambda row, other, _: _line((*row[:TEXT], other[TEXT], "1" if other[TARGET] == "0" else "0")),
        blames_both=True,
    ),
    Corruption("line break in the text", None, _break_line),
    Corruption("letter written as an entity", None, _write_as_entity),
)
