"""Own labels: what people said of tweets joins a retraining's table, as a snapshot that can be traced and replayed."""

from pathlib import Path

from tasks.ingestion.steps import table_classes
from tasks.labels.joining import add_labels
from tasks.labels.snapshot import OWN, find_snapshot, names_classes
from tasks.registry.data_sources import is_sample_table
from tasks.runtime.progress import say
from tasks.tracking import Run, tracked_run


def add_own_labels(labels: str, tweets: Path, parent: Run) -> Path:
    """The table with the labels that are meant ("own", "none", a file or snapshot); itself where there are none.

    Labels of real tweets do not join the bundled sample, which would then pass for real tweets: own ones are left out,
    aloud. Own labels of other classes than the table's have no part. Raises ValueError for a file of either.
    """
    snapshot = find_snapshot(labels, table_classes(tweets))
    if snapshot is None:
        return tweets
    if hindrance := _why_not(tweets, snapshot):
        if labels != OWN:
            raise ValueError(f"labels are not added to {hindrance}")
        say(f"own labels are not added to {hindrance}")
        return tweets
    with tracked_run("ingest labels", "ingest", parent) as run:
        run.log_dataset(snapshot, "labels")
        return add_labels(run, tweets, snapshot)


def _why_not(tweets: Path, snapshot: Path) -> str:
    """What no labels are added to, in words, and what to do; empty where they are."""
    if is_sample_table(tweets.name):
        return "the bundled sample: name your own tweets with --tweets"
    classes = table_classes(tweets)
    if classes and not names_classes(snapshot):
        several = f"a label of {len(classes)} classes, for they say disaster or no disaster"
        return f"{several}: leave them out with --labels none"
    if names_classes(snapshot) and not classes:
        return "a label of two classes, for they name others: leave them out with --labels none"
    return ""
