"""The quarantine as people meet it: which tables left rows there, which table is meant, and a file to correct."""

import csv
import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tasks import sources
from tasks.ingestion import ingest_corpus, ingest_tweets, quarantine
from tasks.ingestion.retry import retry_tweets
from tasks.store.outputs import Outputs

SOUND = [f"{number},House {chr(97 + number)} burns,{number % 2}" for number in range(26)]
BAD = ["x,Storm,maybe", "y,,1", "z,one,field,too many", '=HYPERLINK("http://evil"),Rain,maybe']

WORDS = sources.ColumnMap(positive=("1",), negative=("0",))  # said, so that a third word is a fault of its rows


@pytest.fixture
def table(home: Path, tmp_path: Path) -> Path:
    path = tmp_path / "set.csv"
    path.write_text("\n".join(["id,text,target", *SOUND, *BAD]))
    return ingest_tweets(sources.fetch(path), WORDS)


def mended(path: Path, texts: dict[str, str]) -> Path:
    """The export with these texts in place of the rows' own, and a label that is known."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["rule"] in texts]
    rows = [{**row, "id": row["id"] or "z", "text": texts[row["rule"]], "target": "1"} for row in rows]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return sources.fetch(path)


def test_tables_with_quarantined_rows_are_listed_with_counts_by_rule(table: Path) -> None:
    (listed,) = quarantine.summaries()
    assert (listed["table"], listed["files"]) == (table.name, ["set.csv"])
    assert (listed["read"], listed["kept"], listed["quarantined"]) == (30, 26, 4)
    assert listed["rules"] == {"unknown-label": 2, "malformed-row": 1, "no-text": 1}


def test_a_corpus_is_listed_and_a_table_without_faults_is_not(home: Path, tmp_path: Path) -> None:
    (tmp_path / "news.jsonl").write_text('{"text": "It rained."}\n{"text": ""}\n')
    (tmp_path / "set.csv").write_text("\n".join(["id,text,target", *SOUND]))
    ingest_corpus(sources.fetch(tmp_path / "news.jsonl"))
    ingest_tweets(sources.fetch(tmp_path / "set.csv"))
    assert [(each["kind"], each["rules"]) for each in quarantine.summaries()] == [("corpus", {"no-text": 1})]


def test_rows_are_shown_with_rule_reason_and_record(table: Path) -> None:
    rows = quarantine.read_rows(table)
    assert [row["source_row"] for row in rows] == [27, 28, 29, 30]
    assert rows[0]["record"] == {"id": "x", "text": "Storm", "target": "maybe"}
    assert rows[2]["record"] == ["z", "one", "field", "too many"]
    assert [row["source_row"] for row in quarantine.read_rows(table, "no-text")] == [28]


def test_a_rule_that_no_row_broke_names_those_that_were(table: Path) -> None:
    with pytest.raises(ValueError, match="only under malformed-row, no-text, unknown-label"):
        quarantine.read_rows(table, "duplicate")


def test_a_table_is_found_by_path_and_by_the_beginning_of_its_digest(table: Path) -> None:
    for reference in (str(table), str(table / "report.html"), table.name, table.name[:6], None):
        assert quarantine.find_table(reference) == table


def test_without_a_name_the_newest_table_is_meant(table: Path, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("\n".join(["id,text,target", *SOUND, BAD[0]]))
    newer = ingest_tweets(sources.fetch(tmp_path / "other.csv"))
    os.utime(table / "manifest.json", (1, 1))
    assert quarantine.find_table(None) == newer


@pytest.mark.parametrize("reference", ["nowhere", "../../etc/passwd", "zz"])
def test_a_table_that_is_none_is_said(table: Path, reference: str) -> None:
    with pytest.raises(ValueError, match="crisisflow quarantine list"):
        quarantine.find_table(reference)


def test_the_export_corrected_and_retried_brings_rows_back(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "mend.csv"
    quarantine.write_rows(quarantine.read_rows(table), out, Outputs())
    texts = {"no-text": "Hail on the roof", "malformed-row": "one field too many no more"}
    retried = retry_tweets(table, mended(out, texts))
    assert quarantine.summarise(retried)["rules"] == {"unknown-label": 2}
    assert quarantine.summarise(retried)["retry_of"] == table.name


def test_no_cell_of_the_export_is_a_formula(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "mend.csv"
    quarantine.write_rows(quarantine.read_rows(table), out, Outputs())
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[3]["id"] == """'=HYPERLINK("http://evil")"""
    assert json.loads(rows[2]["record"]) == ["z", "one", "field", "too many"]
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def test_the_export_is_a_csv_file_or_nothing(table: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"written as \.csv, got 'mend\.xlsx'"):
        quarantine.write_rows(quarantine.read_rows(table), tmp_path / "mend.xlsx", Outputs())


@pytest.mark.parametrize("raw_csv", [False, True])
def test_an_export_with_and_without_the_guard_brings_back_the_same_cells(
    home: Path, tmp_path: Path, raw_csv: bool
) -> None:
    """Numbers and handles, formulas, and cells that begin with an apostrophe of their own."""
    cells = ["-7283648", "@crisis_watch", "=1+1", "'=1+1", "'-5", "@SUM(1)", "'tis"]
    bad = [f"q{number},Storm number {number},maybe,{cell}" for number, cell in enumerate(cells)]
    path = tmp_path / "set.csv"
    path.write_text("\n".join(["id,text,target,location", *(f"{row}," for row in SOUND), *bad]))
    table = ingest_tweets(sources.fetch(path), WORDS)
    out = tmp_path / "mend.csv"
    quarantine.write_rows(quarantine.read_rows(table), out, Outputs(), raw_csv)
    with out.open(newline="") as file:
        shown = [row["location"] for row in csv.DictReader(file)]
    assert shown == (cells if raw_csv else [*cells[:2], "'=1+1", "''=1+1", "''-5", "'@SUM(1)", "'tis"])
    out.write_text(out.read_text().replace("maybe", "1"))
    kept = pq.read_table(retry_tweets(table, sources.fetch(out)) / "tweets.parquet")
    assert kept["location"].drop_null().to_pylist() == cells
