"""Excel workbooks: the rows of one sheet, read one after the other."""

import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, time
from itertools import islice
from typing import Any

import pyarrow as pa

from models.wording import counted
from tasks.sources.archives import Budget
from tasks.sources.errors import SourceError
from tasks.sources.limits import DEFAULT_LIMITS, GIB, SourceLimits
from tasks.sources.members import Member
from tasks.sources.records import BatchBuilder, unique_names

WORKBOOK_BYTES = GIB  # unpacked: openpyxl holds the texts of a workbook in memory
EXACT = 1 << 53  # the whole numbers below it have a float each
# What openpyxl raises for a file that is cut, scrambled or no workbook; XML errors are SyntaxErrors.
BROKEN = (
    KeyError, ValueError, TypeError, AttributeError, IndexError, SyntaxError, EOFError, OSError, NotImplementedError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def read_workbook(
    member: Member, sheet: str | None = None, limits: SourceLimits = DEFAULT_LIMITS, first_rows: int | None = None
) -> Iterator[pa.RecordBatch]:
    """The rows of a sheet below its header, in batches; without a name, those of the only sheet that holds any.

    `first_rows` is how many to read, None all.

    Rows with more cells than the header come as malformed; blank rows are not rows. Raises SourceError for a file that
    is damaged or unpacks past the limits, and when it is not certain which sheet to read.
    """
    _check_size(member, limits)
    with _open(member) as workbook:
        rows = _reported(member.name, workbook[_choose(member.name, workbook, sheet)].iter_rows(values_only=True))
        header = next((row for row in rows if _width(row)), None)
        if header is None:
            raise SourceError(f"{member.name} has no header: the first row of the sheet must name the columns")
        builder = BatchBuilder(unique_names([_cell(value) or "" for value in header[: _width(header)]]), "utf-8")
        for row in islice(rows, first_rows):
            _add(builder, row)
            if builder.full:
                yield builder.take()
        if builder.pending or not builder.taken:
            yield builder.take()


def _add(builder: BatchBuilder, row: Sequence[Any]) -> None:
    width, given = len(builder.names), _width(row)
    cells = [_cell(value) for value in row[: max(width, given)]]
    characters = sum(map(len, filter(None, cells)))
    if given > width:
        builder.add_malformed(cells, f"{counted(given, 'cell')} instead of {width}", characters)
    elif given:
        builder.add(cells + [None] * (width - len(cells)), characters)


def _cell(value: Any) -> str | None:
    """A cell as text. A float that stands for many whole numbers keeps its exponent: it is not an exact id."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        whole = value.is_integer()
        return str(int(value)) if whole and abs(value) < EXACT else f"{value:.15G}" if whole else repr(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    return None if value is None else str(value)


def _width(row: Sequence[Any]) -> int:
    """The place of the last cell that holds anything."""
    return max((place for place, value in enumerate(row, 1) if value not in (None, "")), default=0)


def _choose(name: str, workbook: Any, sheet: str | None) -> str:
    names = [each.title for each in workbook.worksheets]
    if sheet is not None:
        if sheet not in names:
            raise SourceError(f"{name} has no sheet {sheet!r}; its sheets are {', '.join(map(repr, names))}")
        return sheet
    filled = [
        each.title for each in workbook.worksheets if any(_width(row) for row in each.iter_rows(values_only=True))
    ]
    if len(filled) > 1:
        raise SourceError(
            f"{name} has {len(filled)} sheets, {', '.join(map(repr, filled))}: say which one with --sheet"
        )
    if not filled:
        raise SourceError(f"{name} holds no row")
    return str(filled[0])


@contextmanager
def _open(member: Member) -> Iterator[Any]:
    import openpyxl  # here, since few sources are workbooks

    with warnings.catch_warnings():  # about styles and checks of cells, which are not read
        warnings.simplefilter("ignore", UserWarning)
        try:
            workbook = openpyxl.load_workbook(member.zip_file(), read_only=True, data_only=True, keep_links=False)
        except BROKEN as error:
            raise SourceError(f"{member.name} is not a sound workbook: {error}") from error
    try:
        yield workbook
    finally:
        workbook.close()


def _reported(name: str, rows: Iterator[Any]) -> Iterator[Any]:
    """The rows; what is broken inside comes out as a SourceError."""
    try:
        yield from rows
    except BROKEN as error:
        raise SourceError(f"{name} is not a sound workbook: {error}") from error


def _check_size(member: Member, limits: SourceLimits) -> None:
    """Raise SourceError for a workbook past the limits; zipfile holds its members to the sizes that they state."""
    with zipfile.ZipFile(member.zip_file()) as archive:
        infos = archive.infolist()
    budget = Budget(limits, sum(info.compress_size for info in infos))
    for number, info in enumerate(infos):
        budget.spend(member.name, info.file_size, info.compress_size, number)
    total = sum(info.file_size for info in infos)
    if total > WORKBOOK_BYTES:
        raise SourceError(f"{member.name} unpacks to {total:,} bytes, {WORKBOOK_BYTES:,} are the limit: save it as CSV")
