"""The rows that an evaluation scores, quarantined ones included, and the table of each fold.

All tables of an evaluation hold the same rows in the same order and differ in the column `split` alone, so that one
artifact of tokens serves every fold.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.metrics.events import count_labels
from models.splitting.folds import UNUSED, Fold, fold_splits
from tasks.sources import ColumnMap
from tasks.steps import step
from tasks.store import formats
from tasks.tracking import Run

if TYPE_CHECKING:
    from tasks.ingestion.retry import Table

GROUPS, REPORT = "groups.parquet", "report.json"


@step("gather labelled tweets")
def gather_labelled(run: Run, tweets: Path) -> Path:
    """All rows of a source that carry a text and a label: those kept, and those quarantined, as the file has them.

    Columns of the table of tweets and `kept`. Beside it the groups of all rows with a text, labelled or not, and the
    classes of a label of several.
    """
    from tasks.ingestion.retry import Table, in_order
    from tasks.ingestion.tweet_rows import TWEETS

    table = Table.read(tweets)
    kept = table.kept.append_column("kept", pa.array([True] * len(table.kept), pa.bool_()))
    back = _quarantined(table).select(TWEETS.names).cast(TWEETS)
    back = back.append_column("kept", pa.array([False] * len(back), pa.bool_()))
    everything = in_order(pa.concat_tables([kept, back]), list(table.encodings))
    texts = everything.filter(pc.is_valid(everything["text"]))
    scored = texts.filter(pc.is_valid(texts["target"]))
    if not len(scored):
        raise ValueError(f"no row of {tweets.name} carries a text and a label: an evaluation needs labelled tweets")
    without = table.report["counts"]["read"] - len(scored)
    run.log_metrics(
        {"rows": len(scored), "quarantined_rows": len(scored) - _count(scored["kept"]), "not_scored": without}
    )
    groups = pa.table({"group": pc.unique(texts["group"])})
    return formats.write_artifact("labelled", {"tweets.parquet": scored, GROUPS: groups, **_named(table.columns)})


def _named(columns: ColumnMap) -> dict[str, Any]:
    """What a table says of the several classes of its label, as trainings read it; nothing of two."""
    if not columns.classes:
        return {}
    return {REPORT: {"classes": list(columns.class_names), "reading": {"columns": {"classes": list(columns.classes)}}}}


def classes_of(table: Path) -> tuple[str, ...]:
    """The names of the several classes of the labels of a table of this module; none of two."""
    return tuple(report_of(table).get(REPORT, {}).get("classes", ()))


def report_of(table: Path) -> dict[str, Any]:
    """What tables made of this one say of its several classes, as a part of theirs; nothing of two."""
    file = table / REPORT
    return {REPORT: json.loads(file.read_text(encoding="utf-8"))} if file.exists() else {}


def _quarantined(table: "Table") -> pa.Table:
    """The quarantined rows, read again and repaired, with labels as numbers; nothing is judged."""
    from tasks.ingestion.reread import read_again
    from tasks.ingestion.statistics import TweetTally
    from tasks.ingestion.tweet_rows import TWEETS, prepare

    labels = table.columns.labels()
    batches = [
        prepare(batch, labels, TweetTally())
        for batch in read_again(table.quarantined, {}, table.columns, table.encodings)
    ]
    columns = [name for name in TWEETS.names if name != "split"]
    rows = [pa.Table.from_batches([batch.select(columns)]) for batch in batches]
    whole = pa.concat_tables(rows) if rows else table.kept.slice(0, 0).select(columns)
    return whole.append_column("split", pa.array([UNUSED] * len(whole), pa.string()))


def _count(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(mask, min_count=0).as_py())


@step("fold {fold.number} of {fold.folds}, seed {fold.seed}")
def fold_table(run: Run, labelled: Path, fold: Fold) -> Path:
    """The labelled rows with the splits of this fold."""
    table = formats.read_tweets(labelled)
    kept = table["kept"].to_numpy()
    return with_splits(run, labelled, table, fold_splits(table["group"], kept, fold))


def with_splits(run: Run, labelled: Path, table: pa.Table, splits: pa.StringArray) -> Path:
    """The rows of the labelled ones with these splits, as an artifact; how many each split has is recorded."""
    run.log_metrics({f"rows/{name}": count for name, count in Counter(splits.to_pylist()).items()})
    place = table.schema.get_field_index("split")
    rows = table.set_column(place, "split", splits)
    return formats.write_artifact("fold", {"tweets.parquet": rows, **report_of(labelled)})


def scored_rows(tables: Sequence[Path]) -> dict[str, Any]:
    """How many rows these folds score, how many of them are positive and quarantined, how many groups they make.

    Of several classes, how many are of each, as `classes`, in place of the positives.

    A row that several folds score, under other seeds, counts once.
    """
    tested = [formats.rows_in(formats.read_tweets(table), "test") for table in tables]
    rows = np.unique(np.concatenate(tested))
    table = formats.read_tweets(tables[0]).select(["target", "kept", "group"]).take(pa.array(rows))
    return {
        "rows": len(table),
        **count_labels(table["target"].to_numpy(), classes_of(tables[0])),
        "quarantined": len(table) - _count(table["kept"]),
        "groups": len(pc.unique(table["group"])),
    }
