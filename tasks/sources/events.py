"""Which event a text is about: the folder or the file that it lies in, or a column of its table."""

from pathlib import PurePosixPath

import pyarrow as pa

from models.text import repair_keywords
from tasks.sources.columns import find_named, fold_word
from tasks.sources.tweets import blank_to_null, cells_of, missing_to_null

EVENT = "event of the text"  # a name that no table of texts has
FOLDERS, FILES = "folders", "files"


def event_of_file(events: str, file: str) -> str | None:
    """The event that the place of a file tells: its folder, or its own name; None where it lies in no folder.

    >>> event_of_file("folders", "T6/2013_Alberta_Floods/labels.csv"), event_of_file("files", "T6/alberta.csv")
    ('2013_Alberta_Floods', 'alberta')
    """
    path = PurePosixPath(file)
    return (path.stem if events == FILES else path.parent.name) or None


def event_column(events: str, file: str, rows: int) -> pa.StringArray:
    """The event of each row of a file by its place; null where a column names it."""
    event = event_of_file(events, file) if events in (FOLDERS, FILES) else None
    return pa.array([event] * rows, pa.string())


def events_of(batch: pa.RecordBatch, file: str, events: str) -> pa.StringArray:
    """The event of each row of a batch (see `tasks.sources.records`) of a file; null where none is named.

    `events` is "folders", "files" or the name of a column, whose values are read as keywords are.
    """
    if events in (FOLDERS, FILES):
        return event_column(events, file, batch.num_rows)
    names = [field.name for field in batch.schema.field("record").type]
    cells = missing_to_null(blank_to_null(cells_of(batch, find_named(names, events))))
    return blank_to_null(repair_keywords(cells)[0])


def same_event(name: str) -> str:
    """An event's name as it is compared: case, blanks, underscores and hyphens do not matter.

    >>> same_event("2013_Boston_Bombings") == same_event("2013 Boston bombings")
    True
    """
    return fold_word(name)
