"""Tweets in every usual form become the same rows, and no row is lost on the way."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.sources import ColumnMap, MissingColumnError, ReadingNotes, SourceError, read_tweets
from tasks.sources.records import BATCH_ROWS, records_json

ROWS = [
    {"id": "1", "keyword": None, "location": None, "text": "Forest fire", "label": "1"},
    {"id": "2", "keyword": "ablaze", "location": "Zürich", "text": 'He said "run",\nwe ran', "label": "0"},
]
CSV = 'id,keyword,location,text,target\n1,,,Forest fire,1\n2,ablaze,Zürich,"He said ""run"",\nwe ran",0\n'


def read(path: Path, *arguments: object, **options: object) -> pa.Table:
    return pa.concat_tables(
        [pa.Table.from_batches([batch.drop_columns(["record"])]) for batch in read_tweets(path, *arguments, **options)]  # type: ignore[arg-type]
    )


def cells(table: pa.Table) -> list[dict[str, object]]:
    return table.select(["id", "keyword", "location", "text", "label"]).to_pylist()


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        CSV.encode(),
        CSV.encode("utf-8-sig"),
        CSV.encode("utf-16"),
        CSV.replace(",", "\t").replace('run""\t', 'run"",').encode(),
        CSV.replace(",", ";").replace('run"";', 'run"",').encode(),
        CSV.rstrip().encode(),
        CSV.replace("\n1", "\n\n1").encode(),
    ],
    ids=["utf-8", "byte order mark", "utf-16", "tabs", "semicolons", "no last line end", "blank line"],
)
def test_delimited_text_is_read_whatever_its_dress(tmp_path: Path, content: bytes) -> None:
    assert cells(read(write(tmp_path / "set.csv", content))) == ROWS


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_any_line_end_ends_a_row_and_stays_inside_quotes(tmp_path: Path, end: str) -> None:
    rows = [ROWS[0], ROWS[1] | {"text": f'He said "run",{end}we ran'}]
    assert cells(read(write(tmp_path / "set.csv", CSV.replace("\n", end)))) == rows


def test_a_declared_encoding_is_used(tmp_path: Path) -> None:
    assert cells(read(write(tmp_path / "set.csv", CSV.encode("latin-1")), encoding="latin-1")) == ROWS


def test_an_encoding_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="unknown encoding 'utf-9'"):
        read(write(tmp_path / "set.csv", CSV), encoding="utf-9")


@pytest.mark.parametrize("declared", ["utf-16", "utf-32"])
def test_a_wrongly_declared_wide_encoding_is_refused(tmp_path: Path, declared: str) -> None:
    with pytest.raises(SourceError, match=f"is not {declared}"):
        read(write(tmp_path / "set.csv", CSV), encoding=declared)


def test_null_characters_do_not_stop_the_reader(tmp_path: Path) -> None:
    assert read(write(tmp_path / "set.csv", b"id,text\n1,a\x00b\n2,c\n"))["text"].to_pylist() == ["a\x00b", "c"]


def test_a_file_that_can_only_be_windows_1252_is_read_as_such(tmp_path: Path) -> None:
    notes = ReadingNotes()
    text = "id,text\n1,café in Zürich\n2,señor ‘fire’\n"
    table = read(write(tmp_path / "set.csv", text.encode("cp1252")), notes=notes)
    assert table["text"].to_pylist() == ["café in Zürich", "señor ‘fire’"]
    assert notes.files[0].encoding == "cp1252"


def test_bytes_that_do_not_decode_mark_the_row_and_can_be_got_back(tmp_path: Path) -> None:
    content = "id,text,target\n1,Zürich,1\n2,caf".encode() + b"\xe9,0\n3,fine,0\n"
    table = read(write(tmp_path / "set.csv", content))
    assert table["text"].to_pylist() == ["Zürich", None, "fine"]
    assert [reason is None for reason in table["undecodable"].to_pylist()] == [True, False, True]
    record = json.loads(table["original"].to_pylist()[1])
    assert record["text"].encode("utf-8", "surrogateescape") == b"caf\xe9"


def test_a_row_with_the_wrong_number_of_fields_is_kept_aside_whole(tmp_path: Path) -> None:
    table = read(write(tmp_path / "set.csv", "id,text,target\n1,Fire, and smoke,1\n2,calm,0\n3\n"))
    assert table["malformed"].to_pylist() == ["4 fields instead of 3", None, "1 field instead of 3"]
    assert json.loads(table["original"].to_pylist()[0]) == ["1", "Fire", " and smoke", "1"]
    assert table["source_row"].to_pylist() == [1, 2, 3]


@pytest.mark.parametrize(
    "rest", ["2,calm,0\n3,fine,0\n", '2,"calm",0\n3,"fine, really",0\n', '2,"\ncalm",0\n3,fine,0\n']
)
def test_an_unclosed_quote_costs_one_row_where_quotes_are_said_to_enclose(tmp_path: Path, rest: str) -> None:
    table = read(write(tmp_path / "set.csv", 'id,text,target\n1,"Fire,1\n' + rest), ColumnMap(quoting="minimal"))
    assert table["id"].to_pylist() == [None, "2", "3"]
    assert json.loads(table["original"].to_pylist()[0]) == ['1,"Fire,1']


def test_a_row_of_several_lines_that_does_not_fit_is_one_row(tmp_path: Path) -> None:
    table = read(write(tmp_path / "set.csv", 'id,text,target\n1,"Fire\nand smoke",x,1\n2,calm,0\n'))
    assert table["id"].to_pylist() == [None, "2"]
    assert json.loads(table["original"].to_pylist()[0]) == ["1", "Fire\nand smoke", "x", "1"]


def test_quotes_that_never_close_again_and_again_are_refused_in_time(tmp_path: Path) -> None:
    """Every line opens a quote that no later one closes: to read each anew to its end would take days."""
    with pytest.raises(SourceError, match="quotes in it do not close"):
        read(write(tmp_path / "set.csv", "id,text\n" + 'a","b\n' * 400_000), ColumnMap(quoting="minimal"))


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    table = read(write(tmp_path / "set.csv", "id,text,target\n1," + "x" * 5_000_000 + ",1\n2,calm,0\n"))
    assert table["id"].to_pylist() == [None, "2"]
    assert "longer than" in table["malformed"].to_pylist()[0]


def test_json_lines_and_json_arrays_hold_the_same_tweets(tmp_path: Path) -> None:
    objects = [{**row, "target": int(str(row["label"])), "id": int(str(row["id"]))} for row in ROWS]
    for row in objects:
        del row["label"]
    lines = write(tmp_path / "set.jsonl", "\n".join(json.dumps(row) for row in objects))
    array = write(tmp_path / "set.json", json.dumps(objects, indent=2, ensure_ascii=False))
    assert cells(read(lines)) == cells(read(array)) == ROWS


def test_a_line_that_is_no_object_is_kept_aside(tmp_path: Path) -> None:
    table = read(write(tmp_path / "set.jsonl", '{"id": 1, "text": "a"}\n{"id": 2, "te\n[3]\n{"id": 4, "text": "b"}\n'))
    assert table["id"].to_pylist() == ["1", None, None, "4"]
    assert json.loads(table["original"].to_pylist()[1]) == '{"id": 2, "te'
    assert table["malformed"].to_pylist()[2] == "list instead of an object"


def test_a_json_array_that_breaks_off_is_refused_with_the_place(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not a sound JSON array from character 24 on"):
        read(write(tmp_path / "set.json", '[{"id": 1, "text": "a"},{"id": 2, "te'))


def test_half_characters_in_json_are_undecodable(tmp_path: Path) -> None:
    table = read(write(tmp_path / "set.jsonl", '{"id": 1, "text": "a \\ud83d"}\n{"id": 2, "text": "\\ud83d\\ude00"}\n'))
    assert table["text"].to_pylist() == [None, "😀"]
    assert json.loads(table["original"].to_pylist()[0])["text"] == "a \ud83d"


@pytest.mark.parametrize("packed", [False, True])
def test_parquet_is_read_with_its_numbers_as_text(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "set.parquet"
    typed = pa.table({"id": [1, 2], "text": [row["text"] for row in ROWS], "target": [1.0, 0.0], "place": [None, "x"]})
    pq.write_table(typed, path)
    if packed:
        path = write(tmp_path / "set.parquet.gz", gzip.compress(path.read_bytes()))
    table = read(path, ColumnMap(location="place"))
    assert cells(table) == [ROWS[0], ROWS[1] | {"keyword": None, "location": "x"}]


def test_parquet_with_invalid_text_marks_the_row(tmp_path: Path) -> None:
    offsets = pa.array([0, 1, 2], pa.int32()).buffers()[1]
    text = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"a\xff")])
    pq.write_table(pa.table({"id": ["1", "2"], "text": text}), tmp_path / "set.parquet")
    table = read(tmp_path / "set.parquet")
    assert table["text"].to_pylist() == ["a", None]
    assert json.loads(table["original"].to_pylist()[1]) == {"id": "2", "text": "\udcff"}


def test_a_broken_parquet_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"set\.parquet is not a sound Parquet file"):
        read(write(tmp_path / "set.parquet", b"PAR1 and then something else"))


def test_usual_column_names_are_guessed_with_blanks_around_them(tmp_path: Path) -> None:
    path = write(tmp_path / "set.csv", "tweet id, tweet, label\n'296728042179534848',\"Fire, smoke\",on-topic\n")
    assert cells(read(path))[0] | {"keyword": None} == {
        "id": "296728042179534848",
        "keyword": None,
        "location": None,
        "text": "Fire, smoke",
        "label": "on-topic",
    }


def test_a_missing_column_names_the_columns_found_and_the_flag(tmp_path: Path) -> None:
    path = write(tmp_path / "set.csv", "number,body of it\n1,Fire\n")
    with pytest.raises(MissingColumnError, match=r"its columns are 'number', 'body of it'.*--text-column") as caught:
        read(path)
    assert json.loads(caught.value.first_rows[0]) == {"number": "1", "body of it": "Fire"}
    assert read(path, ColumnMap(text="body of it"))["text"].to_pylist() == ["Fire"]


@pytest.mark.parametrize("options", [{"columns": ColumnMap(label="class")}, {"labelled": True}])
def test_a_label_that_is_asked_for_must_be_there(tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(MissingColumnError, match="--label-column"):
        read(write(tmp_path / "set.csv", "id,text\n1,Fire\n"), **options)


def test_files_of_one_source_agree_about_labels(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "id,text,target\n1,Fire,1\n")
    write(tmp_path / "b.csv", "id,text\n2,calm\n")
    with pytest.raises(MissingColumnError, match=r"b\.csv has no column that looks like the label"):
        read(tmp_path)


def test_rows_without_ids_are_named_by_file_and_row(tmp_path: Path) -> None:
    assert read(write(tmp_path / "set.csv", "text\nFire\ncalm\n"))["id"].to_pylist() == ["set.csv:1", "set.csv:2"]


def test_of_a_folder_the_tables_are_read_in_order(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv"):
        write(tmp_path / name, f"id,text\n{name},Fire\n")
    write(tmp_path / "README.md", "not a table")
    notes = ReadingNotes()
    assert read(tmp_path, notes=notes)["id"].to_pylist() == ["a.csv", "b.csv"]
    assert list(notes.passed_over) == ["README.md"]


def test_a_web_page_is_not_taken_for_a_table(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a web page"):
        read(write(tmp_path / "set.csv", "<!DOCTYPE html>\n<html>not found</html>"))


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_a_file_with_nothing_in_it_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SourceError, match=r"is empty|has no header"):
        read(write(tmp_path / "set.csv", content))


def test_a_long_file_comes_in_batches_with_running_rows(tmp_path: Path) -> None:
    rows = 4 * BATCH_ROWS
    path = write(tmp_path / "set.csv", "id,text\n" + "".join(f"{number},Fire\n" for number in range(rows)))
    batches = list(read_tweets(path))
    assert max(batch.num_rows for batch in batches) < rows
    assert [row for batch in batches for row in batch["source_row"].to_pylist()] == list(range(1, rows + 1))


def test_every_cell_of_a_row_is_in_its_record(tmp_path: Path) -> None:
    *_, batch = read_tweets(write(tmp_path / "set.csv", "id,text,mood\n1,Fire,grim\n"))
    assert [json.loads(record) for record in records_json(batch)] == [{"id": "1", "text": "Fire", "mood": "grim"}]


@pytest.mark.parametrize(
    ("place", "rows"),
    [
        ("disaster_tweets/train.csv", 7613),
        ("disaster_tweets/train_excel_crlf.csv", 7613),
        ("disaster_tweets/test.csv", 3263),
        ("crisislex/CrisisLexT6", 60_082),
        ("crisislex/CrisisLexT26/*/*.csv", 27_933),
    ],
)
def test_published_tweets_are_read_without_a_faulty_row(real_data: Path, place: str, rows: int) -> None:
    table = read(real_data / place)
    assert len(table) == rows == table["malformed"].null_count == table["undecodable"].null_count
    assert table["id"].null_count == table["text"].null_count == 0
