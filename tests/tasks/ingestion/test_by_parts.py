"""An ingest whose parts are read, compared and judged one by one has the bytes of one that reads all."""

import csv
import io
import json
import pickle
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.settings import ContractSettings
from tasks import sources
from tasks.cluster.execution import Sent, execute
from tasks.cluster.units import Unit, running_on
from tasks.ingestion import RefusedTable, ingest_tweets, keyword_counts, outputs
from tasks.sources import ColumnMap, SourceError, delimited, lines

WORDS = ["fire", "flood", 'a "big" one', "line\nend", "comma, and", "café", "smoke", "bridge", "5' wall", "&amp; rain"]
NAMES = ("tweets.parquet", "quarantine.parquet", "report.json", "report.html")
Rows = list[list[str]]


class Elsewhere:
    """A cluster of one worker in this process: units and what they return are pickled, and some run twice."""

    def __init__(self) -> None:
        self.workers = 1
        self.names: list[str] = []

    def results(self, units: Iterable[Unit]) -> Iterator[Any]:
        """What each unit returns."""
        for number, unit in enumerate(units):
            self.names.append(unit.name)
            sent = pickle.dumps(Sent.of(unit))
            if number % 5 == 0:
                execute(pickle.loads(sent))
            yield pickle.loads(pickle.dumps(execute(pickle.loads(sent)))).unpack()

    def stop(self) -> None:
        """Nothing runs elsewhere."""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    for module in ("lines", "pieces"):
        monkeypatch.setattr(f"tasks.sources.{module}.BLOCK_CHARACTERS", 8000)
    monkeypatch.setattr("tasks.sources.pieces.PIECE_BLOCKS", 2)
    monkeypatch.setattr(delimited, "PIECE_BLOCKS", 2)
    monkeypatch.setattr("tasks.sources.parts.PART_BYTES", 16_000)
    monkeypatch.setattr(outputs, "GROUP_ROWS", 100)
    monkeypatch.setattr(keyword_counts, "WINDOW_ROWS", 64)
    monkeypatch.setattr(keyword_counts, "REMEMBERED", 30)


