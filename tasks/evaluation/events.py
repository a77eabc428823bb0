"""Events held out: which event each labelled row is of, the table of each fold, and texts without the fold's events."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.splitting.events import EventFold, event_splits
from tasks.evaluation.fold_tables import GROUPS, report_of, with_splits
from tasks.ingestion.labelled_texts import EVENTS
from tasks.runtime.progress import say
from tasks.sources import ColumnMap, read_tweets
from tasks.sources.events import FILES, FOLDERS, event_of_file, events_of, same_event
from tasks.steps import step
from tasks.store import formats
from tasks.store.artifact_store import new_artifact
from tasks.tracking import Run

SHOWN_NAMES = 12
DOCUMENT_EVENTS = "documents.parquet"


@step("name events by {events}")
def name_events(
    run: Run, labelled: Path, snapshot: Path, columns: ColumnMap, encoding: str | None, events: str
) -> Path:
    """The labelled rows with their event in a column `event`; rows of no event are left out.

    Names that differ in case or underscores are one event, called as it is called first. Raises ValueError when no row
    has an event.
    """
    table = formats.read_tweets(labelled)
    known = pa.concat_tables(_events_by_row(snapshot, columns, encoding, events))
    named = _one_name(known["event"].take(pc.index_in(_places(table), _places(known))))
    if named.null_count == len(named):
        raise ValueError(f"no labelled row has an event by {events!r}: {_remedy(events)}")
    table = table.append_column("event", named).filter(pc.is_valid(named))
    run.log_metrics(
        {"rows": len(table), "rows_without_event": named.null_count, "events": len(pc.unique(table["event"]))}
    )
    if named.null_count:
        say(f"  {named.null_count:,} labelled rows name no event: they are neither scored nor learned from")
    parts = {"tweets.parquet": table, GROUPS: pq.read_table(labelled / GROUPS), **report_of(labelled)}
    return formats.write_artifact("labelled", parts)


def _events_by_row(snapshot: Path, columns: ColumnMap, encoding: str | None, events: str) -> Iterator[pa.Table]:
    """Columns source, source_row, event of every row of the source."""
    for batch in read_tweets(snapshot, columns, encoding):
        file = batch["source"][0].as_py() if batch.num_rows else ""
        found = events_of(batch, file, events)
        yield pa.table({"source": batch["source"], "source_row": batch["source_row"], "event": found})


def _places(table: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(table["source"], table["source_row"].cast(pa.string()), "#")


def _one_name(names: pa.ChunkedArray) -> pa.Array:
    """Names of the same event written the same way."""
    coded = names.combine_chunks().dictionary_encode()
    first: dict[str, str] = {}
    written = [first.setdefault(same_event(name), name) for name in coded.dictionary.to_pylist()]
    return pa.array(written, pa.string()).take(coded.indices)


def _remedy(events: str) -> str:
    if events == FOLDERS:
        return "the files lie in no folders of their own; give a folder of folders, --events files, or a column"
    return f"give a column of the tweets that names them, or --events {FOLDERS} or {FILES}"


def event_names(labelled: Path) -> pa.ChunkedArray:
    """The event of each row."""
    return pq.read_table(labelled / "tweets.parquet", columns=["event"])["event"]


def matching(names: Sequence[str], patterns: Sequence[str], option: str) -> set[str]:
    """The events that any of the patterns (`*flood*`) names. Raises ValueError for a pattern that names none."""
    found = {
        pattern: {name for name in names if fnmatchcase(same_event(name), same_event(pattern))} for pattern in patterns
    }
    if idle := [pattern for pattern, events in found.items() if not events]:
        shown = ", ".join(names[:SHOWN_NAMES]) + (
            f" and {len(names) - SHOWN_NAMES} more" if names[SHOWN_NAMES:] else ""
        )
        raise ValueError(f"{option} {idle[0]!r} names no event: there are {shown}")
    return set().union(*found.values())


@step("hold out {fold.unit}")
def event_table(run: Run, labelled: Path, fold: EventFold) -> Path:
    """The labelled rows with the splits of a fold that holds out events."""
    table = formats.read_tweets(labelled)
    splits = event_splits(table["group"], table["event"], table["kept"].to_numpy(), fold)
    return with_splits(run, labelled, table, splits)


@step("leave out texts of {fold.unit}")
def hold_out_texts(run: Run, unlabelled: Path, of_events: Path, fold: EventFold) -> Path:
    """The unlabelled documents without those of the fold's events, by whatever source they come."""
    known = read_documents_by_event(of_events)
    held = pa.array([same_event(name) for name in fold.events], pa.string())
    dropped = pc.unique(known.filter(pc.is_in(known["event"], held))["document"])
    count = 0
    with new_artifact("unlabelled") as draft:
        for number, path in enumerate(formats.shards(unlabelled)):
            shard = pq.read_table(path)
            rest = shard.filter(pc.invert(pc.is_in(shard["document"], dropped)))
            count += len(shard) - len(rest)
            pq.write_table(rest, draft / f"shard-{number:05}.parquet", compression="zstd")
    run.log_metrics({"dropped/event": count})
    return draft.final


@step("find the events of other texts")
def documents_by_event(run: Run, sources: list[Path], events: str) -> Path:
    """Which documents of these sources are of which event, once for all folds. Sources is at least one.

    Texts with labels carry their event; a document of a corpus names its file.
    """
    table = pa.concat_tables([_documents_of(source, events) for source in sources])
    run.log_metrics({"documents": len(table)})
    return formats.write_artifact("document-events", {DOCUMENT_EVENTS: table})


def read_documents_by_event(artifact: Path) -> pa.Table:
    """Columns document and event (as `same_event` writes it) of all documents whose event is told."""
    return pq.read_table(artifact / DOCUMENT_EVENTS)


def _documents_of(source: Path, events: str) -> pa.Table:
    if (source / EVENTS).exists():
        table = pq.read_table(source / EVENTS)
        return table.set_column(1, "event", _folded(table["event"]))
    documents = pa.concat_tables([pq.read_table(path, columns=["document"]) for path in formats.shards(source)])
    files = pc.list_element(pc.split_pattern(documents["document"], "#"), 0).combine_chunks().dictionary_encode()
    of_files = [event_of_file(events, name) for name in files.dictionary.to_pylist()]
    known = of_files if events in (FOLDERS, FILES) else [None] * len(of_files)
    named = pa.array(known, pa.string()).take(files.indices)
    return documents.append_column("event", _folded(named)).filter(pc.is_valid(named))


def _folded(names: pa.Array | pa.ChunkedArray) -> pa.Array:
    column = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    coded = column.dictionary_encode()
    return pa.array([same_event(name) for name in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)
