"""Tweets with what a model says of them: asked again, or read from what `score` wrote."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from models.classifiers.pipeline import class_column
from models.drift.familiarity import Familiarity
from tasks.scoring.predicting import AnswerColumns, score_chunk

READ = ("id", "probability", "label", "doubt", "model", "version")
COLUMNS = ("id", "text", "keyword", "probability", "doubt")


class Scores(NamedTuple):
    """The rows of a scoring (id, probability, doubt), the model's registered version, and its threshold.

    Of several classes the probability of each beside that of the likeliest, and no threshold.
    """

    rows: pa.Table
    version: str
    threshold: float | None

    def of(self, chunks: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """The rows of `tasks.scoring.rows` that have a score by their id, with the columns of COLUMNS."""
        for chunk in chunks:
            places = pc.index_in(chunk["id"].cast(pa.string()), self.rows["id"])
            found = chunk.filter(pc.and_(pc.is_valid(places), pc.is_valid(chunk["text"])))
            there = self.rows.take(places.filter(pc.and_(pc.is_valid(places), pc.is_valid(chunk["text"]))))
            said = {name: there[name] for name in there.column_names if name != "id"}
            yield pa.table({**{name: found[name] for name in COLUMNS[:3]}, **said})


def ask_model(
    chunks: Iterable[pa.Table], model: Any, familiarity: Familiarity, classes: Sequence[str] = ()
) -> Iterator[pa.Table]:
    """The rows of `tasks.scoring.rows` that have a text, with what the model says: the columns of COLUMNS.

    Of several classes also the probability of each, by its number.
    """
    answering = AnswerColumns(tuple(classes))
    for chunk in chunks:
        answers = score_chunk(chunk, model, familiarity, answering=answering)
        said = {name: answers[name] for name in COLUMNS[3:]} | _by_number(answers, classes)
        rows = pa.table({**{name: chunk[name] for name in COLUMNS[:3]}, **said})
        yield rows.filter(pc.is_valid(rows["probability"]))


def _by_number(answers: pa.Table, classes: Sequence[str]) -> dict[str, pa.ChunkedArray]:
    """The probability of each of several classes under the number of the class."""
    return {f"probability_{number}": answers[class_column(name)] for number, name in enumerate(classes)}


def read_scores(path: Path, classes_of: Callable[[str], Sequence[str]] = lambda version: ()) -> Scores:
    """What `score` wrote: a file, or a folder of parts. `classes_of` names the several classes of a version's label.

    Raises ValueError for a file of another kind, one without these columns, one without rows, and one whose labels are
    not those of the version.
    """
    files = sorted(path.glob("part-*.parquet")) if path.is_dir() else [path]
    table = pa.concat_tables([_read(file) for file in files], promote_options="default") if files else pa.table({})
    if missing := [name for name in READ[:3] if name not in table.column_names]:
        raise ValueError(f"{path} is not an output of `crisisflow score`: it has no {', '.join(missing)}")
    if not len(table):
        raise ValueError(f"{path} holds no scores")
    version = str(table["version"][0].as_py() or "") if "version" in table.column_names else ""
    classes = classes_of(version)
    _refuse_other_label(path, table, classes)
    doubts = table["doubt"].cast(pa.string()) if "doubt" in table.column_names else pa.nulls(len(table), pa.string())
    rows = pa.table({"id": table["id"].cast(pa.string()), "probability": table["probability"], "doubt": doubts})
    for name, column in _by_number(table, classes).items():
        rows = rows.append_column(name, column)
    rows = rows.set_column(
        2, "doubt", pc.if_else(pc.equal(rows["doubt"], ""), pa.scalar(None, pa.string()), rows["doubt"])
    )
    return Scores(rows, version, None if classes else _threshold(table))


def _refuse_other_label(path: Path, table: pa.Table, classes: Sequence[str]) -> None:
    """Raise ValueError where a scoring's labels are not 0 and 1, or lack one of the classes of the model."""
    if lost := [name for name in classes if class_column(name) not in table.column_names]:
        lacking = " and ".join(map(class_column, lost))
        raise ValueError(f"{path} has no {lacking}: it was scored by a model of another label; score the tweets again")
    told = {str(label) for label in pc.unique(table["label"]).to_pylist() if label is not None}
    if not classes and (other := sorted(told - {"0", "1"})):
        raise ValueError(
            f"{path} was scored by a model of several classes ({other[0]!r} is none of two) and names no version of "
            "it: score the tweets again"
        )


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
