"""What is said, and left out, where texts to learn from hold those that models are scored on."""

from pathlib import Path

import pyarrow as pa
import pytest

from tasks import tracking
from tasks.evaluation.leakage import find_held_out, say_held_out
from tasks.store import formats

TWEETS = pa.table(
    {
        "text": ["fire at the mill", "flood!", "a day off", "sun"],
        "group": ["", "", "", ""],
        "split": ["train", "test", "validation", "test"],
    }
)


def corpus(*texts: str) -> Path:
    return formats.write_artifact("corpus", {"shard-00000.parquet": pa.table({"text": pa.array(texts, pa.string())})})


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        (("Fire at the mill", "something else"), ""),  # a training row
        (("FLOOD!", "A day off", "x" * 500), "2 of 3 validation or test rows stand in the corpora too"),
    ],
)
def test_held_out_rows_among_the_corpora_are_counted_and_said(
    documents: tuple[str, ...], said: str, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from models.splitting.splits import group_digests

    groups = TWEETS.set_column(1, "group", group_digests(TWEETS["text"]))
    table = formats.write_artifact("tweets", {"tweets.parquet": groups})
    caplog.set_level("INFO", "tasks")
    with tracking.tracked_run("root", "test") as run:
        say_held_out(find_held_out.fn(run, [corpus(*documents)], table))
    shown = caplog.text
    assert said in shown
    assert bool(said) == ("stand in the corpora" in shown)
