"""Unlabelled text to learn from, without the texts that will be scored."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.splitting.splits import group_digests, raw_groups
from models.wording import counted
from tasks import sources
from tasks.evaluation.fold_tables import GROUPS
from tasks.ingestion.kinds import held_out_groups
from tasks.runtime.progress import say
from tasks.steps import step
from tasks.store import formats
from tasks.store.artifact_store import new_artifact
from tasks.tracking import Run

WHOSE = ("labelled", "excluded")


@step("exclude scored texts")
def exclude_texts(
    run: Run, corpora: list[Path], labelled: Path, excluded: list[Path], kinds: Path | None = None
) -> Path:
    """The documents of all corpora but those that fold to the same text as a labelled row, or an excluded tweet.

    `excluded` are raw snapshots of tweets, labelled or not; of texts with labels of `kinds` the held-out ones are left
    out as labelled rows are. Documents are compared whole.
    """
    among_labelled = pq.read_table(labelled / GROUPS)["group"].combine_chunks()
    if kinds is not None:
        among_labelled = pa.concat_arrays([among_labelled, held_out_groups(kinds)])
    among_excluded = pc.unique(pa.chunked_array([groups for each in excluded for groups in _groups(each)], pa.string()))
    dropped = {"documents": 0, "labelled": 0, "excluded": 0}
    with new_artifact("unlabelled") as draft:
        for number, path in enumerate(path for corpus in corpora for path in formats.shards(corpus)):
            shard = pq.read_table(path)
            groups = group_digests(shard["text"])
            labelled_too = pc.is_in(groups, among_labelled)
            excluded_too = pc.and_not(pc.is_in(groups, among_excluded), labelled_too)
            rest = shard.filter(pc.invert(pc.or_(labelled_too, excluded_too)))
            dropped["documents"] += len(shard)
            dropped["labelled"] += pc.sum(labelled_too, min_count=0).as_py()
            dropped["excluded"] += pc.sum(excluded_too, min_count=0).as_py()
            pq.write_table(rest, draft / f"shard-{number:05}.parquet", compression="zstd")
    run.log_metrics({"documents": dropped["documents"], **{f"dropped/{name}": dropped[name] for name in WHOSE}})
    say(
        f"  left out {counted(dropped['labelled'], 'document')} of labelled rows, "
        f"{dropped['excluded']:,} that are excluded"
    )
    return draft.final


@step("find held-out texts in corpora")
def find_held_out(run: Run, corpora: list[Path], tweets: Path) -> Path:
    """How many validation and test rows of a table stand as documents in the corpora, word for word."""
    table = formats.read_tweets(tweets)
    held_out = table.filter(pc.not_equal(table["split"], "train"))
    longest = pc.max(pc.utf8_length(held_out["text"])).as_py() or 0
    documents = []
    for path in (path for corpus in corpora for path in formats.shards(corpus)):
        texts = pq.read_table(path, columns=["text"])["text"]
        documents.append(group_digests(texts.filter(pc.less_equal(pc.utf8_length(texts), 2 * longest))))
    found = pc.is_in(held_out["group"], pa.chunked_array(documents, pa.string()).combine_chunks())
    counts = {"rows": len(held_out), "found": pc.sum(found, min_count=0).as_py()}
    run.log_metrics({"held_out_in_corpora": counts["found"]})
    return formats.write_artifact("held-out", {"held-out.json": counts})


def say_held_out(found: Path) -> None:
    """Say that word vectors learn from texts that models are scored on, if they do (an artifact of `find_held_out`)."""
    counts = formats.read_parts(found)["held-out.json"]
    if counts["found"]:
        say(
            f"{counts['found']:,} of {counted(counts['rows'], 'validation or test row')} stand in the corpora too: "
            "word vectors learn from their texts, without labels; `crisisflow evaluate` leaves such texts out"
        )


def _groups(snapshot: Path) -> Iterator[pa.StringArray]:
    """The groups of the tweets of a snapshot, batch by batch."""
    for batch in sources.read_tweets(snapshot):
        yield raw_groups(batch["text"].drop_null())
