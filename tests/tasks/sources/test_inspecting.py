"""A look at a source tells what an ingest would read, from its beginning and a count of the rest."""

import csv
import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.sources import look, read_tweets
from tasks.sources.columns import ColumnMap, fold_word
from tasks.sources.counting import count_json_lines
from tasks.sources.inspecting import inspect_source
from tasks.sources.json_keys import find_late_keys
from tasks.sources.json_records import as_cell
from tasks.sources.json_scan import Scan
from tasks.sources.members import whole_lines

ROWS = [
    (str(10**17 + number), f'Fire {number}, "near"\nthe\n\nmill', "yes" if number % 3 else "no")
    for number in range(300)
]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that reads little, so that small files are large."""
    monkeypatch.setattr(look, "COUNTED_BYTES", 2000)
    monkeypatch.setattr(look, "LOOKED_BYTES", 4000)
    monkeypatch.setattr(look, "LEAST_BYTES", 500)


def write(path: Path, rows: list[tuple[str, str, str]]) -> Path:
    """Rows of id, text and label in the format that the name says."""
    if path.suffix == ".jsonl":
        lines = [json.dumps(dict(zip(("id", "text", "target"), row, strict=True))) + "\n" for row in rows]
        path.write_text("".join(lines))
    elif path.suffix == ".parquet":
        pq.write_table(
            pa.table(dict(zip(("id", "text", "target"), map(list, zip(*rows, strict=True)), strict=True))), path
        )
    else:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter="\t" if path.suffix == ".tsv" else ",").writerows([("id", "text", "target"), *rows])
        path.write_text(text.getvalue(), newline="")
    return path


def labels(result: dict[str, Any]) -> dict[str, int]:
    return {each["label"]: each["rows"] for each in result["labels"]}


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.parquet"])
def test_a_look_finds_what_an_ingest_reads(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, ROWS)
    batches = list(read_tweets(path))
    result = inspect_source(str(path))
    assert result["rows"] == result["rows_read"] == sum(batch.num_rows for batch in batches)
    assert labels(result) == Counter(fold_word(word) for batch in batches for word in batch["label"].to_pylist())
    assert result["columns"] == {"id": "id", "text": "text", "label": "target"}
    assert result["first_rows"][0]["text"] == 'Fire 0, "near" the mill'  # as repaired
    assert (result["kind"], result["refused"], result["complete"]) == ("tweets", None, True)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_a_large_file_is_read_at_its_beginning_and_counted_to_its_end(tmp_path: Path, small: None, name: str) -> None:
    path = write(tmp_path / name, [*ROWS, ("7", "Flood", "maybe")])
    with path.open("a") as file:
        file.write("a row that fits no column\n")
    result = inspect_source(str(path))
    assert 0 < result["rows_read"] < 100
    assert (result["rows"], result["complete"]) == (302, True)
    assert labels(result) == {"yes": 200, "no": 100, "maybe": 1}


def test_a_count_that_contradicts_the_reader_is_not_believed(tmp_path: Path, small: None) -> None:
    page = json.dumps({"data": [{"id": str(number), "text": f"Fire {number}"} for number in range(5)], "meta": {}})
    (tmp_path / "pages.jsonl").write_text(f"{page}\n" * 100)
    result = inspect_source(str(tmp_path / "pages.jsonl"))
    assert result["rows"] == result["rows_read"]
    assert not result["complete"]


@pytest.mark.parametrize("limit", range(4000, 4050, 10))
def test_of_a_packed_file_the_beginning_alone_is_read(
    tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(look, "LOOKED_BYTES", limit)
    path = write(tmp_path / "a.csv", ROWS)
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    result = inspect_source(str(packed))
    assert 0 < result["rows"] < 150
    assert not result["complete"]
    assert result["malformed"] == 0  # the row that was cut is not a fault of the file


def test_a_json_array_that_is_cut_is_no_damaged_one(tmp_path: Path, small: None) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"id": str(number), "text": "Fire"} for number in range(500)]))
    result = inspect_source(str(tmp_path / "a.json"))
    assert (result["refused"], result["complete"]) == (None, False)
    assert 0 < result["rows"] < 500


def test_a_column_that_first_appears_behind_the_beginning_is_found(tmp_path: Path, small: None) -> None:
    lines = [
        json.dumps({"id": str(number), "text": "Fire"} | ({"target": 1} if number > 200 else {}))
        for number in range(300)
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    result = inspect_source(str(tmp_path / "a.jsonl"))
    assert result["columns"]["label"] == "target"
    assert labels(result) == {"1": 99}


@pytest.mark.parametrize("text", ['": no key"', '\\"no\\": key', '" : "'])
def test_quotes_inside_of_texts_are_no_keys(text: str) -> None:
    line = (
        f'{{"id":"1","text":"{text}"}}\n' if "\\" in text else json.dumps({"id": "1", "text": text.strip('"')}) + "\n"
    )
    assert find_late_keys(io.StringIO(line), {"id", "text"}) == set()
    assert not len(Scan(line.encode(), 4).other_ends([b"id", b"text"]))  # so that nothing slower is needed
    assert "late" in find_late_keys(io.StringIO(line.replace('"id"', '"late"')), {"id", "text"})


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (", ", " : ")])
def test_a_text_that_begins_with_a_colon_is_no_key_however_many_keys_there_are(separators: tuple[str, str]) -> None:
    line = json.dumps({f"key {number}": ":at noon" for number in range(150)} | {"": ":"}, separators=separators)
    known = {f"key {number}" for number in range(150)}
    assert find_late_keys(io.StringIO(line), known) == {""}
    assert find_late_keys(io.StringIO(line), known | {""}) == set()


NAMES, TEXTS = st.text(alphabet="abé 01", min_size=1, max_size=20), st.text(alphabet='ab":,{é 01', max_size=12)


@given(
    st.lists(
        st.dictionaries(NAMES, st.one_of(TEXTS, st.integers(), st.floats(allow_nan=False), st.none(), st.booleans())),
        min_size=1,
    ),
    st.sampled_from([(",", ":"), (", ", ": "), (", ", " : ")]),
    st.sampled_from(["\n", "\r\n", "\n\n", "\n  \n"]),
)
def test_what_is_counted_is_what_the_lines_say(
    rows: list[dict[str, Any]], separators: tuple[str, str], line_end: str
) -> None:
    rows = [row for row in rows if row]
    text = line_end.join(json.dumps(row, separators=separators, ensure_ascii=False) for row in rows)
    keys = {key for row in rows for key in row}
    assert not find_late_keys(io.StringIO(text), keys)
    for key in keys:
        values = [row[key] for row in rows if row.get(key) is not None and '"' not in str(row[key])]
        words = Counter(fold_word(as_cell(value) or "") for value in values if (as_cell(value) or "").strip())
        counted = count_json_lines(io.BytesIO(text.encode()), key)
        assert counted.rows == len(rows)
        if key.isascii():  # keys that are escaped are not counted, and so not believed
            assert counted.labels == words


def test_keys_are_told_apart_at_every_length() -> None:
    keys = ["x" * length for length in range(1, 30)]
    scan = Scan(json.dumps(dict.fromkeys(keys, 1)).encode(), 29)
    for place, key in enumerate(keys):
        assert scan.is_key(key.encode()).nonzero()[0].tolist() == [place]
    assert len(scan.other_ends(key.encode() for key in keys[:-1])) == 1


def test_a_missing_column_is_refused_and_all_else_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,body,mood\n1,Fire near the mill,sad\n")
    result = inspect_source(str(tmp_path / "a.csv"))
    assert "--text-column" in result["refused"]
    assert (result["columns"], result["columns_left"]) == ({"id": "id"}, ["body", "mood"])
    assert result["first_rows"] == [{"id": "1", "body": "Fire near the mill", "mood": "sad"}]
    assert inspect_source(str(tmp_path / "a.csv"), columns=ColumnMap(text="body"))["refused"] is None


def test_each_doubt_names_the_flags_that_settle_it(tmp_path: Path) -> None:
    rows = "".join(f"{number},Fogo no armazém {number},{number % 3}\n" for number in range(40)) + "41,too,many,cells\n"
    (tmp_path / "a.csv").write_bytes(f"id,text,target\n{rows}".encode("cp1252"))
    result = inspect_source(str(tmp_path / "a.csv"))
    doubts = {flag: each["doubt"] for each in result["doubts"] for flag in each["flags"]}
    assert "cp1252" in doubts["--encoding"]
    assert "4 fields instead of 3" in doubts["--delimiter"]
    assert "'2'" in doubts["--positive-label"]
    assert result["files"][0]["encoding_known_by"] == "guessed"
    assert {each["label"]: each["means"] for each in result["labels"]} == {"0": 0, "1": 1, "2": None}


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.parquet", b"PAR1abcPAR1", "not a sound Parquet file"),
        ("a.csv", "id,text\n1,Fire near the mill\n".encode("utf-16-le"), "--encoding utf-16-le"),
        ("a.db", b"SQLite format 3\0" + bytes(100), "is an SQLite database: export its table as CSV"),
        ("a.dat", b"some records\0" + bytes(100), "it holds NUL bytes"),
    ],
)
def test_what_is_no_table_of_tweets_is_refused_with_the_reason(
    tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(data)
    assert said in inspect_source(str(tmp_path / name))["refused"]


def test_labels_that_an_ingest_refuses_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [(str(number), f"Fire {number}", str(number % 3)) for number in range(30)])
    assert "the meaning of '2' is not known" in inspect_source(str(path))["refused"]
    told = ColumnMap(positive=("1",), negative=("0", "2"))
    assert inspect_source(str(path), columns=told)["refused"] is None


def test_files_about_words_are_told_as_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text("word1\tword2\tscore\n" + "tiger\tcat\t7.35\nbook\tpaper\t7.46\n")
    (tmp_path / "questions.txt").write_text(": family\nboy girl brother sister\n")
    (tmp_path / "vectors.txt").write_text("flood 1 2 3 4 5.5\npaper cup 1 2 3 4 5\n" + "fire 1 2 3 4 5\n" * 20)
    (tmp_path / "vectors.bin").write_bytes(b"1 2\nfire " + b"\x00\x00\x80\x3f\xcd\xcc\x8c\x3f")
    found = {path.name: inspect_source(str(path)) for path in tmp_path.iterdir()}
    assert {name: each["kind"] for name, each in found.items()} == {
        "pairs.tsv": "word pairs",
        "questions.txt": "analogies",
        "vectors.txt": "word vectors",
        "vectors.bin": "word vectors",
    }
    assert found["pairs.tsv"]["pairs"] == 2
    assert found["vectors.txt"]["dimensions"] == 5


def test_a_folder_of_texts_is_a_corpus_and_what_is_none_is_named(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text("The mill burned down.\n\nNobody was hurt in the fire.\n")
    (tmp_path / "page.dat").write_text("<html><body><p>Fire</p></body></html>")
    result = inspect_source(str(tmp_path))
    assert (result["kind"], result["rows"]) == ("corpus", 6)
    assert "web page" in result["passed_over"]["page.dat"]


def test_files_beyond_the_look_are_named(tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "MOST_FILES", 2)
    for number in range(4):
        write(tmp_path / f"{number}.csv", ROWS)
    result = inspect_source(str(tmp_path))
    assert result["passed_over"] == dict.fromkeys(("2.csv", "3.csv"), look.NOT_LOOKED_INTO)
    assert not result["complete"]


def test_a_beginning_ends_where_no_character_is_cut() -> None:
    assert whole_lines(b"a\nb\n\xc3") == b"a\nb\n"
    assert whole_lines("a\nbc".encode("utf-16")[:-1]) == "a\nb".encode("utf-16")
    assert whole_lines(("a" * 20).encode() + b"\xf0\x9f") == b"a" * 20
