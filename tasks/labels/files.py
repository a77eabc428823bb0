"""Labels as files: CSV, JSON lines and Parquet, and the JSON of annotation tools."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks import sources
from tasks.labels import annotation_tools
from tasks.labels.queue import with_reasons
from tasks.labels.records import ABOUT, COLUMNS, LabelReader, Row
from tasks.labels.store import Answer, record
from tasks.scoring.formats import SUFFIXES, write_tables
from tasks.sources.columns import ColumnMap, fold_labels, fold_word
from tasks.sources.csv_injection import unescape_formula
from tasks.sources.tweets import cells_of
from tasks.store.outputs import Outputs

RAW = "crisisflow_raw_csv"  # the column that says that no cell of an exported CSV is escaped
ESCAPED = ("id", "text", "keyword", "annotator")


def check_name(path: Path, tool: str | None) -> None:
    """Raise ValueError for a name whose end says no format, or another than that of the tool."""
    if tool is not None and path.suffix != ".json":
        raise ValueError(f"the JSON of {tool} is written to a name that ends in .json, got {path.name!r}")
    if tool is None and path.suffix == ".json":
        raise ValueError(f"say whose JSON {path.name!r} is to be: --as label-studio or --as argilla")
    if tool is None and path.suffix not in SUFFIXES:
        raise ValueError(f"cannot tell the format of {path.name!r}: end its name in {', '.join(SUFFIXES)} or .json")


def write_labels(rows: Sequence[Row], path: Path, tool: str | None, outputs: Outputs, raw_csv: bool = False) -> None:
    """Write the rows, whole or not at all, in the format of the name or in that of a tool."""
    check_name(path, tool)
    if tool is not None:
        documents = {"label-studio": annotation_tools.to_label_studio, "argilla": annotation_tools.to_argilla}
        outputs.write_text(path, json.dumps(documents[tool](rows), indent=1, ensure_ascii=False))
        return
    table = pa.Table.from_pylist(list(rows), COLUMNS)
    if raw_csv and path.suffix == ".csv":
        table = table.append_column(RAW, pa.repeat(pa.scalar("yes"), len(table)))
    with outputs.drafts(path.parent) as draft:
        write_tables(draft / path.name, path.suffix, table.schema, [table], raw_csv)


def import_labels(source: str, columns: ColumnMap, encoding: str | None, reader: LabelReader) -> dict[str, Any]:
    """Keep the labels of a file; what became of its rows. Labels that the store has already are not kept twice."""
    answers = read_labels(source, columns, encoding, reader)
    new = record(with_reasons(answers))
    return {
        "read": reader.rows,
        "new": len(new),
        "known": len(answers) - len(new),
        "unusable": sum(reader.unusable.values()),
        "reasons": dict(sorted(reader.unusable.items(), key=lambda each: -each[1])),
    }


def read_labels(source: str, columns: ColumnMap, encoding: str | None, reader: LabelReader) -> list[Answer]:
    """The answers in a file: in the JSON of a tool, else in any table that ingestion reads."""
    document = _document(source)
    rows = _table_rows(source, columns, encoding) if document is None else _tool_rows(document)
    return [answer for row in rows if (answer := reader.answer(row)) is not None]


def _document(source: str) -> Any | None:
    """The document of a tool; None of anything else."""
    if not source.endswith(".json"):
        return None
    try:
        document = json.loads(sources.read_text(source))
    except ValueError:
        return None  # JSON lines under that name, or no JSON, which the reader of tables will tell
    return document if annotation_tools.tool_of(document) else None


def _tool_rows(document: Any) -> Iterator[Row]:
    read = {"label-studio": annotation_tools.from_label_studio, "argilla": annotation_tools.from_argilla}
    tool = annotation_tools.tool_of(document)
    for row in read[tool](document) if tool else ():
        yield row | {"label": None if row["label"] is None else fold_word(row["label"])}


def _table_rows(source: str, columns: ColumnMap, encoding: str | None) -> Iterator[Row]:
    for batch in sources.read_tweets(sources.fetch(source), columns, encoding, labelled=True):
        names = [field.name for field in batch.schema.field("record").type]
        told = [name for name in ABOUT if name in names]
        table = batch.select(["id", "text", "keyword"])
        escaped = "annotator" in names and RAW not in names and _is_csv(batch)
        about = {name: cells_of(batch, name).to_pylist() for name in told}
        for number, (row, label) in enumerate(
            zip(table.to_pylist(), fold_labels(batch["label"]).to_pylist(), strict=True)
        ):
            found = row | {name: cells[number] for name, cells in about.items()} | {"label": label}
            yield _unescaped(found) if escaped else found


def _is_csv(batch: pa.RecordBatch) -> bool:
    return bool(len(batch)) and ".csv" in batch["source"][0].as_py()


def _unescaped(row: Mapping[str, Any]) -> Row:
    return {**row, **{name: row[name] and unescape_formula(row[name]) for name in ESCAPED if name in row}}
