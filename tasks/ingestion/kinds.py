"""Labels of what kinds of information texts hold, gathered and split as the tweets are.

A kind sorts texts into classes, as CrisisLexT26 does by type and by source of information. The split of a text is that
of its group: near-duplicates never lie on both sides, and a text that is a test row of the tweets is one here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.classifiers.pipeline import class_column
from models.settings import SPLITS, TextSettings
from models.splitting.splits import assign_splits, group_digests
from models.text import tokenize_texts
from models.wording import snake_case
from tasks.ingestion.labelled_texts import LABELS
from tasks.ingestion.steps import split_settings, table_classes
from tasks.sources.columns import fold_word
from tasks.steps import step
from tasks.store import formats
from tasks.tracking import Run

KINDS, NAMES = "kinds.parquet", "kinds.json"
# The other columns of what is scored, and of the table here.
TAKEN = {"id", "probability", "label", "model", "version", "doubt", "learned_from"}
TAKEN |= {"source", "source_row", "text", "keyword", "rule", "reason", "record", "group", "split"}
NO_CLASSES: Mapping[str, str] = {}


@step("gather kinds")
def gather_kinds(
    run: Run, labelled_texts: list[Path], tweets: Path, columns: tuple[str, ...], text: TextSettings
) -> Path:
    """Texts with their labels of kinds, their groups, splits and tokens; `columns` name the kinds, all if none is.

    Raises ValueError for a column that there is not, and where nothing is left to learn from.
    """
    labels = pa.concat_tables([pq.read_table(path / LABELS) for path in labelled_texts])
    names = _chosen(pc.unique(labels["task"]).to_pylist(), columns, _class_columns(tweets))
    documents = pa.concat_tables([pq.read_table(each) for path in labelled_texts for each in formats.shards(path)])
    wide = {
        name: _column(documents["document"], labels.filter(pc.equal(labels["task"], task)))
        for task, name in names.items()
    }
    groups = group_digests(documents["text"])
    splits = _splits(groups, tweets)
    table = pa.table({"text": documents["text"], "group": groups, "split": splits, **wide})
    any_label = np.any([column.is_valid().to_numpy(zero_copy_only=False) for column in wide.values()], axis=0)
    table = table.filter(pa.array(any_label))
    classes = {name: sorted(pc.unique(table[name].drop_null()).to_pylist()) for name in wide}
    counts = Counter(table["split"].to_pylist())
    run.log_metrics({"texts": len(table), "kinds": len(wide), **{f"rows/{each}": counts[each] for each in SPLITS}})
    _refuse_nothing_to_learn(table, classes)
    tokens = tokenize_texts(table["text"].combine_chunks(), text)
    shard = pa.table({"id": [str(row) for row in range(len(table))], "tokens": tokens.to_arrow()})
    return formats.write_artifact("kinds", {KINDS: table, NAMES: classes, "shard-00000.parquet": shard})


def _class_columns(tweets: Path) -> dict[str, str]:
    """The column of a scored file that tells each of several classes of the tweets' label, and the class."""
    classes = table_classes(tweets) if (tweets / "report.json").exists() else ()
    return {class_column(name): name for name in classes}


def _chosen(tasks: Sequence[str], columns: Sequence[str], of_classes: Mapping[str, str] = NO_CLASSES) -> dict[str, str]:
    """The name of the kind by its task, of those that the columns name, or of all."""
    by_column = {task: task.rpartition("/")[2].strip() for task in tasks}
    wanted = {fold_word(column): column for column in columns}
    chosen = sorted(task for task, column in by_column.items() if not wanted or fold_word(column) in wanted)
    if lost := wanted.keys() - {fold_word(by_column[task]) for task in chosen}:
        known = ", ".join(sorted(set(by_column.values())))
        raise ValueError(f"no column {wanted[min(lost)]!r} sorts texts into classes: there are {known}")
    often = Counter(column_name(by_column[task]) for task in chosen)
    named = {
        task: column_name(by_column[task] if often[column_name(by_column[task])] == 1 else task) for task in chosen
    }
    _refuse_equal_names(named, of_classes)
    return named


def _refuse_equal_names(named: Mapping[str, str], of_classes: Mapping[str, str]) -> None:
    """Raise ValueError where two kinds, or a kind and a class of the label, would share a column of a scored file."""
    columns = Counter(column for name in named.values() for column in (name, f"{name}_probability"))
    if equal := [task for task, name in named.items() if max(columns[name], columns[f"{name}_probability"]) > 1]:
        raise ValueError(f"{' and '.join(equal)} would be told in columns of one name: choose by --kinds-column")
    for task, name in named.items():
        for column in {name, f"{name}_probability"} & of_classes.keys():
            raise ValueError(
                f"{task} would be told in the column {column}, as the class {of_classes[column]!r} of the label is: "
                "choose other kinds by --kinds-column, or name the class otherwise by --label-class"
            )


def column_name(words: str) -> str:
    """The words as the name of a column of a scored file, which none of the others has.

    >>> column_name("Information Source"), column_name("label")
    ('information_source', 'kind_label')
    """
    name = snake_case(words)
    return f"kind_{name}" if name in TAKEN or not name else name


def _column(documents: pa.ChunkedArray, labels: pa.Table) -> pa.ChunkedArray:
    """The label of each document, null where it has none."""
    return labels["label"].take(pc.index_in(documents, labels["document"].combine_chunks()))


def _splits(groups: pa.StringArray, tweets: Path) -> pa.Array:
    """That of the tweets' own group where they have it, else the one that it would have there."""
    table = formats.read_tweets(tweets).select(["group", "split"])
    known = table["split"].take(pc.index_in(groups, table["group"].combine_chunks())).combine_chunks()
    return pc.coalesce(known, assign_splits(groups, split_settings(tweets)))


def _refuse_nothing_to_learn(table: pa.Table, classes: dict[str, list[str]]) -> None:
    learned = table.filter(pc.equal(table["split"], "train"))
    for name, of_kind in classes.items():
        found = pc.unique(learned[name].drop_null()).to_pylist()
        if len(found) < 2:
            raise ValueError(
                f"of {name} ({', '.join(of_kind[:4])}) training texts have {' and '.join(found) or 'none'} alone: a "
                "kind is learned from texts of two classes at least; bring more texts, or name others by --kinds-column"
            )


def held_out_groups(artifact: Path) -> pa.Array:
    """The groups of texts that are not learned from until a model is judged."""
    table = pq.read_table(artifact / KINDS, columns=["group", "split"])
    return pc.unique(table.filter(pc.not_equal(table["split"], "train"))["group"])
