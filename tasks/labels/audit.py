"""The audit of a table's training labels: which are probably wrong, ranked, why, and what their near-duplicates say."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.classifiers.target import TWO
from models.labels.confident_learning import Audit, audit_labels
from models.labels.out_of_fold import out_of_fold
from models.settings import TextSettings
from models.wording import counted
from tasks.labels.queue import Question
from tasks.labels.store import Label
from tasks.store import formats

COLUMNS = ("id", "text", "keyword", "target", "group", "source", "source_row")


def audit_table(tweets: Path, classes: Sequence[str] = ()) -> dict[str, Any]:
    """Figures and the suspected rows of a checked table, the worst first; `classes` are the names of several.

    Only training rows take part: a test whose labels were chosen by a model would flatter models like it.
    Raises ValueError for a table without training labels of every class.
    """
    from models.classifiers.pipeline import tokenize_rows

    table = formats.read_tweets(tweets)
    rows = table.filter(pc.and_(pc.equal(table["split"], "train"), pc.is_valid(table["target"]))).combine_chunks()
    tokens = tokenize_rows(rows["text"].combine_chunks(), rows["keyword"].combine_chunks(), TextSettings())
    labels = rows["target"].to_numpy().astype(np.int64)
    groups = rows["group"].combine_chunks().cast(pa.string())
    probabilities = out_of_fold(tokens, labels, groups, classes=len(classes) or TWO.size)
    audit = audit_labels(probabilities, labels)
    return {
        "rows": len(rows),
        "suspected": int(audit.suspected.sum()),
        "wrong": round(audit.wrong),
        "labels": _suspects(rows.select(COLUMNS), probabilities, audit, classes),
    }


def _suspects(rows: pa.Table, probabilities: np.ndarray, audit: Audit, classes: Sequence[str]) -> list[dict[str, Any]]:
    """The suspected rows, the worst first, each with its near-duplicates."""
    names: Sequence[Label] = classes or (0, 1)
    everything = [row | {"target": names[row["target"]]} for row in rows.to_pylist()]
    groups: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(everything):
        groups[row["group"]].append(number)
    worst = np.lexsort((np.arange(len(rows)), audit.quality))
    found = []
    for number in worst[audit.suspected[worst]].tolist():
        row = everything[number]
        twins = [everything[other] for other in groups[row["group"]] if other != number]
        other = int(audit.other[number])
        probable = float(_chances(probabilities[number])[other])
        found.append(_suspect(row, names[other], probable, twins, float(audit.quality[number]), classes))
    return found


def _chances(probabilities: np.ndarray) -> np.ndarray:
    """The probability of each class of one row, of P(label = 1) both."""
    return probabilities if probabilities.ndim else np.array([1 - probabilities, probabilities])


def _suspect(
    row: dict[str, Any],
    other: Label,
    probable: float,
    twins: Sequence[dict[str, Any]],
    quality: float,
    classes: Sequence[str],
) -> dict[str, Any]:
    """What is told of a suspected row; of two classes its P(label = 1), of several the other class and its own."""
    told = {"probability": probable if classes or other == 1 else 1 - probable}
    return {
        **{name: row[name] for name in COLUMNS if name not in ("target", "group")},
        "label": row["target"],
        **(told | {"other": other, "classes": list(classes)} if classes else told),
        "quality": quality,
        "reason": _reason(row["target"], other, probable, [each["target"] for each in twins]),
        "twins": [{"id": each["id"], "label": each["target"]} for each in twins],
        "text_group": row["group"],
    }


def _reason(label: Label, other: Label, probable: float, twins: Sequence[Label]) -> str:
    """Why a label is suspected, in words.

    >>> _reason(1, 0, 0.875, [0, 0, 1])
    'labelled 1, but by its words 0 is 88 % probable; 2 of 3 near-duplicates are labelled 0'
    >>> _reason("drill", "storm", 0.6, ["none"])
    'labelled drill, but by its words storm is 60 % probable; its near-duplicate is labelled none'
    """
    said = f"labelled {label}, but by its words {other} is {probable:.0%} probable".replace("%", " %")
    if not twins:
        return said
    if len(twins) == 1:
        return f"{said}; its near-duplicate is labelled {twins[0]}"
    return f"{said}; {twins.count(other)} of {counted(len(twins), 'near-duplicate')} are labelled {other}"


def to_questions(suspects: Sequence[dict[str, Any]], model: str = "") -> list[Question]:
    """Questions about doubtful labels, the worst first, one for each group."""
    worst: dict[str, dict[str, Any]] = {}
    for each in suspects:
        worst.setdefault(each["text_group"], each)
    return [
        Question(
            id=each["id"],
            text=each["text"],
            asked="audit",
            reason=each["reason"],
            model=model,
            text_group=each["text_group"],
            keyword=each["keyword"],
            probability=each["probability"],
            classes=tuple(each.get("classes", ())),
        )
        for each in worst.values()
    ]
