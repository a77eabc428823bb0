"""A table read in pieces, each by itself, gives the batches of one reader, whatever its dialect and encoding."""

import csv
import io
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tasks.sources import delimited, lines
from tasks.sources.archives import _open_plain
from tasks.sources.columns import ColumnMap
from tasks.sources.delimited import read_delimited
from tasks.sources.members import Member
from tasks.sources.pieces import Piece, can_begin_anywhere, cut_file, guess_states

WORDS = ["fire", "flood", 'a "quoted" word', "line\nend", "comma, and", "tab\tstop", "café", "火事", "😀", "5' wall"]
PLAIN = ["fire", "flood", "comma and", "café", "quake", "bridge"]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK_CHARACTERS", 3000)
    monkeypatch.setattr(delimited, "PIECE_BLOCKS", 2)
    monkeypatch.setattr("tasks.sources.pieces.BLOCK_CHARACTERS", 3000)
    monkeypatch.setattr("tasks.sources.pieces.PIECE_BLOCKS", 2)


def rows(count: int, words: list[str], seed: int = 0) -> list[list[str]]:
    random = np.random.default_rng(seed)
    return [[str(number), " ".join(random.choice(words, 8)), str(int(random.integers(2)))] for number in range(count)]


def table(body: list[list[str]], **form: object) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, **form).writerows([["id", "text", "target"], *body])  # type: ignore[arg-type]
    return text.getvalue()


def member_of(path: Path, text: str, encoding: str) -> Member:
    path.write_bytes(text.encode(encoding, "surrogateescape"))
    return Member(path.name, partial(_open_plain, path), path)


def in_pieces(member: Member, encoding: str | None, columns: ColumnMap) -> tuple[list[pa.RecordBatch], int, int]:
    """The batches, the number of pieces, and how often the places were looked for again."""
    file = cut_file(member, encoding)
    assert file is not None
    batches: list[pa.RecordBatch] = []
    pieces, plans, state, over = 0, 0, None, False
    while not over:
        plans += 1
        guesses = list(guess_states(member, Piece(file, state, columns)))
        for guess, following in zip(guesses, [*guesses[1:], None], strict=True):
            piece = Piece(file, guess, columns)
            batches += piece.read(member)
            pieces += 1
            assert piece.end is not None
            state, over = piece.end.state, piece.end.state is None
            if not piece.end.leads_to(following):
                break
    return batches, pieces, plans


def check(member: Member, encoding: str | None = None, columns: ColumnMap | None = None) -> tuple[int, int]:
    """Compare with one reader; how many pieces and plans there were."""
    columns = columns or ColumnMap()
    batches, pieces, plans = in_pieces(member, encoding, columns)
    file = cut_file(member, encoding)
    assert file is not None
    whole = list(read_delimited(member, file.encoding, columns))
    assert [batch.num_rows for batch in batches] == [batch.num_rows for batch in whole]
    assert all(mine.equals(others) for mine, others in zip(batches, whole, strict=True))
    assert pieces > 3
    return pieces, plans


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_quoted_line_ends_are_not_cut_in_any_wide_encoding(tmp_path: Path, encoding: str, end: str) -> None:
    text = table(rows(800, WORDS), lineterminator=end)
    assert check(member_of(tmp_path / "a.csv", text, encoding))[1] == 1


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "koi8-r"])
def test_encodings_of_one_byte_are_cut(tmp_path: Path, encoding: str) -> None:
    words = ["пожар", "мост", "вода\nтут"] if encoding == "koi8-r" else [*PLAIN, "café\nnoir"]
    check(member_of(tmp_path / "a.csv", table(rows(800, words)), encoding), encoding)


@pytest.mark.parametrize(
    "form",
    [
        {"delimiter": "\t"},
        {"delimiter": ";", "quoting": csv.QUOTE_ALL},
        {"delimiter": "|", "quoting": csv.QUOTE_NONNUMERIC},
        {"delimiter": ",", "doublequote": False, "escapechar": "\\"},
        {"delimiter": "\t", "quoting": csv.QUOTE_NONE, "escapechar": "\\"},
    ],
)
def test_dialects_are_cut_as_they_are_read(tmp_path: Path, form: dict[str, object]) -> None:
    words = [word for word in WORDS if "\n" not in word] if form.get("quoting") == csv.QUOTE_NONE else WORDS
    check(member_of(tmp_path / "a.csv", table(rows(800, words), **form), "utf-8"))


def test_a_table_without_header_and_one_for_excel_are_cut(tmp_path: Path) -> None:
    text = table(rows(800, WORDS))
    without = text.partition("\n")[2]
    check(member_of(tmp_path / "a.csv", without, "utf-8"), columns=ColumnMap(header=False))
    check(member_of(tmp_path / "b.csv", "sep=,\r\n" + text, "utf-8"))


def test_bytes_that_do_not_decode_and_the_header_again_stay_where_they_are(tmp_path: Path) -> None:
    body = rows(800, WORDS)
    body[300] = ["id", "text", "target"]
    body[500][1] = "caf\udce9 on fire"
    check(member_of(tmp_path / "a.csv", table(body), "utf-8"))


def test_a_quote_that_never_closes_moves_the_pieces_after_it_and_no_row(tmp_path: Path) -> None:
    found = []
    for place in range(100, 700, 40):
        broken = table(rows(800, WORDS)).split("\r\n")
        broken[place] = f'9999,"never closed {place},1'
        found.append(check(member_of(tmp_path / "a.csv", "\r\n".join(broken), "utf-8"))[1])
    assert max(found) > 1


def test_quotes_that_come_late_change_the_dialect_from_there_on(tmp_path: Path) -> None:
    late = [[number, text.replace("fire", 'the "fire"'), label] for number, text, label in rows(400, PLAIN, 1)]
    text = table([*rows(400, PLAIN), *late], delimiter="\t")
    assert check(member_of(tmp_path / "a.tsv", text, "utf-8"))[1] > 1


def test_a_table_that_ends_where_a_piece_ends_has_no_row_more(tmp_path: Path) -> None:
    line = "1,fire and flood in the city of lights and towers,1\n"
    for lines_more in range(60):
        text = "id,text,target\n" + line * (400 + lines_more)
        check(member_of(tmp_path / "a.csv", text, "utf-8"))


@pytest.mark.parametrize("encoding", ["cp932", "gb18030", "iso2022_jp", "utf-7", "euc_kr"])
def test_other_encodings_stay_whole(tmp_path: Path, encoding: str) -> None:
    assert not can_begin_anywhere(encoding)
    member = member_of(tmp_path / "a.csv", table(rows(800, PLAIN[:3])), "utf-8")
    assert cut_file(member, encoding) is None


def test_small_tables_and_json_stay_whole(tmp_path: Path) -> None:
    assert cut_file(member_of(tmp_path / "a.csv", table(rows(20, PLAIN)), "utf-8"), None) is None
    text = '{"text": "fire", "label": 1}\n' * 1000
    assert cut_file(member_of(tmp_path / "a.json", text, "utf-8"), None) is None
