"""Labels join a table: the same bytes each time, every label accounted for, and no row of the source lost."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from models.settings import SplitSettings
from models.splitting.splits import assign_splits
from tasks import sources
from tasks.ingestion import ingest_tweets
from tasks.ingestion.quarantine import read_rows
from tasks.ingestion.retry import retry_tweets
from tasks.labels.joining import join_labels
from tasks.labels.snapshot import find_snapshot
from tasks.labels.store import Answer, groups_of, record, undo
from tasks.replay.requests import pinned
from tasks.sources import ColumnMap
from tasks.tracking.requests import Request

WORDS = ["river", "bridge", "market", "school", "harbour", "station"]
SOUND = [
    [str(number), f"Fire at the {first} near the {second}", str(number % 2)]
    for number, (first, second) in enumerate((first, second) for first in WORDS for second in WORDS)
]
NEW = [f"Smoke over the {word} this {time}" for word in WORDS for time in ("morning", "night")]


@pytest.fixture
def table(home: Path, tmp_path: Path) -> Path:
    """The checked table of the sound rows."""
    file = tmp_path / "set.csv"
    with file.open("w", newline="") as lines:
        csv.writer(lines).writerows([("id", "text", "target"), *SOUND])
    return ingest_tweets(sources.fetch(file))


def of_split(texts: list[str], split: str) -> str:
    """The first of these texts that belongs to this split."""
    import pyarrow as pa

    return texts[assign_splits(pa.array(groups_of(texts)), SplitSettings()).to_pylist().index(split)]


def say(text: str, label: int, annotator: str = "ada", asked: str = "own", id: str = "n") -> None:
    record([Answer(annotator, id, text, label, asked=asked)])  # type: ignore[arg-type]


def join(table: Path) -> Path:
    snapshot = find_snapshot("own")
    assert snapshot is not None
    return join_labels(table, snapshot)


def rows(table: Path) -> list[dict[str, Any]]:
    return pq.read_table(table / "tweets.parquet").to_pylist()


def report(table: Path) -> dict[str, Any]:
    return dict(json.loads((table / "report.json").read_text()))


def test_a_new_label_is_a_row_more_and_the_table_before_stays(table: Path) -> None:
    text, before = of_split([f"{text} & more" for text in NEW], "train"), rows(table)
    say(text.replace("&", "&amp;"), 1)
    joined = join(table)
    assert rows(joined)[:-1] == before == rows(table)
    new = rows(joined)[-1]
    assert (new["id"], new["text"], new["target"], new["source"]) == ("n", text, 1, "labels")
    counts = report(joined)["counts"]
    assert counts["read"] == counts["kept"] + counts["quarantined"] == len(before) + 1


def test_the_same_labels_give_the_same_bytes_and_an_undone_label_is_as_if_never_given(table: Path) -> None:
    say(of_split(NEW, "train"), 1)
    first = join(table)
    say(NEW[-1], 0, asked="random")
    assert join(table) != first
    undo("ada")
    assert join(table) == first


def test_labels_that_may_not_be_used_are_quarantined_with_the_reason(table: Path) -> None:
    say(of_split(NEW, "test"), 1, asked="chosen")
    say(of_split(NEW, "train"), 1)
    say(of_split(NEW, "train"), 0, "bo")
    say("wind " * 2000, 1)
    joined = join(table)
    assert [row["target"] for row in rows(joined)] == [row["target"] for row in rows(table)]
    found = {(row["rule"], row["reason"]) for row in read_rows(joined)}
    assert found == {
        ("not-random", "the text belongs to the test split, and a model chose it"),
        ("conflicting-annotators", "annotators differ: ada says 1, bo says 0"),
        ("over-long", "longer than 5,000 characters"),
    }
    assert report(joined)["own_labels"]["outcomes"] == {"conflicting-annotators": 2, "not-random": 1, "over-long": 1}


def test_a_random_share_label_may_become_a_test_row(table: Path) -> None:
    say(of_split(NEW, "test"), 1, asked="random")
    assert rows(join(table))[-1]["split"] == "test"


def test_an_audited_label_corrects_the_row_and_its_twins_but_no_test_row(table: Path) -> None:
    texts = [row[1] for row in SOUND]
    train, test = of_split(texts, "train"), of_split(texts, "test")
    old = {row["text"]: row["target"] for row in rows(table)}
    say(f"RT {train}!!", 1 - old[train], asked="audit")
    say(test, 1 - old[test], asked="audit")
    joined = join(table)
    changed = {row["text"] for row in rows(joined) if row["target"] != old[row["text"]]}
    assert changed == {train}
    assert report(joined)["own_labels"]["outcomes"] == {"corrected": 1, "not-random": 1}


def test_ids_that_are_taken_or_missing_are_replaced_by_the_number_of_the_label(table: Path) -> None:
    first, second = [text for text in NEW if of_split([text, *NEW], "train") == text][:2]
    say(first, 1, id="1")
    say(second, 1, id="")
    assert [row["id"] for row in rows(join(table))[-2:]] == ["labels:1", "labels:2"]


def test_a_table_with_labels_is_not_retried_but_the_one_that_they_joined(table: Path) -> None:
    say(of_split(NEW, "test"), 1)
    with pytest.raises(ValueError, match=f"retry the table {table.name}"):
        retry_tweets(join(table))


def test_own_labels_none_of_them_a_file_or_a_snapshot_are_found(table: Path, tmp_path: Path) -> None:
    assert find_snapshot("own") is None
    say(NEW[0], 1)
    assert find_snapshot("none") is None
    own = find_snapshot("own")
    assert own is not None
    assert find_snapshot(str(own)) == own
    file = tmp_path / "labels.csv"
    file.write_text(f"text,label,annotator\n{NEW[0]},1,ada\n{NEW[0]}!,0,ada\n{NEW[1]},0,bo\n")
    named = find_snapshot(str(file))
    assert named is not None
    assert [row["label"] for row in pq.read_table(named / "labels.parquet").to_pylist()] == [0, 0]
    file.write_text("text,label\nFire,perhaps\n")
    with pytest.raises(ValueError, match="no label that can be used"):
        find_snapshot(str(file))


def test_a_replay_reads_the_labels_that_the_run_read_and_none_where_it_read_none(tmp_path: Path) -> None:
    request = Request("retrain", {"request": {"labels": "own"}})
    with_labels = pinned(request, {("add_labels", "labels"): ["/store/labels/abc"]}, tmp_path)
    assert with_labels.parameters["request"]["labels"] == "/store/labels/abc"
    assert pinned(request, {}, tmp_path).parameters["request"]["labels"] == "none"


def test_labels_do_not_join_the_bundled_sample(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.own_labels import add_own_labels
    from tasks.sample import FOLDER

    sample = ingest_tweets(sources.fetch(FOLDER / "tweets.csv"))
    say(NEW[0], 1)
    run: Any = None
    assert add_own_labels("own", sample, run) == sample
    with pytest.raises(ValueError, match="not added to the bundled sample"):
        add_own_labels(str(find_snapshot("own")), sample, run)


@pytest.fixture
def of_three(home: Path, tmp_path: Path) -> Path:
    """The sound rows under three classes, one of which is called by a number that another has in the column."""
    file = tmp_path / "three.csv"
    with file.open("w", newline="") as lines:
        told = [[row[0], row[1], str(number % 3)] for number, row in enumerate(SOUND)]
        csv.writer(lines).writerows([("id", "text", "class"), *told])
    columns = ColumnMap(classes=("0=no disaster", "1=drill", "2=1"))
    return ingest_tweets(sources.fetch(file), columns)


def test_labels_that_name_a_class_join_a_table_of_several_and_those_of_two_do_not(of_three: Path) -> None:
    text, other = [text for text in NEW if of_split([text, *NEW], "train") == text][:2]
    record([Answer("ada", "a", text, "drill"), Answer("ada", "b", other, "1"), Answer("ada", "c", NEW[-1], 1)])
    snapshot = find_snapshot("own", ("no disaster", "drill", "1"))
    assert snapshot is not None
    joined = join_labels(of_three, snapshot)
    added = {row["text"]: row["target"] for row in rows(joined) if row["source"] == "labels"}
    assert added == {text: 1, other: 2}
    assert report(joined)["classes"] == ["no disaster", "drill", "1"]
    assert report(joined)["own_labels"]["outcomes"] == {"added": 2}


def test_annotators_who_differ_are_named_with_the_classes_and_an_audit_corrects(of_three: Path) -> None:
    train = next(row for row in rows(of_three) if row["split"] == "train" and row["target"] == 0)
    text = of_split(NEW, "train")
    record([Answer("ada", "a", text, "drill"), Answer("bo", "a", text, "no disaster")])
    record([Answer("ada", train["id"], train["text"], "1", asked="audit")])
    snapshot = find_snapshot("own", ("no disaster", "drill", "1"))
    assert snapshot is not None
    joined = join_labels(of_three, snapshot)
    assert {row["reason"] for row in read_rows(joined)} == {"annotators differ: ada says drill, bo says no disaster"}
    assert next(row["target"] for row in rows(joined) if row["id"] == train["id"]) == 2


def test_labels_of_another_kind_than_the_tables_are_refused_and_told(table: Path, of_three: Path) -> None:
    from flows.own_labels import add_own_labels

    run: Any = None
    say(NEW[0], 1)
    of_two = str(find_snapshot("own"))
    record([Answer("ada", "a", NEW[1], "drill")])
    named = str(find_snapshot("own", ("drill", "x", "y")))
    with pytest.raises(ValueError, match="a label of 3 classes, for they say disaster or no disaster"):
        add_own_labels(of_two, of_three, run)
    with pytest.raises(ValueError, match="a label of two classes, for they name others"):
        add_own_labels(named, table, run)
