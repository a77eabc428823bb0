"""What the columns of a table mean: exact names, labels, ids that were rounded, encodings that are guessed."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.ingestion import ingest_tweets
from tasks.ingestion.errors import RefusedTable
from tasks.sources import ColumnMap, ReadingNotes, SourceError, read_tweets
from tasks.sources.columns import fold_labels
from tasks.sources.options import ReadingOptions

POLISH = [
    *(
        "Pożar",
        "lasu,",
        "straż",
        "gasiła",
        "ogień",
        "całą",
        "noc.",
        "Powódź",
        "zalała",
        "wieś,",
        "łąki",
        "pod",
        "wodą,",
    ),
    *("ludzie", "są", "bezpieczni."),
]


def write(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def read(path: Path, columns: ColumnMap | None = None, notes: ReadingNotes | None = None) -> pa.Table:
    batches = read_tweets(path, columns, notes=notes)
    return pa.Table.from_batches([batch.drop_columns(["record"]) for batch in batches])


@pytest.mark.parametrize("header", ["_id,id,Text_,text", "id,_id,text,Text_"])
def test_an_exact_name_beats_a_similar_one(header: str) -> None:
    found = ColumnMap().find(header.split(","), "a.csv")
    assert found == {"id": "id", "text": "text"}


def test_labels_that_say_the_same_are_one() -> None:
    labels = pa.array(["1", "1.0", '"1"', "True", "TRUE", "Not_Relevant", "not relevant", "-1", None])
    assert fold_labels(labels).to_pylist() == ["1"] * 5 + ["not relevant"] * 2 + ["-1", None]


def labelled(values: list[str]) -> str:
    rows = [f"{number},A flood in Oakton closed road {number},{value}\n" for number, value in enumerate(values * 20)]
    return "id,text,target\n" + "".join(rows)


@pytest.mark.parametrize("values", [["0", "1", "2"], ["-1", "0", "1"], ["0", "4"], ["fire", "flood", "calm"]])
def test_labels_without_meaning_are_refused_until_words_are_given(tmp_path: Path, values: list[str]) -> None:
    path = write(tmp_path / "a.csv", labelled(values))
    with pytest.raises(RefusedTable, match="--positive-label"):
        ingest_tweets(path)


@pytest.mark.parametrize("shape", ["1.20000E+18", "1.2000000079190239e+18", "1200000007919023872.0"])
def test_rounded_ids_are_refused_and_can_be_left_out(tmp_path: Path, shape: str) -> None:
    path = write(tmp_path / "a.csv", f"id,text\n{shape},Fire\n{shape},Flood\n")
    with pytest.raises(SourceError, match="--no-ids"):
        read(path)
    assert read(path, ColumnMap(ids=False))["id"].to_pylist() == ["a.csv:1", "a.csv:2"]


def test_one_id_that_looks_like_a_rounded_number_stays(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,text\n1.23E+17,Fire\n-7283648,Flood\n@mayor,calm\n")
    assert read(path)["id"].to_pylist() == ["1.23E+17", "-7283648", "@mayor"]


def test_float_ids_are_read_up_to_where_floats_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [1.0, float("nan"), 2.0**53], "text": ["Fire", "Flood", "calm"]}), path)
    assert read(path)["id"].to_pylist() == ["1", None, str(2**53)]
    pq.write_table(pa.table({"id": [1.0, 1.2e18], "text": ["Fire", "Flood"]}), path)
    with pytest.raises(SourceError, match="rounded numbers"):
        read(path)


@pytest.mark.parametrize("word", ["nan", "NaN", "None", "null", "NA"])
def test_a_word_for_nothing_is_no_keyword_and_no_location(tmp_path: Path, word: str) -> None:
    table = read(write(tmp_path / "a.csv", f"id,keyword,location,text\n1,{word},{word},Fire\n2,fire,Oakton,Flood\n"))
    assert table["keyword"].to_pylist() == [None, "fire"]
    assert table["location"].to_pylist() == [None, "Oakton"]


def polish(encoding: str) -> bytes:
    rows = [f"{number};Flood {' '.join(POLISH[number % 9 : number % 9 + 5])}\n" for number in range(40)]
    return ("id;text\n" + "".join(rows)).encode(encoding)


def test_another_code_page_is_told_by_its_letters(tmp_path: Path) -> None:
    notes = ReadingNotes()
    (tmp_path / "a.csv").write_bytes(polish("cp1250"))
    table = read(tmp_path / "a.csv", notes=notes)
    assert notes.files[0].encoding == "cp1250"
    assert "straż" in " ".join(table["text"].to_pylist())


def test_dashes_and_quotes_of_a_mac_are_told_from_windows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id;text\n" + "1;We don’t know more… – they said\n" * 20, "mac_roman")
    assert set(read(path)["text"].to_pylist()) == {"We don’t know more… – they said"}


def test_a_doubtful_encoding_is_refused_with_the_remedy(tmp_path: Path) -> None:
    text = "Yangın büyüyor, şehirde sular yükseldi, çok sayıda kişi yaralandı"
    path = write(tmp_path / "a.csv", "id;text\n" + f"1;{text}\n" * 20, "cp1254")
    with pytest.raises(SourceError, match="say it with --encoding"):
        read(path)
    (batch,) = read_tweets(path, encoding="cp1254")
    assert batch["text"][0].as_py() == text


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n"])
def test_what_is_no_delimiter_is_refused(delimiter: str) -> None:
    with pytest.raises(ValueError, match="delimiter must be one character"):
        ReadingOptions(delimiter=delimiter)
