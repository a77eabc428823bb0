"""Tables as pandas.DataFrame.to_json writes them, in every orient that is more than one object a row."""

import re
from collections.abc import Iterable
from typing import Any

from tasks.sources.columns import USUAL_NAMES
from tasks.sources.errors import SourceError
from tasks.sources.shapes.base import Record, Shaped, nested, objects

KNOWN = frozenset(name for names in USUAL_NAMES.values() for name in names)


def read_pandas(value: Record) -> Shaped | None:
    """The rows of a whole document in orient split, table, columns or index; None where it is none of them.

    Raises SourceError where columns and index cannot be told apart.
    """
    if value.keys() in ({"columns", "index", "data"}, {"columns", "data"}) and _all(list, value.values()):
        names = [str(name) for name in value["columns"]]
        if all(isinstance(row, list) and len(row) == len(names) for row in value["data"]):
            return Shaped("pandas to_json, split", [dict(zip(names, row, strict=True)) for row in value["data"]])
    fields = objects(nested(value, "schema").get("fields"))
    if value.keys() == {"schema", "data"} and fields and isinstance(value["data"], list):
        return Shaped("pandas to_json, table", [_without_index(row) for row in objects(value["data"])])
    if value and _all(dict, value.values()) and _is_flat(value.values()):
        return _read_nested(value)
    return None


def names_meaning(name: str) -> bool:
    """Whether a column of this name is one that data sets use for text, id, label, keyword or location."""
    return re.sub(r"[\s_-]", "", name).lower() in KNOWN


def numbered(row: list[Any]) -> Record:
    """A row of orient values, which has no names: columns by number from 1."""
    return {str(place): cell for place, cell in enumerate(row, 1)}


def _read_nested(value: dict[str, Record]) -> Shaped | None:
    inner = {name: None for each in value.values() for name in each}
    by_column = _is_index(inner) and not _is_index(value), _names_columns(value) and not _names_columns(inner)
    by_row = _is_index(value) and not _is_index(inner), _names_columns(inner) and not _names_columns(value)
    if by_column[0] or (not by_row[0] and by_column[1]):
        rows = [{name: cells.get(row) for name, cells in value.items()} for row in inner]
        return Shaped("pandas to_json, columns", rows)
    if by_row[0] or by_row[1]:
        return Shaped("pandas to_json, index", [dict(row) for row in value.values()])
    if len({tuple(each) for each in value.values()}) == 1 and len(value) > 1 and len(inner) > 1:
        raise SourceError(
            "a JSON object of objects could hold a row or a column in each; write it with to_json(orient='records')"
        )
    return None


def _all(kind: type, values: Iterable[Any]) -> bool:
    return all(isinstance(each, kind) for each in values)


def _is_flat(rows: Iterable[Record]) -> bool:
    return not any(isinstance(cell, (dict, list)) for row in rows for cell in row.values())


def _is_index(names: Iterable[str]) -> bool:
    return all(re.fullmatch(r"-?\d+", name) for name in names)


def _names_columns(names: Iterable[str]) -> bool:
    return any(map(names_meaning, names))


def _without_index(row: Record) -> Record:
    return {name: cell for name, cell in row.items() if name != "index"}
