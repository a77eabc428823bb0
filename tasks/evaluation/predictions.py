"""Out-of-fold predictions: what each model said of rows that its fit had not seen."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.metrics.cross_validation import HeldOut
from models.splitting.folds import Fold
from tasks.packaging.mlflow_model import read_about
from tasks.store import formats
from tasks.tracking import Run

FILE = "predictions.parquet"
OF_THE_ROW = ("id", "source", "source_row", "group", "kept", "target")


def held_out(table: Path, fold: Fold, models: Mapping[str, Path]) -> pa.Table:
    """The rows that this fold holds out, once for each model.

    Columns id, source, source_row, group, kept (by the ingest), target, fold, seed, model, probability, threshold,
    label (1 where the probability reaches the threshold, chosen on the fold's validation rows), and event where rows
    have one. Of several classes `probability` is that of the likeliest, which `label` numbers, the threshold null, and
    `probability_0` and so on are those of each.
    """
    tweets = formats.read_tweets(table)
    wanted = [name for name in (*OF_THE_ROW, "event") if name in tweets.column_names]
    rows = tweets.take(pa.array(formats.rows_in(tweets, "test"))).select(wanted)
    return pa.concat_tables([_of_model(rows, fold, name, model) for name, model in models.items()])


def record_fold(run: Run, table: Path, fold: Fold, models: Mapping[str, Path]) -> pa.Table:
    """The rows that this fold holds out, also as a file on its run, beside the scores of each model."""
    found = held_out(table, fold, models)
    run.log_file(formats.write_artifact("held-out", {FILE: found}) / FILE)
    scored = HeldOut.from_table(found)
    run.log_metrics({f"{name}/{metric}": value for name in models for metric, value in scored.scores(name).items()})
    return found


def _of_model(rows: pa.Table, fold: Fold, name: str, model: Path) -> pa.Table:
    said = pq.read_table(model / "predictions.parquet")
    said = said.filter(pc.equal(said["split"], "test"))
    if not said["id"].equals(rows["id"]):
        raise ValueError(f"{name} did not score the rows of fold {fold.number} in their order: train it again")
    about = read_about(model / "classifier")
    count, threshold = len(rows), about["threshold"]
    columns = {
        "fold": pa.array(np.full(count, fold.number, np.int16)),
        "seed": pa.array(np.full(count, fold.seed, np.int64)),
        "model": pa.array([name] * count, pa.string()),
        "probability": said["probability"],
        "threshold": pa.nulls(count, pa.float64()) if threshold is None else pa.array(np.full(count, threshold)),
        "label": said["label"],
        **{column: said[column] for column in said.column_names if column.startswith("probability_")},
    }
    return pa.table({**{column: rows[column] for column in rows.column_names}, **columns})


def collect(parts: Sequence[pa.Table]) -> tuple[Path, pa.Table]:
    """All folds in one artifact, and as a table; each model's rows together."""
    table = pa.concat_tables(parts)
    order = pc.sort_indices(table, [("model", "ascending"), ("seed", "ascending"), ("fold", "ascending")])
    table = table.take(order).combine_chunks()  # stable: rows of a fold keep their order
    return formats.write_artifact("out-of-fold", {FILE: table}), table
