"""Ingest of a label of more than two classes: named values, counts by class, and tables that cannot be learned from."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tasks import sources
from tasks.ingestion import RefusedTable, ingest_tweets
from tasks.ingestion.report import render_report
from tasks.ingestion.steps import tweet_counts
from tasks.sources import ColumnMap

CLASSES = ("0=no disaster", "1=disaster", "Drill")
VALUES = ("0", "1", "drill")
WORDS = ["river", "bridge", "market", "school", "harbour", "station", "garden", "forest", "museum", "village"]
SOUND = [
    f"{number},Alarm at the {first} near the {second},{VALUES[number % 3]}"
    for number, (first, second) in enumerate((first, second) for first in WORDS for second in WORDS)
]


def ingest(folder: Path, rows: list[str], classes: tuple[str, ...] = CLASSES) -> Path:
    path = folder / "set.csv"
    path.write_text("\n".join(["id,text,class", *rows]) + "\n")
    return ingest_tweets(sources.fetch(path), ColumnMap(classes=classes))


def report(artifact: Path) -> dict[str, Any]:
    return json.loads((artifact / "report.json").read_text())


def test_a_row_carries_the_place_of_its_class(home: Path, tmp_path: Path) -> None:
    artifact = ingest(tmp_path, SOUND)
    targets = pq.read_table(artifact / "tweets.parquet")["target"].to_pylist()
    assert targets == [number % 3 for number in range(100)]
    assert ColumnMap(**report(artifact)["reading"]["columns"]).class_names == ("no disaster", "disaster", "Drill")


def test_every_class_is_counted_and_there_are_no_positives(home: Path, tmp_path: Path) -> None:
    artifact = ingest(tmp_path, SOUND)
    found, test = report(artifact), tweet_counts(artifact)["test"]
    assert sum(found["splits"][split]["classes"]["Drill"] for split in found["splits"]) == 33
    assert set(test) == {"rows", "classes"}
    assert test["rows"] == sum(test["classes"].values())
    page = render_report(found)
    assert "More in Drill" in page
    assert "More positive" not in page


def test_a_class_may_be_called_by_a_number_or_have_a_dot(home: Path, tmp_path: Path) -> None:
    found = report(ingest(tmp_path, SOUND, ("0=1", "1=v1.2", "drill")))
    assert found["classes"] == ["1", "v1.2", "drill"]
    assert "v1.2" in render_report(found)


def test_one_text_under_two_of_three_classes_is_a_conflict(home: Path, tmp_path: Path) -> None:
    artifact = ingest(tmp_path, [*SOUND, "101,Smoke over town,1", "102,Smoke over town,drill"])
    assert report(artifact)["counts"]["conflicting"] == 2


def test_a_value_without_a_class_is_quarantined(home: Path, tmp_path: Path) -> None:
    artifact = ingest(tmp_path, [*SOUND, "101,Smoke over town,maybe"])
    (row,) = pq.read_table(artifact / "quarantine.parquet").to_pylist()
    assert row["rule"] == "unknown-label"
    assert "--label-class" in row["reason"]


def test_a_class_of_next_to_no_training_rows_is_refused_by_name(home: Path, tmp_path: Path) -> None:
    with pytest.raises(RefusedTable, match=r"rare-class: 0 training rows .*\(storm\)") as refused:
        ingest(tmp_path, SOUND, (*CLASSES, "9=storm"))
    assert refused.value.threshold == "at least 5"


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (("0=no", "1=yes"), "--positive-label"),
        (("0=no", "1=yes", "0=maybe"), "given twice"),
        (("0=no", "1=yes", "2="), "is no class"),
        (("0=n o", "1=n-o", "2=no"), "column names"),
        (tuple(map(str, range(51))), "at most 50"),
    ],
)
def test_classes_that_cannot_be_are_refused_with_the_remedy(classes: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ColumnMap(classes=classes)


def test_classes_and_words_for_yes_and_no_exclude_one_another() -> None:
    with pytest.raises(ValueError, match="leave --positive-label"):
        ColumnMap(classes=CLASSES, positive=("1",))


def test_what_is_recorded_of_two_classes_stays_as_it_was() -> None:
    assert "classes" not in ColumnMap().model_dump()
