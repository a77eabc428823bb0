"""Own labels: what people said of tweets joins a retraining's table, as a snapshot that can be traced and replayed."""

from pathlib import Path

from tasks.labels.joining import add_labels
from tasks.labels.snapshot import OWN, find_snapshot
from tasks.registry.data_sources import is_sample_table
from tasks.runtime.progress import say
from tasks.tracking import Run, tracked_run


def add_own_labels(labels: str, tweets: Path, parent: Run) -> Path:
    """The table with the labels that are meant ("own", "none", a file or snapshot); itself where there are none.

    Labels of real tweets do not join the bundled sample, which would then pass for real tweets: own ones are left out,
    aloud. Raises ValueError for a file of them.
    """
    snapshot = find_snapshot(labels)
    if snapshot is None:
        return tweets
    if is_sample_table(tweets.name):
        if labels != OWN:
            raise ValueError("labels are not added to the bundled sample: name your own tweets with --tweets")
        say("own labels are not added to the bundled sample: name your own tweets with --tweets")
        return tweets
    with tracked_run("ingest labels", "ingest", parent) as run:
        run.log_dataset(snapshot, "labels")
        return add_labels(run, tweets, snapshot)
