"""A look at the beginning of a source, before servers start: who names a wrong column is told in a second or two."""

from collections import deque
from dataclasses import replace
from pathlib import Path

from tasks.ingestion.errors import missing_column
from tasks.sources import ColumnMap, MissingColumnError, ReadingNotes, SourceError, local_paths, read_tweets
from tasks.sources.limits import DEFAULT_LIMITS
from tasks.sources.look import Look
from tasks.store import artifact_store


def refuse_unreadable(
    source: str | Path,
    columns: ColumnMap,
    encoding: str | None = None,
    labelled: bool | None = None,
    columns_named: bool = True,
) -> None:
    """Raise what an ingest of tweets would raise about the beginning of a source on this machine.

    Nothing is said of a source elsewhere. What seems missing in the beginning of a long one may come later, such as the
    key of a label in JSON lines: only the header of a delimited table is final. `columns_named` is false where
    something else than `columns` will say which they are. Raises RefusedTable for a column that is not there,
    SourceError for what cannot be read.
    """
    if artifact_store.is_artifact(Path(source)) or not local_paths(source):
        return
    look, notes = Look(), ReadingNotes(aloud=False)
    batches = read_tweets(source, columns, encoding, labelled, notes, replace(DEFAULT_LIMITS, look=look))
    try:
        deque(batches, maxlen=0)
    except MissingColumnError as error:
        if columns_named and (_saw_all(look) or all(file.format == "delimited" for file in notes.files)):
            raise missing_column(error) from error
    except SourceError:
        if _saw_all(look):
            raise


def _saw_all(look: Look) -> bool:
    return not look.not_looked_into and not any(each.cut for each in look.beginnings.values())
