r"""Writers of JSON and of workbooks: bytes for a table of strings.

What each does that has to be told apart, and what tells it:
- json.dumps: a missing cell is null; half characters are escapes that no valid UTF-8 holds: such rows are set aside.
- pandas to_json: a slash is `\/`; orient split, table, index and columns are not rows but parts of a table: known by
  their keys; orient values has no names: refused, naming what it lacks.
- Workbooks: an empty text is not a cell at all; XML makes LF of every line end; text is marked as text here (a library
  that is handed "=SUM(A1)" makes a formula of it, and then no text is in the file).
"""

import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any


def _records(table: Any) -> list[dict[str, Any]]:
    return [
        {name: int(cell) if name in table.numbers else cell for name, cell in zip(table.names, row, strict=True)}
        for row in table.rows
    ]


def write_json(table: Any, lines: bool, **options: Any) -> bytes:
    """Python's own, as one list or an object a line."""
    records = _records(table)
    text = "".join(json.dumps(each, **options) + "\n" for each in records) if lines else json.dumps(records, **options)
    return text.encode("utf-8", "surrogatepass")


def write_pandas_json(table: Any, **options: Any) -> bytes:
    """DataFrame.to_json."""
    import pandas as pd

    frame = pd.DataFrame(_records(table), columns=list(table.names))
    return frame.to_json(**options).encode("utf-8", "surrogatepass")


def write_polars_json(table: Any, lines: bool) -> bytes:
    """polars.DataFrame.write_json and write_ndjson."""
    import polars as pl

    frame, sink = pl.DataFrame(_records(table)), io.BytesIO()
    (frame.write_ndjson if lines else frame.write_json)(sink)
    return sink.getvalue()


def write_workbook(table: Any, ids_as_text: bool = True) -> bytes:
    """A workbook of one sheet; ids as text, as careful people have them."""
    import openpyxl

    book = openpyxl.Workbook(write_only=False)
    sheet = book.active
    sheet.append(list(table.names))
    for number, row in enumerate(table.rows, start=2):
        for place, (name, cell) in enumerate(zip(table.names, row, strict=True), start=1):
            value = int(cell) if name in table.numbers and not (ids_as_text and "id" in name) else cell
            written = sheet.cell(number, place, value)
            if isinstance(value, str) and value:
                written.data_type = "s"
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def write_pandas_workbook(table: Any) -> bytes:
    """DataFrame.to_excel, ids as strings; what begins with an equals sign is left out: it becomes a formula."""
    import pandas as pd

    if any(cell.startswith("=") for row in table.rows for cell in row):
        raise ValueError("becomes a formula")
    sink = io.BytesIO()
    pd.DataFrame(table.rows, columns=list(table.names)).to_excel(sink, index=False)
    return sink.getvalue()


JSON: dict[str, Callable[[Any], bytes]] = {
    "json list": partial(write_json, lines=False),
    "json list unicode": partial(write_json, lines=False, ensure_ascii=False),
    "json indented": partial(write_json, lines=False, indent=2),
    "json lines": partial(write_json, lines=True),
    "json lines unicode": partial(write_json, lines=True, ensure_ascii=False),
    **{
        f"pandas json {orient}": partial(write_pandas_json, orient=orient)
        for orient in ("columns", "index", "records", "split", "table")
    },
    "pandas json lines": partial(write_pandas_json, orient="records", lines=True),
    "pandas json unicode": partial(write_pandas_json, orient="records", force_ascii=False),
    "polars json": partial(write_polars_json, lines=False),
    "polars json lines": partial(write_polars_json, lines=True),
}
WORKBOOKS: dict[str, Callable[[Any], bytes]] = {
    "excel xlsx": write_workbook,
    "pandas xlsx": write_pandas_workbook,
}
DOCUMENTS = {**JSON, **WORKBOOKS}
SUFFIXES = {name: ".jsonl" if "lines" in name else ".json" for name in JSON} | dict.fromkeys(WORKBOOKS, ".xlsx")
