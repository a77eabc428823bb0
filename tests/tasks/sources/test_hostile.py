"""Files made to exhaust, to mislead or to crash their reader: refused in a clear sentence, or set aside row by row."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks import sources
from tasks.sources import ReadingNotes, SourceError, SourceLimits, read_tweets
from tasks.sources.records import MOST_COLUMNS

ROWS = 77
ROWS_VARINT, OTHER_VARINT = b"\x16\x9a\x01", b"\x16\x9c\x01"  # fields of Thrift: the number 77, and 78


def read(path: Path, limits: SourceLimits | None = None) -> pa.Table:
    columns = ["id", "text", "malformed", "source_row"]
    batches = read_tweets(path, limits=limits or SourceLimits())
    return pa.Table.from_batches([batch.select(columns) for batch in batches])


def test_a_field_of_100_mb_costs_one_row_and_no_memory(tmp_path: Path) -> None:
    """Read in a process that may not hold as much; quoted and not, with the rows around it sound."""
    path = tmp_path / "set.csv"
    with path.open("w") as file:
        file.write("id,text\n1,before\n2,")
        for _ in range(100):
            file.write("x" * (1 << 20))
        file.write('\n3,between\n4,"')
        for _ in range(100):
            file.write("y" * (1 << 20))
        file.write('"\n5,after\n')
    code = (
        "import resource, sys; from tasks.sources import read_tweets\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "rows = [row for batch in read_tweets(sys.argv[1]) for row in batch.select(['id', 'malformed']).to_pylist()]\n"
        "print([row['id'] for row in rows], sum(row['malformed'] is not None for row in rows))\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    rows, megabytes = done.stdout.splitlines()
    assert rows == "['1', None, '3', None, '5'] 2"
    assert int(megabytes) < 100


def parquet(path: Path, table: pa.Table) -> Path:
    pq.write_table(table, path, compression="zstd")
    return path


@pytest.mark.parametrize("lies", [1, 2, 9])
def test_a_parquet_file_that_lies_about_its_rows_is_refused(tmp_path: Path, lies: int) -> None:
    """In its own count, in that of its row group too, and in every number that says so."""
    path = parquet(tmp_path / "set.parquet", pa.table({"text": [f"tweet {number}" for number in range(ROWS)]}))
    honest = path.read_bytes()
    assert honest.count(ROWS_VARINT) >= 2
    path.write_bytes(honest.replace(ROWS_VARINT, OTHER_VARINT, lies))
    with pytest.raises(SourceError, match=r"set\.parquet (says it has|is not a sound Parquet file)"):
        read(path)


@pytest.mark.parametrize("keeps_type", [True, False])
def test_a_parquet_file_that_unpacks_without_end_is_refused(tmp_path: Path, keeps_type: bool) -> None:
    """Two gigabytes: twenty thousand times a text of 100,000 characters, in a few kilobytes. It is never unpacked."""
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), ["House burns" * 9_000])
    path = tmp_path / "set.parquet"
    pq.write_table(pa.table({"text": text}), path, compression="zstd", store_schema=keeps_type)
    assert path.stat().st_size < 20_000
    with pytest.raises(SourceError, match="a zip bomb"):
        read(path, SourceLimits(ratio_grace_bytes=8 << 20))
    with pytest.raises(SourceError, match="would unpack to"):
        read(path, SourceLimits(unpacked_bytes=1_000))


def test_a_parquet_file_that_is_cut_or_scrambled_is_refused(tmp_path: Path) -> None:
    path = parquet(tmp_path / "set.parquet", pa.table({"text": [f"tweet {number}" for number in range(ROWS)]}))
    honest = path.read_bytes()
    for broken in (honest[:-20], honest[: len(honest) // 2] + b"PAR1", b"PAR1" + bytes(100) + b"\xff\xff\xff\x7fPAR1"):
        path.write_bytes(broken)
        with pytest.raises(SourceError, match="is not a sound Parquet file"):
            read(path)


def test_a_number_of_thousands_of_digits_costs_one_row(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text('{"id": 1, "text": "a"}\n{"id": ' + "9" * 10_000 + ', "text": "b"}\n{"id": 3, "text": "c"}\n')
    assert read(path)["id"].to_pylist() == ["1", None, "3"]


@pytest.mark.parametrize("brackets", ["[", '{"a":'])
def test_json_nested_without_end_costs_one_row(tmp_path: Path, brackets: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text('{"id": 1, "text": "a"}\n' + brackets * 100_000 + '\n{"id": 3, "text": "c"}\n')
    assert read(path)["id"].to_pylist() == ["1", None, "3"]


def test_more_columns_than_a_table_has_are_refused(tmp_path: Path) -> None:
    """Every object with keys of its own would make a table of rows times rows cells."""
    (tmp_path / "set.jsonl").write_text(
        "\n".join(json.dumps({"text": "a", f"k{row}": 1}) for row in range(MOST_COLUMNS))
    )
    (tmp_path / "set.csv").write_text("text" + ",x" * MOST_COLUMNS + "\na\n")
    for name in ("set.jsonl", "set.csv"):
        with pytest.raises(SourceError, match="2,001 columns, 2,000 are the limit"):
            read(tmp_path / name)


@pytest.mark.parametrize("encoding", ["hex", "zip", "rot13", "undefined", "no-such", "a\x00b", "../x"])
def test_an_encoding_that_is_none_of_text_is_refused(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "set.csv").write_text("id,text\n1,Fire\n")
    with pytest.raises(SourceError, match="unknown encoding"):
        list(read_tweets(tmp_path / "set.csv", encoding=encoding, notes=ReadingNotes()))


def test_a_word_list_is_small(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.sources.SMALL_CHARACTERS", 10)
    (tmp_path / "pairs.txt").write_text("tiger cat 7.35\n")
    with pytest.raises(SourceError, match="longer than 10 characters"):
        sources.read_text(tmp_path / "pairs.txt")
