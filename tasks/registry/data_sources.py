"""Which tweets a registered model learned from, and whether those of champion and challenger are one source.

Lineage answers first: the same checked table, or raw files in common. Files grow and are relabelled, so the tables
answer too: how many of the champion's test groups the challenger's table holds, and with which labels.

A version that was registered before its raw files were written down counts as one without a raw file in common. One
whose checked table is unknown, or no longer in the store, counts as a model of other tweets that are not the sample's.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.gate.sources import Overlap, measure_overlap
from models.settings import GateSettings, SplitSettings
from models.splitting.splits import assign_splits, raw_groups
from tasks.runtime import errors, state_folder
from tasks.sample import FOLDER as SAMPLE
from tasks.store import formats
from tasks.store.artifact_store import is_artifact
from tasks.tracking import Run, client, read_run
from tasks.tracking.requests import FILE, Request
from tasks.tracking.step_graph import Graph, trace_back
from tasks.tracking.steps import all_steps, steps_below

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from tasks.registry.promotion import Incumbent

SAMPLE_SHARE = 0.5  # of a table's groups: from here on it is the bundled sample, whatever its file is called
COMPARED_WITH = "against"  # the input of a check that is only looked at, never learned from


@dataclass(frozen=True)
class Relation:
    """How the challenger's tweets relate to the champion's.

    `difference` is empty when both are one source, else it says how they differ. `table` holds the champion's tweets,
    None when they are not to be had; `sample` is true of a challenger of the bundled sample against other tweets.
    """

    difference: str = ""
    table: pa.Table | None = None
    sample: bool = False

    def rows_of_champion(self, ours: SplitSettings, theirs: SplitSettings | None) -> pa.Table:
        """The champion's test rows that both models held out by their split settings; none where unknown."""
        if not self.difference or self.table is None:
            return pa.table({"text": pa.array([], pa.string())})
        test = self.table.take(formats.rows_in(self.table, "test"))
        return test.filter(pa.array(held_out_by(test, ours) & held_out_by(test, theirs)))


def not_among(own: pa.Table, rows: pa.Table) -> np.ndarray:
    """Which of the champion's rows have a group, or a label of their group, that these rows do not; bool (rows,)."""
    known = set(zip(rows["group"].to_pylist(), rows["target"].to_pylist(), strict=True))
    pairs = zip(own["group"].to_pylist(), own["target"].to_pylist(), strict=True)
    return np.array([pair not in known for pair in pairs], bool)


def relate(tweets: Path, raw: Iterable[str], incumbent: "Incumbent", settings: GateSettings) -> Relation:
    """The relation of this table of tweets, read from these raw artifacts, to the champion's."""
    if incumbent.table == tweets.name:
        return Relation()
    ours = formats.read_tweets(tweets)
    of_sample = is_sample(ours)
    path = stored_table(incumbent.table)
    if path is None:
        gone = "are no longer in the store" if incumbent.table else "are not recorded on it"
        return Relation(f"the tweets of version {incumbent.version} {gone}", None, of_sample)
    theirs = formats.read_tweets(path)
    overlap = _overlap(ours, raw, theirs, incumbent)
    sample = of_sample and not is_sample(theirs)
    return Relation("" if overlap.same_source(settings) and not sample else overlap.in_words(), theirs, sample)


def _overlap(ours: pa.Table, raw: Iterable[str], theirs: pa.Table, incumbent: "Incumbent") -> Overlap:
    test = theirs.take(formats.rows_in(theirs, "test"))
    columns = [
        (each["group"].to_numpy(zero_copy_only=False), each["target"].to_numpy(zero_copy_only=False))
        for each in (test, ours)
    ]
    return measure_overlap(len(set(raw) & set(incumbent.raw)), columns[0], columns[1])


def is_sample(tweets: pa.Table) -> bool:
    """Whether a table of tweets is the bundled sample, or a part or an edited copy of it."""
    groups = pc.unique(tweets["group"].cast(pa.string()))
    return bool(len(groups)) and pc.mean(pc.is_in(groups, sample_groups())).as_py() >= SAMPLE_SHARE


def is_sample_table(digest: str) -> bool:
    """The same of a table of the store by its digest; False of one that is not there."""
    path = stored_table(digest)
    return path is not None and is_sample(formats.read_tweets(path))


def labelled_groups(digest: str) -> pa.StringArray:
    """The groups of the checked table of this digest; none of one that is no longer in the store."""
    path = stored_table(digest)
    if path is None:
        return pa.array([], pa.string())
    return pc.unique(formats.read_tweets(path)["group"].cast(pa.string()))


def stored_table(digest: str) -> Path | None:
    """The checked table of this digest; None of one that is no longer in the store."""
    path = state_folder.state_home() / "store" / "tweets" / digest
    return path if digest and is_artifact(path) else None


def recorded_request(version: "ModelVersion") -> dict[str, Any] | None:
    """The request of the retraining that made a version, from its run; None when it is gone or was never kept."""
    from mlflow.exceptions import MlflowException

    try:
        run = read_run(str(version.run_id))
        file = Path(client().download_artifacts(run.data.tags.get("root_run_id", run.info.run_id), FILE))
    except MlflowException as error:
        if errors.tracking_lost(error):
            raise
        return None
    except (OSError, ValueError):  # no such run, no such file
        return None
    return dict(Request.read(file).parameters.get("request") or {})


@cache
def sample_groups() -> pa.StringArray:
    """The groups of the bundled sample's tweets."""
    with (SAMPLE / "tweets.csv").open(encoding="utf-8", errors="replace", newline="") as file:
        texts = [row["text"] or "" for row in csv.DictReader(file)]
    return pc.unique(raw_groups(pa.array(texts, pa.string())))


def held_out_by(rows: pa.Table, split: SplitSettings | None) -> np.ndarray:
    """Which of these rows a model trained on tweets split like this held out too; all of them when unknown."""
    if split is None:
        return np.ones(len(rows), bool)
    return np.asarray(pc.equal(assign_splits(rows["group"], split), "test").to_numpy(zero_copy_only=False), bool)


def raw_sources(run: Run, tweets: Path) -> tuple[str, ...]:
    """The raw artifacts (raw/digest) that a table of tweets was read from, by the steps of this run's tree."""
    table = f"tweets/{tweets.name}"
    graph = trace_back([table], steps_below(run.root_id))
    if not graph.steps or graph.unexplained:  # the table was given checked
        graph = trace_back([table], all_steps())
    return _raw_inputs(graph)


def raw_of_table(*digests: str) -> tuple[str, ...]:
    """The raw artifacts that the checked tables of these digests were read from, by every step that is known."""
    return _raw_inputs(trace_back([f"tweets/{digest}" for digest in digests], all_steps()))


def _raw_inputs(graph: Graph) -> tuple[str, ...]:
    inputs = [(name, artifact) for step in graph.steps for name, artifact in step.inputs]
    raw = (artifact for name, artifact in inputs if artifact.startswith("raw/") and name != COMPARED_WITH)
    return tuple(sorted(set(raw)))
