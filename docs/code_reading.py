"""Reads from source text, without running it, what commands print, and what runs record and ask of the environment."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("flows", "tasks", "models")
VARIABLE = re.compile(r"CRISISFLOW_[A-Z_]+[A-Z]")


@cache
def tree_of(file: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


@cache
def source_files() -> tuple[Path, ...]:
    """All modules of the project, in order."""
    return tuple(sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")))


def definition(place: str) -> ast.FunctionDef | ast.ClassDef:
    """The function or class at `path/of/file.py::name`; the path may be a pattern, the name several with | between.

    Raises LookupError when there is none.
    """
    pattern, _, names = place.partition("::")
    for path in sorted(ROOT.glob(pattern)):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in names.split("|"):
                return node
    raise LookupError(f"docs/reference.toml names {place}, which does not exist: correct the line")


def result_keys(place: str) -> list[str]:
    """The keys of the object that this function builds, nested ones with a dot; of a class, the names of its fields.

    Read are dictionaries that are returned, or assigned to a name that is returned or shown.
    """
    node = definition(place)
    if isinstance(node, ast.ClassDef):
        fields = (each.target for each in node.body if isinstance(each, ast.AnnAssign))
        return [field.id for field in fields if isinstance(field, ast.Name)]
    found = [key for each in _results(node) for key in _keys(each)]
    return list(dict.fromkeys(found))


def _results(function: ast.FunctionDef) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Return | ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
            yield node.value
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            yield ast.Dict([node.targets[0].slice], [node.value])


def _keys(value: ast.expr, prefix: str = "") -> Iterator[str]:
    if isinstance(value, ast.Dict):
        for key, each in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield f"{prefix}{key.value}"
                yield from _keys(each, f"{prefix}{key.value}.")
            elif key is None:
                yield from _keys(each, prefix)
    elif isinstance(value, ast.BinOp):  # one | another
        yield from _keys(value.left, prefix)
        yield from _keys(value.right, prefix)
    elif isinstance(value, ast.ListComp):
        yield from _keys(value.elt, f"{prefix.removesuffix('.')}[]." if prefix else "")
    elif isinstance(value, ast.IfExp):
        yield from _keys(value.body, prefix)


def calls(*names: str) -> Iterator[ast.Call]:
    """Every call of a method of one of these names."""
    for file in source_files():
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
                yield node


def recorded_artifacts() -> list[str]:
    """The paths under which runs keep figures, texts and tables, where the code names them in plain."""
    forms = {"log_figure": "figures/{}.png", "log_text": "{}", "log_table": "{}.json"}
    found = set()
    for call in calls(*forms):
        assert isinstance(call.func, ast.Attribute)
        name = call.args[1] if len(call.args) > 1 else None
        if isinstance(name, ast.Constant):
            found.add(forms[call.func.attr].format(name.value))
    return sorted(found)


def recorded_tags() -> list[str]:
    """The names of the tags that runs carry; a double underscore in the code stands for a dot."""
    named = {word.arg for call in calls("tag") for word in call.keywords if word.arg}
    return sorted(name.replace("__", ".") for name in named)


def recorded_metrics() -> list[str]:
    """The metric names that stand in plain in what is recorded; {} for what is filled in."""
    found = set()
    for call in calls("log_metrics", "log_final"):
        for node in ast.walk(call):
            if isinstance(node, ast.Dict | ast.DictComp):
                found |= {_pattern(key) for key in (node.keys if isinstance(node, ast.Dict) else [node.key]) if key}
    return sorted(found - {""})


def _pattern(key: ast.expr) -> str:
    if isinstance(key, ast.Constant):
        return str(key.value)
    if isinstance(key, ast.JoinedStr):
        parts = (each.value if isinstance(each, ast.Constant) else "{}" for each in key.values)
        pattern = "".join(map(str, parts))
        return pattern if re.search(r"[a-z]", pattern.replace("{}", "")) else ""
    return ""


def own_variables() -> list[str]:
    """The environment variables of the project's own that its code names."""
    return sorted({name for file in source_files() for name in VARIABLE.findall(file.read_text(encoding="utf-8"))})
