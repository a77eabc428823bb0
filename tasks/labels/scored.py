"""Tweets with what a model says of them: asked again, or read from what `score` wrote."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from models.drift.familiarity import Familiarity
from tasks.scoring.predicting import score_chunk

READ = ("id", "probability", "label", "doubt", "model", "version")
COLUMNS = ("id", "text", "keyword", "probability", "doubt")


class Scores(NamedTuple):
    """The rows of a scoring (id, probability, label, doubt), the model's registered version, and its threshold."""

    rows: pa.Table
    version: str
    threshold: float

    def of(self, chunks: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """The rows of `tasks.scoring.rows` that have a score by their id, with the columns of COLUMNS."""
        for chunk in chunks:
            places = pc.index_in(chunk["id"].cast(pa.string()), self.rows["id"])
            found = chunk.filter(pc.and_(pc.is_valid(places), pc.is_valid(chunk["text"])))
            there = self.rows.take(places.filter(pc.and_(pc.is_valid(places), pc.is_valid(chunk["text"]))))
            columns = [found[name] for name in COLUMNS[:3]] + [there[name] for name in COLUMNS[3:]]
            yield pa.table(columns, names=COLUMNS)


def ask_model(chunks: Iterable[pa.Table], model: Any, familiarity: Familiarity) -> Iterator[pa.Table]:
    """The rows of `tasks.scoring.rows` that have a text, with what the model says: the columns of COLUMNS."""
    for chunk in chunks:
        answers = score_chunk(chunk, model, familiarity)
        rows = pa.table([*(chunk[name] for name in COLUMNS[:3]), *(answers[name] for name in COLUMNS[3:])], COLUMNS)
        yield rows.filter(pc.is_valid(rows["probability"]))


def read_scores(path: Path) -> Scores:
    """What `score` wrote: a file, or a folder of parts.

    Raises ValueError for a file of another kind, one without these columns, and one without rows.
    """
    files = sorted(path.glob("part-*.parquet")) if path.is_dir() else [path]
    table = pa.concat_tables([_read(file) for file in files], promote_options="default") if files else pa.table({})
    if missing := [name for name in READ[:3] if name not in table.column_names]:
        raise ValueError(f"{path} is not an output of `crisisflow score`: it has no {', '.join(missing)}")
    if not len(table):
        raise ValueError(f"{path} holds no scores")
    if pa.types.is_string(table["label"].type) or pa.types.is_large_string(table["label"].type):
        raise ValueError(f"{path} was scored by a model of several classes: the label queue needs a label of two")
    doubts = table["doubt"].cast(pa.string()) if "doubt" in table.column_names else pa.nulls(len(table), pa.string())
    rows = pa.table({"id": table["id"].cast(pa.string()), "probability": table["probability"], "doubt": doubts})
    rows = rows.set_column(
        2, "doubt", pc.if_else(pc.equal(rows["doubt"], ""), pa.scalar(None, pa.string()), rows["doubt"])
    )
    version = str(table["version"][0].as_py() or "") if "version" in table.column_names else ""
    return Scores(rows, version, _threshold(table))


def _read(path: Path) -> pa.Table:
    match path.suffix:
        case ".parquet":
            return pq.read_table(path)
        case ".csv":
            text = pyarrow.csv.ConvertOptions(
                column_types={"id": pa.string(), "version": pa.string(), "doubt": pa.string()}
            )
            return pyarrow.csv.read_csv(path, convert_options=text)
        case ".jsonl":
            return pyarrow.json.read_json(path)
    raise ValueError(f"cannot tell the format of {path.name!r}: give the .csv, .parquet, .jsonl or folder of a scoring")


def _threshold(table: pa.Table) -> float:
    """Between the highest probability that is called 0 and the lowest that is called 1."""
    probabilities, called = table["probability"].to_numpy(), table["label"].to_numpy() == 1
    low, high = probabilities[~called].max(initial=0.0), probabilities[called].min(initial=1.0)
    return float(np.mean([low, high]))
