"""Texts with labels of other tasks, checked: what networks are trained on first."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.text import repair_texts
from tasks.sources.labels import LabelledTexts, read_labelled_texts
from tasks.steps import step
from tasks.store.artifact_store import new_artifact
from tasks.tracking import Run

LABELS, EVENTS = "labels.parquet", "events.parquet"


@step("check labelled texts")
def check_labelled_texts(run: Run, snapshot: Path, events: str | None = None, text_column: str | None = None) -> Path:
    """Read texts with labels of any tasks; keep the distinct ones as documents, and their labels beside them.

    `shard-*.parquet` as a corpus has them: document, title, text; `labels.parquet`: document, task, label. Where
    `events` says how they are told, `events.parquet`: document, event, once for each event that has the text.
    """
    read = kept = 0
    labels, of_events = [], []
    with new_artifact("labelled-texts") as draft:
        for number, texts in enumerate(read_labelled_texts(snapshot, events=events, text_column=text_column)):
            documents, named, known = _distinct(texts, f"{snapshot.name[:8]}/{number}")
            pq.write_table(documents, draft / f"shard-{number:05}.parquet", compression="zstd")
            labels += named
            of_events.append(known)
            read, kept = read + len(texts.texts), kept + len(documents)
        table = pa.concat_tables(labels)
        pq.write_table(table, draft / LABELS, compression="zstd")
        if events:
            pq.write_table(pa.concat_tables(of_events), draft / EVENTS, compression="zstd")
    tasks = pc.count_distinct(table["task"]).as_py()
    run.log_metrics({"read": read, "kept": kept, "tasks": tasks, "labels": len(table)})
    return draft.final


def _distinct(texts: LabelledTexts, prefix: str) -> tuple[pa.Table, list[pa.Table], pa.Table]:
    """The documents with a text that none before them had, a table of labels for each task, the events of each."""
    repaired, _ = repair_texts(texts.texts.combine_chunks())
    rows = np.arange(len(repaired))
    table = pa.table({"text": repaired, "row": rows}).filter(pc.not_equal(pc.utf8_trim_whitespace(repaired), ""))
    first = table.group_by("text").aggregate([("row", "min")])["row_min"].to_numpy()
    chosen = pa.array(np.sort(first))
    names = pa.array([f"{prefix}#{row + 1}" for row in chosen.to_pylist()], pa.string())
    documents = pa.table({"document": names, "title": pa.nulls(len(names), pa.string()), "text": repaired.take(chosen)})
    named = []
    for task, labels in texts.labels.items():
        of_task = pa.table({"document": names, "task": pa.array([task] * len(names)), "label": labels.take(chosen)})
        named.append(of_task.filter(pc.is_valid(of_task["label"])))
    places = pc.index_in(repaired, repaired.take(chosen))  # of its document, which copies have between them
    of_rows = pa.table({"document": names.take(places), "event": texts.events.combine_chunks()})
    known = of_rows.filter(pc.and_(pc.is_valid(of_rows["document"]), pc.is_valid(of_rows["event"])))
    return documents, named, known.group_by(["document", "event"], use_threads=False).aggregate([])
