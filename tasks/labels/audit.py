"""The audit of a table's training labels: which are probably wrong, ranked, why, and what their near-duplicates say."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.labels.confident_learning import Audit, audit_labels
from models.labels.out_of_fold import out_of_fold
from models.settings import TextSettings
from models.wording import counted
from tasks.labels.queue import Question
from tasks.store import formats

COLUMNS = ("id", "text", "keyword", "target", "group", "source", "source_row")


def audit_table(tweets: Path) -> dict[str, Any]:
    """Figures and the suspected rows of a checked table, the worst first.

    Only training rows take part: a test whose labels were chosen by a model would flatter models like it.
    Raises ValueError for a table without training labels of both classes.
    """
    from models.classifiers.pipeline import tokenize_rows

    table = formats.read_tweets(tweets)
    rows = table.filter(pc.and_(pc.equal(table["split"], "train"), pc.is_valid(table["target"]))).combine_chunks()
    tokens = tokenize_rows(rows["text"].combine_chunks(), rows["keyword"].combine_chunks(), TextSettings())
    labels = rows["target"].to_numpy().astype(np.int64)
    probabilities = out_of_fold(tokens, labels, rows["group"].combine_chunks().cast(pa.string()))
    audit = audit_labels(probabilities, labels)
    return {
        "rows": len(rows),
        "suspected": int(audit.suspected.sum()),
        "wrong": round(audit.wrong),
        "labels": _suspects(rows.select(COLUMNS), probabilities, audit),
    }


def _suspects(rows: pa.Table, probabilities: np.ndarray, audit: Audit) -> list[dict[str, Any]]:
    """The suspected rows, the worst first, each with its near-duplicates."""
    everything = rows.to_pylist()
    groups: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(everything):
        groups[row["group"]].append(number)
    worst = np.lexsort((np.arange(len(rows)), audit.quality))
    found = []
    for number in worst[audit.suspected[worst]].tolist():
        row = everything[number]
        twins = [everything[other] for other in groups[row["group"]] if other != number]
        found.append(_suspect(row, twins, float(probabilities[number]), float(audit.quality[number])))
    return found


def _suspect(
    row: dict[str, Any], twins: Sequence[dict[str, Any]], probability: float, quality: float
) -> dict[str, Any]:
    label = int(row["target"])
    return {
        **{name: row[name] for name in COLUMNS if name not in ("target", "group")},
        "label": label,
        "probability": probability,
        "quality": quality,
        "reason": _reason(label, probability, [int(each["target"]) for each in twins]),
        "twins": [{"id": each["id"], "label": int(each["target"])} for each in twins],
        "text_group": row["group"],
    }


def _reason(label: int, probability: float, twins: Sequence[int]) -> str:
    """Why a label is suspected, in words.

    >>> _reason(1, 0.125, [0, 0, 1])
    'labelled 1, but by its words 0 is 88 % probable; 2 of 3 near-duplicates are labelled 0'
    """
    other = 1 - label
    probable = probability if other == 1 else 1 - probability
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
        )
        for each in worst.values()
    ]
