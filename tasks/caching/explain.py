"""Why a step was computed, and whether it would be again: two keys compared part by part."""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Any

from tasks.caching.code import module_file
from tasks.caching.keys import code_parts
from tasks.caching.records import Record, kept_code, records
from tasks.caching.syntax import tree_of

ABSENT = "(absent)"
NAMED = 5  # steps that are named where none is near
PARTS = ("function", "inputs", "code", "libraries", "hardware", "environment")


@dataclass(frozen=True)
class Change:
    """One thing that differs between two keys; of a module, the first line of code that does."""

    part: str
    name: str
    old: Any
    new: Any
    old_line: str = ""
    new_line: str = ""


def _known(step: str) -> str:
    """Which steps there are, in words: the nearest titles, or some of all."""
    titles = sorted({each.title for each in records()})
    if not titles:
        return "it holds none yet: run `crisisflow retrain`"
    near = get_close_matches(step, titles, n=3, cutoff=0.4) or titles[:NAMED]
    return f"it holds {', '.join(map(repr, near))}: `crisisflow cache list` names all {len(titles):,}"


def explain(step: str) -> list[dict[str, Any]]:
    """For each title of a step: what changed since its latest record, and between that one and the one before.

    `step` is a function's name (train_network) or a title (train lstm/cbow). Raises ValueError for an unknown one.
    """
    found = sorted((each for each in records() if step in (each.step, each.title)), key=lambda each: each.title)
    if not found:
        raise ValueError(f"no step {step!r} in the cache; {_known(step)}")
    titles = [sorted(group, key=lambda each: -each.made) for _, group in groupby(found, key=lambda each: each.title)]
    return [_explain_latest(*several) for several in titles]


def _explain_latest(latest: Record, before: Record | None = None, *_: Record) -> dict[str, Any]:
    since = list(_changes(latest.parts, {**latest.parts, **present_parts(latest)}))
    earlier = list(_changes(before.parts, latest.parts)) if before else []
    return {
        "title": latest.title,
        "run_id": latest.action.run_id,
        "made": latest.made,
        "changed_since": [asdict(change) for change in since],
        "previous_run_id": before.action.run_id if before else None,
        "changed_before": [asdict(change) for change in earlier],
    }


def present_parts(record: Record) -> dict[str, Any]:
    """What the parts of this record's key would be now, the inputs being equal; nothing for a step that is gone."""
    names = [record.parts["function"], *_classes(record.parts["inputs"])]
    starts = {name: file for name, file in map(_module_of, names) if file is not None}
    return code_parts(starts, "hardware" in record.parts) if starts else {}


def _module_of(full_name: str) -> tuple[str, Path | None]:
    """The module that defines this function or class, and its file: of the project, or else of what is loaded."""
    name = full_name
    while "." in name:
        name = name.rpartition(".")[0]
        if file := module_file(name) or getattr(sys.modules.get(name), "__file__", None):
            return name, Path(file)
    return full_name, None


def _classes(description: Any) -> Iterator[str]:
    """The settings classes in the description of an input."""
    if isinstance(description, dict):
        if "class" in description:
            yield description["class"]
        for each in description.values():
            yield from _classes(each)
    elif isinstance(description, list):
        for each in description:
            yield from _classes(each)


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for part in PARTS:
        before, after = _flat(old.get(part, {})), _flat(new.get(part, {}))
        for name in sorted(before.keys() | after.keys()):
            values = before.get(name, ABSENT), after.get(name, ABSENT)
            if values[0] != values[1]:
                lines = first_difference(*map(_text, values, (name, name))) if part == "code" else ("", "")
                yield Change(part, name, *values, *lines)


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """A part as one level of dotted names."""
    if not isinstance(value, (dict, list)):
        return {name: value}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    flat: dict[str, Any] = {}
    for inner, each in items:
        flat |= _flat(each, name if inner == "fields" else f"{name}.{inner}" if name else str(inner))
    return flat


def _text(digest: str, module: str) -> str:
    """The code of this digest: as it was kept, else as the module has it now."""
    file = kept_code(digest) if kept_code(digest).is_file() else module_file(module)
    return file.read_text(encoding="utf-8") if digest != ABSENT and file is not None else ""


def first_difference(old: str, new: str) -> tuple[str, str]:
    """The first line in which two programs differ, comments, docstrings and layout aside; empty where one has none.

    >>> first_difference("LIMIT = 3  # so many", "# so many" + chr(10) + "LIMIT = 4")
    ('LIMIT = 3', 'LIMIT = 4')
    """
    lines = zip_longest(*(ast.unparse(tree_of(text)).splitlines() for text in (old, new)), fillvalue="")
    return next(((before.strip(), after.strip()) for before, after in lines if before != after), ("", ""))
