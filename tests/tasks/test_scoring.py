"""Scoring writes one row for every row it read, whole files only."""

import csv
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks import scoring

BATCH = pa.RecordBatch.from_pydict(
    {
        "source": ["a.csv"] * 4,
        "source_row": pa.array([1, 2, 3, 4], pa.int64()),
        "id": ["1", "=2+3", None, "4"],
        "text": ["fire", "no fire", "flood", None],
        "keyword": pa.array([None, "fire", None, None], pa.string()),
    }
)


class LengthModel:
    """A stand-in for a logged model: longer texts are likelier to be disasters."""

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        probability = rows["text"].str.len() / 10
        return pd.DataFrame({"probability": probability, "label": (probability >= 0.5).astype("int64")})


def scored() -> pa.Table:
    return scoring.score_batch(BATCH, LengthModel(), "length", "3")


def test_there_is_a_row_for_every_row_in_their_order() -> None:
    assert scored()["id"].to_pylist() == ["1", "=2+3", "a.csv:3", "4"]
    assert scored()["probability"].to_pylist() == [0.4, 0.7, 0.5, None]
    assert scored()["label"].to_pylist() == [0, 1, 1, None]


def test_rows_without_text_are_counted() -> None:
    assert scoring.count(scored()) == {"rows": 4, "positives": 2, "unscored": 1}


def test_a_batch_without_any_text_is_no_error() -> None:
    assert scoring.score_batch(BATCH.slice(3), LengthModel(), "length", "3")["probability"].to_pylist() == [None]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_every_format_holds_the_same_rows(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"scored{suffix}"
    with scoring.output_file(out) as write:
        write(scored())
        write(scored())
    if suffix == ".csv":
        rows = pd.read_csv(out, dtype={"id": str})["id"].tolist()
        assert rows[1] == "'=2+3"
    elif suffix == ".parquet":
        rows = pq.read_table(out)["id"].to_pylist()
    else:
        rows = [json.loads(line)["id"] for line in out.read_text().splitlines()]
    assert len(rows) == 8
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "'=", "＝"])
def test_no_cell_of_a_csv_file_is_a_formula(tmp_path: Path, start: str) -> None:
    """Neither an id, which strangers write, nor the name of a model."""
    batch = BATCH.set_column(2, "id", pa.array([f'{start}cmd|"/c calc"!A1'] * 4))
    with scoring.output_file(tmp_path / "scored.csv") as write:
        write(scoring.score_batch(batch, LengthModel(), f"{start}model", "3"))
    with (tmp_path / "scored.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["id"] for row in rows} == {f"""'{start}cmd|"/c calc"!A1"""}
    assert {row["model"] for row in rows} == {f"'{start}model"}


def test_an_interrupted_file_leaves_the_old_one(tmp_path: Path) -> None:
    out = tmp_path / "scored.csv"
    out.write_text("old")
    with pytest.raises(KeyboardInterrupt), scoring.output_file(out) as write:
        write(scored())
        raise KeyboardInterrupt
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("name", "message"), [("scored.xls", "end its name in"), ("nowhere/scored.csv", "make it first")]
)
def test_an_impossible_output_is_refused_before_any_work(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scoring.check_output(tmp_path / name)