def tweets(count: int, seed: int = 0, first: int = 0) -> Rows:
    """Tweets among which are copies, contradictions, repeated ids and texts that do not pass."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(first, first + count):
        text = " ".join(random.choice(WORDS, 5)) + f" {random.integers(count // 2)}"
        rows.append([str(number), f"k{random.integers(60)}", text, str(int(random.integers(2)))])
        if number % 17 == 3:
            rows[-1][2] = rows[int(random.integers(len(rows)))][2]
        if number % 29 == 5:
            rows[-1][0] = rows[int(random.integers(len(rows)))][0]
        if number % 41 == 7:
            rows[-1][2] = ["", "Err:509", "bell \x07 rings", "long " * 1000][number % 4]
    return rows


def text_of(rows: Rows, header: tuple[str, ...] = ("id", "keyword", "text", "target"), **form: Any) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, **form).writerows([header, *rows])
    return text.getvalue()


def bytes_of(artifact: Path) -> dict[str, bytes]:
    return {name: (artifact / name).read_bytes() for name in NAMES}


def compare(source: Path, **options: Any) -> tuple[dict[str, Any], list[str]]:
    """The report of a source that is ingested in both ways, and the names of the units."""
    snapshot = sources.fetch(source)
    alone = bytes_of(ingest_tweets(snapshot, **options))
    elsewhere = Elsewhere()
    with running_on(elsewhere):
        parted = bytes_of(ingest_tweets(snapshot, **options))
    assert json.loads(parted["report.json"]) == json.loads(alone["report.json"])
    assert parted == alone
    return json.loads(alone["report.json"]), elsewhere.names


def read_parts(names: list[str]) -> int:
    return sum(name.startswith("read part") for name in names)


def test_every_kind_of_row_comes_to_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text_of(tweets(900)), newline="")
    report, names = compare(path)
    assert {"duplicate", "conflicting-labels", "repeated-id", "no-text", "control-characters"} <= report["rules"].keys()
    assert read_parts(names) > 3
    assert sum(name.startswith("judge") for name in names) == read_parts(names)


def test_rows_without_ids_are_numbered_through(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text_of(tweets(900)), newline="")
    _, names = compare(path, columns=ColumnMap(ids=False))
    assert any(name.startswith("number rows") for name in names)


def test_an_id_that_is_the_place_of_another_row_is_a_repeated_one(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(
        text_of([row[1:] for row in tweets(500)], ("keyword", "text", "target")), newline=""
    )
    rows = [["b.csv:400", "k", "a text of its own", "1"], *tweets(300, 1)]
    (tmp_path / "c.csv").write_text(text_of(rows), newline="")
    report, _ = compare(tmp_path)
    assert "the same id as b.csv row 400" in json.dumps(report["examples"])


def test_files_of_any_kind_are_parts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text_of(tweets(300)), newline="")
    (tmp_path / "b.tsv").write_text(text_of(tweets(300, 1, 300), delimiter="\t"), encoding="utf-16", newline="")
    records = [dict(zip(("id", "keyword", "text", "target"), row, strict=True)) for row in tweets(300, 2, 600)]
    (tmp_path / "c.jsonl").write_text("\n".join(map(json.dumps, records)))
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "d.parquet")
    for number in range(5):
        (tmp_path / f"e{number}.csv").write_text(text_of(tweets(20, 3 + number, 900 + 20 * number)), newline="")
    (tmp_path / "notes.md").write_text("no table")
    report, names = compare(tmp_path)
    assert [file["name"] for file in report["files"]][-1] == "e4.csv"
    assert report["passed_over"] == {"notes.md": "not data, by its name"}
    assert read_parts(names) > 5


def test_a_quote_that_never_closes_costs_the_same_row(tmp_path: Path) -> None:
    broken = text_of(tweets(900)).split("\r\n")
    for place in (200, 333, 480, 700):
        broken[place] = f'{place},k,"never closed {place},1'
    path = tmp_path / "a.csv"
    path.write_text("\r\n".join(broken), newline="")
    report, names = compare(path)
    assert report["rules"]["malformed-row"] >= 4
    assert any(name.startswith("judge") for name in names)


def test_a_second_source_is_looked_for_among_the_parts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text_of(tweets(600)), newline="")
    (tmp_path / "b.csv").write_text(text_of(tweets(600)[40:100]), newline="")
    report, _ = compare(tmp_path / "a.csv", against=sources.fetch(tmp_path / "b.csv"))
    assert report["contamination"]["exact"] > 10


def test_labels_that_are_missing_in_a_later_file_are_refused_alike(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text_of(tweets(300)), newline="")
    (tmp_path / "b.csv").write_text(text_of([row[:3] for row in tweets(300)], ("id", "keyword", "text")), newline="")
    refusals = []
    for elsewhere in (None, Elsewhere()):
        with pytest.raises(RefusedTable, match="no column that looks like the label") as caught:
            if elsewhere is None:
                ingest_tweets(sources.fetch(tmp_path))
            else:
                with running_on(elsewhere):
                    ingest_tweets(sources.fetch(tmp_path))
        refusals.append(str(caught.value))
    assert refusals[0] == refusals[1]


def test_labels_that_begin_in_a_later_file_come_to_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text_of([row[:3] for row in tweets(300)], ("id", "keyword", "text")), newline="")
    (tmp_path / "b.csv").write_text(text_of(tweets(300, 1, 300)), newline="")
    report, _ = compare(tmp_path)
    assert report["labelled"] is False


def test_a_dialect_that_too_many_rows_contradict_is_refused_alike(tmp_path: Path) -> None:
    quoted = "".join(f'{number}\tk\t"He said ""{number}"""\t0\n' for number in range(500))
    plain = "".join(f'{number}\tk\t"{number}" he said\t0\n' for number in range(2000))
    path = tmp_path / "a.tsv"
    path.write_text("id\tkeyword\ttext\ttarget\n" + quoted + plain)
    snapshot = sources.fetch(path)
    with pytest.raises(SourceError) as alone:
        ingest_tweets(snapshot)
    with running_on(Elsewhere()), pytest.raises(SourceError) as parted:
        ingest_tweets(snapshot)
    assert str(alone.value) == str(parted.value)


def test_a_source_of_one_small_file_is_read_here(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text_of(tweets(60)), newline="")
    _, names = compare(path, contract=ContractSettings(max_quarantined_share=1.0))
    assert names == []


def test_row_groups_do_not_tell_in_what_batches_rows_came(tmp_path: Path) -> None:
    schema = pa.schema([("text", pa.string())])
    table = pa.table({"text": [f"fire {number % 7}" for number in range(1000)]}, schema)
    for name, size in (("one", 1000), ("many", 7)):
        with outputs.RowGroups(tmp_path / name, schema) as groups:
            for start in range(0, 1000, size):
                groups.write_table(table.slice(start, size))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "many").read_bytes()
    assert lines.BLOCK_CHARACTERS == 8000
