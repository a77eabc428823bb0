"""Corrected rows, from the file that `quarantine show --out` wrote and somebody mended, or from a mended source."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from models.wording import counted
from tasks.sources import ColumnMap, ReadingNotes, SourceError
from tasks.sources.csv_injection import unescape_formula
from tasks.sources.encodings import is_utf8
from tasks.sources.formats import table_format
from tasks.sources.json_records import as_cell
from tasks.sources.members import Member
from tasks.sources.tables import open_sources, read_table

Place = tuple[str, int]  # file and row of the source
Fields = dict[str, str | None]


class Forms(NamedTuple):
    """How to read a file that names the rows it corrects, and how a corrected copy of the source."""

    export: ColumnMap
    copy: ColumnMap


DEFAULT_FORMS = Forms(ColumnMap(), ColumnMap())
ABOUT_ROW = ("source", "source_row", "rule", "reason", "record")  # columns of the export beside the row's own
RAW, YES = "crisisflow_raw_csv", "yes"  # the column that marks an export with --raw-csv: no cell of it is escaped


def read_corrections(
    snapshot: Path,
    quarantined: set[Place],
    files: list[str],
    rows_read: int,
    forms: Forms = DEFAULT_FORMS,
    encoding: str | None = None,
) -> dict[Place, Fields]:
    """The corrected rows by their place in the source; empty ones, and those that cannot be read, are left out.

    A file with a column source_row says itself which rows it corrects. Any other is a corrected copy of the source
    (`files`, of `rows_read` rows together), whose n-th row stands for the n-th; of it only the quarantined rows are
    looked at. `encoding` is that of a file which is not UTF-8. Raises SourceError for a row that is not in the
    quarantine, for two corrections of one row, and for a copy of another length.
    """
    found: dict[Place, Fields] = {}
    copied = 0
    for name, row, fields in _rows(snapshot, forms, encoding):
        if "source_row" in fields:
            place = _named_place(fields, files, name, row)
            _check_named(place, quarantined, found)
            own = {name: value for name, value in fields.items() if name not in (*ABOUT_ROW, RAW)}
            raw = fields.get(RAW) == YES
            cells = own if raw else {name: value and unescape_formula(value) for name, value in own.items()}
        else:
            copied += 1
            place, cells = (files[0] if len(files) == 1 else name, row), fields
        if place in quarantined and any(cells.values()):
            found[place] = cells
    if copied and copied != rows_read:
        raise SourceError(
            f"the corrected file has {counted(copied, 'row')}, the source had {rows_read:,}: rows cannot be told by "
            "their place; correct the file that `crisisflow quarantine show --out` writes, which names them"
        )
    return found


def _rows(snapshot: Path, forms: Forms, encoding: str | None) -> Iterator[tuple[str, int, Fields]]:
    """File, row number and fields of every row; those of a row that cannot be read are None."""
    notes = ReadingNotes()
    for member in open_sources(snapshot, tables_only=True, notes=notes):
        row, declared = 0, None if encoding is None or is_utf8(member) else encoding
        options = _form_of(member, forms, declared)
        for batch in read_table(member, table_format(member), declared, notes, options=options):
            nothing = dict.fromkeys(field.name for field in batch.schema.field("record").type)
            for record in batch["record"].to_pylist():
                row += 1
                yield member.name, row, {name: as_cell(value) for name, value in (record or nothing).items()}


def _form_of(member: Member, forms: Forms, encoding: str | None) -> ColumnMap:
    """How the file is to be read, by whether it names the rows that it corrects."""
    try:
        first = next(iter(read_table(member, table_format(member), encoding, ReadingNotes(), options=forms.export)))
    except SourceError:
        return forms.copy
    return forms.export if first["record"].type.get_field_index("source_row") >= 0 else forms.copy


def _named_place(fields: Fields, files: list[str], name: str, row: int) -> Place:
    number, source = fields["source_row"] or "", fields.get("source") or (files[0] if len(files) == 1 else None)
    if not number.isdecimal() or source is None:
        raise SourceError(
            f"{name} row {row} does not say which row it corrects: source_row is {number!r}, source is {source!r}; "
            "leave these two columns as `crisisflow quarantine show --out` wrote them"
        )
    return source, int(number)


def _check_named(place: Place, quarantined: set[Place], found: dict[Place, Fields]) -> None:
    source, row = place
    if place not in quarantined:
        raise SourceError(f"{source} row {row} is not in this quarantine: take it out of the corrected file")
    if place in found:
        raise SourceError(f"{source} row {row} is corrected twice: leave one of the two")
