"""Documents as rows of one schema, from every form in which corpora are published."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tasks.sources.annotated import read_conllu, read_numbered
from tasks.sources.columns import ColumnMap
from tasks.sources.documents import batched, read_extracted, read_plain, read_wikitext
from tasks.sources.encodings import open_text
from tasks.sources.formats import document_format
from tasks.sources.limits import DEFAULT_LIMITS, SourceLimits
from tasks.sources.members import Member
from tasks.sources.tables import ReadingNotes, SourceFile, open_sources, read_table, text_file
from tasks.sources.tweets import blank_to_null, cells_of, find_columns
from tasks.sources.wikis import read_wiki_dump

READERS = {
    "wikiextractor": read_extracted,
    "wikitext": read_wikitext,
    "conllu": read_conllu,
    "numbered": read_numbered,
    "text": read_plain,
}


def read_documents(
    location: str | Path,
    columns: ColumnMap | None = None,
    encoding: str | None = None,
    notes: ReadingNotes | None = None,
    limits: SourceLimits = DEFAULT_LIMITS,
) -> Iterator[pa.RecordBatch]:
    """Every document of a snapshot, path, folder or glob, in order and in batches of bounded size.

    Columns: `source` (file), `source_row` (int64, 1 for its first document), `document` (a name that no other has),
    `title`, `text` (null where there is nothing but blanks), then `record`, `malformed`, `undecodable` and `original`
    as `tasks.sources.records` has them. Raises SourceError for what cannot be read.
    """
    columns, notes = columns or ColumnMap(), notes or ReadingNotes()
    for member in open_sources(location, tables_only=False, notes=notes, limits=limits, texts_only=True):
        row, found = 1, None
        for batch in _batches(member, columns, encoding, notes, limits):
            if found is None:
                notes.names = notes.names or [field.name for field in batch.schema.field("record").type]
                found = find_columns(columns, batch, member, ("text",))
                notes.columns = notes.columns or found
            yield _documents(batch, found, member.name, row)
            row += batch.num_rows
    notes.warn()


def _batches(
    member: Member, columns: ColumnMap, encoding: str | None, notes: ReadingNotes, limits: SourceLimits
) -> Iterator[pa.RecordBatch]:
    kind = document_format(member)
    if kind == "wiki-dump":
        notes.files.append(SourceFile(member.name, kind, "as the XML declares"))
        with member.open() as binary:
            pages = read_wiki_dump(binary, member.name, notes.shapes.no_texts, member.cut)
            yield from batched(pages, "utf-8")
        return
    if kind not in READERS:
        yield from read_table(member, kind, encoding, notes, limits, columns)
        return
    noted = text_file(member, kind, encoding)
    notes.files.append(noted)
    with open_text(member, noted.encoding) as stream:
        yield from batched(READERS[kind](stream), noted.encoding)


def _documents(batch: pa.RecordBatch, found: dict[str, str], source: str, first_row: int) -> pa.RecordBatch:
    rows = pa.array(range(first_row, first_row + batch.num_rows), pa.int64())
    names = pc.coalesce(cells_of(batch, found.get("id")), rows.cast(pa.string()))
    named = {
        "source": pa.array([source] * batch.num_rows, pa.string()),
        "source_row": rows,
        "document": pc.binary_join_element_wise(source, names, "#"),
        "title": cells_of(batch, "title"),
        "text": blank_to_null(cells_of(batch, found["text"])),
    }
    return pa.RecordBatch.from_pydict(named | {name: batch[name] for name in batch.schema.names})
