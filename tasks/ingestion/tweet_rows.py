"""What becomes of the rows of a source of tweets: repaired, grouped, checked one by one and as a table."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from models.settings import ContractSettings, SplitSettings
from models.splitting.splits import assign_splits, group_digests
from models.text import repair_keywords, repair_texts
from tasks.ingestion import contracts
from tasks.ingestion.errors import RefusedTable
from tasks.ingestion.expectations import Checker
from tasks.ingestion.statistics import TweetTally
from tasks.sources import ColumnMap
from tasks.sources.columns import fold_labels
from tasks.sources.tweets import blank_to_null

TWEETS = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("keyword", pa.string()),
        ("location", pa.string()),
        ("target", pa.int8()),
        ("source", pa.string()),
        ("source_row", pa.int64()),
        ("group", pa.string()),
        ("split", pa.string()),
    ]
)
CHECKED = ["malformed", "undecodable", "raw_text", "text", "id"]


def row_checker(contract: ContractSettings, columns: ColumnMap, labelled: bool) -> Checker:
    """What one row must look like."""
    suite = contracts.labelled_tweets(contract, columns.labels()) if labelled else contracts.unlabelled_tweets(contract)
    return Checker(suite)


def checked_columns(labelled: bool) -> list[str]:
    """The columns that `row_checker` looks at."""
    return [*CHECKED, "label"] if labelled else CHECKED


def check_table(tally: TweetTally, contract: ContractSettings, labelled: bool) -> None:
    """Raise RefusedTable when the rows that were counted do not make up a table to learn from."""
    figures = tally.figures()
    suite = contracts.whole_table(contract, labelled, tally.classes)
    violation = Checker(suite).violations(pd.DataFrame([figures])).get(0)
    if violation is not None:
        figure = f"{figures[violation.column]:.4g} {violation.reason}{tally.commonest_fault(violation.column)}"
        rows = tally.offending_rows(violation.column)
        raise RefusedTable(violation.rule, figure, violation.meta["threshold"], rows)


def prepare(batch: pa.RecordBatch, labels: dict[str, int], tally: TweetTally) -> pa.RecordBatch:
    """The batch of `read_tweets` with texts repaired, grouped, and labels as numbers; repairs are counted."""
    mended, changed = {}, pa.array(np.zeros(batch.num_rows, bool))
    for name, repair in (("text", repair_texts), ("keyword", repair_keywords), ("location", repair_texts)):
        column, kinds = repair(batch[name])
        given = pc.is_valid(batch[name])
        mended[name] = pc.if_else(given, blank_to_null(column), pa.scalar(None, pa.string()))
        changed = pc.or_(changed, pc.and_kleene(given, pc.not_equal(column, batch[name])))
        tally.repairs.update({f"{name}/{kind}": count for kind, count in kinds.items() if count})
    tally.repaired += pc.sum(changed, min_count=0).as_py()
    group = pc.if_else(pc.is_valid(mended["text"]), group_digests(mended["text"]), pa.scalar(None, pa.string()))
    label = fold_labels(batch["label"])
    tally.add_labels(label)
    found = pc.index_in(label, pa.array(list(labels), pa.string()))
    columns = {name: batch[name] for name in ("source", "source_row", "id", "record", "original")}
    columns |= {
        "malformed": batch["malformed"],
        "undecodable": batch["undecodable"],
        "raw_text": batch["text"],
        **mended,
    }
    target = pa.array(list(labels.values()), pa.int8()).take(found)
    return pa.RecordBatch.from_pydict(columns | {"label": label, "target": target, "group": group})


def with_splits(kept: pa.Table, split: SplitSettings) -> pa.Table:
    """Rows to keep, with the columns of the table of tweets."""
    return kept.append_column("split", assign_splits(kept["group"], split)).select(TWEETS.names).cast(TWEETS)
