"""Labels as an artifact of the store: what stands now, under the digest of what it says, to be learned from.

The store of labels goes on growing. A retraining reads a snapshot, so that it can be traced, cached and run again.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.labels.files import read_labels
from tasks.labels.records import LabelReader, label_words
from tasks.labels.store import Answer, groups_of, labels_in_force
from tasks.sources.columns import ColumnMap, fold_word
from tasks.store import formats
from tasks.store.artifact_store import is_artifact

OWN, NONE = "own", "none"  # the labels of the state folder; none at all
KIND, TABLE = "labels", "labels.parquet"
SCHEMA = pa.schema(
    [
        ("number", pa.int64()),
        ("id", pa.string()),
        ("text", pa.string()),
        ("keyword", pa.string()),
        ("label", pa.int8()),
        ("annotator", pa.string()),
        ("asked", pa.string()),
        ("model", pa.string()),
        ("time", pa.string()),
    ]
)
OF_CLASSES = SCHEMA.set(SCHEMA.get_field_index("label"), pa.field("label", pa.string()))  # the name of a class


def find_snapshot(labels: str, classes: Sequence[str] = ()) -> Path | None:
    """The snapshot of the labels that are meant: own, none, an exported file, or a snapshot; None where there are none.

    Of own labels and a file's, those that name one of these several `classes`; of none, those of 0 and 1. Raises what
    reading a file raises, and ValueError for one without a usable label.
    """
    if labels == NONE:
        return None
    if labels == OWN:
        standing = labels_in_force(classes)
        return _written([(each.number, each) for each in standing]) if standing else None
    if is_artifact(Path(labels)):
        return Path(labels)
    words = {fold_word(name): name for name in classes} if classes else label_words(ColumnMap())
    reader = LabelReader(words, f"import of {Path(labels).name}")
    answers = read_labels(labels, ColumnMap(), None, reader)
    if not answers:
        raise ValueError(f"{labels} holds no label that can be used: {reader.unusable or 'it is empty'}")
    return _written(_last_of_each(answers))


def named_file(labels: str) -> str | None:
    """The file that is named; None of own labels and of none."""
    return None if labels in (OWN, NONE) else labels


def _last_of_each(answers: Sequence[Answer]) -> list[tuple[int, Answer]]:
    """Of each annotator and group the last label of a file, with its row."""
    groups = groups_of([each.text for each in answers])
    numbered = enumerate(zip(answers, groups, strict=True), start=1)
    last = {(each.annotator, group): (row, each) for row, (each, group) in numbered}
    return sorted(last.values(), key=lambda each: each[0])


def _written(labels: Sequence[tuple[int, Answer]]) -> Path:
    rows: list[dict[str, Any]] = [{**vars(each), "number": number} for number, each in labels]
    named = [{name: row[name] for name in SCHEMA.names} for row in rows]
    schema = OF_CLASSES if any(isinstance(row["label"], str) for row in named) else SCHEMA
    return formats.write_artifact(KIND, {TABLE: pa.Table.from_pylist(named, schema)})


def names_classes(snapshot: Path) -> bool:
    """Whether the labels of a snapshot name one of several classes."""
    return bool(pa.types.is_string(pq.read_schema(snapshot / TABLE).field("label").type))
