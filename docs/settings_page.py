"""The page of all settings, from the schema of the recipe and of the settings beside it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

Table = Callable[[tuple[str, ...], Iterable[tuple[str, ...]]], list[str]]
LIMITS = {"minimum": ">= {}", "exclusiveMinimum": "> {}", "maximum": "<= {}", "exclusiveMaximum": "< {}"}


def settings_page(table: Table, introduction: list[str]) -> list[str]:
    """One table for each class of settings that a recipe is made of, and of those that options alone set."""
    from models.language.settings import LanguageSettings
    from models.settings import Recipe, RetrySettings

    lines = ["# Settings", "", *introduction]
    seen: set[str] = set()
    for top in (Recipe, LanguageSettings, RetrySettings):
        schema = top.model_json_schema()
        for name, each in [(top.__name__, schema), *schema.get("$defs", {}).items()]:
            if name not in seen:
                seen.add(name)
                rows = list(_rows(each))
                lines += ["", f"## {name}", "", each.get("description", ""), ""]
                lines += table(("setting", "type", "default", "meaning"), rows)
    return lines


def _rows(schema: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, field in schema.get("properties", {}).items():
        default = field.get("default")
        nested = isinstance(default, dict) or (isinstance(default, list) and any(isinstance(x, dict) for x in default))
        shown = "see there" if nested else "" if default is None else f"`{_value(default)}`"
        yield f"`{name}`", _type(field), shown, field.get("description", _points_to(field))


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _points_to(field: dict[str, Any]) -> str:
    """For a group of settings: where its table is."""
    target = _reference(field)
    return f"See [{target}](#{target.lower()})." if target else ""


def _reference(field: dict[str, Any]) -> str:
    inner = field.get("items") or next((each for each in field.get("anyOf", []) if "$ref" in each), field)
    return str(inner.get("$ref", "")).rpartition("/")[2]


def _type(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join("none" if each.get("type") == "null" else _type(each) for each in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {})) or 'values'}"
    if target := _reference(field):
        return f"[{target}](#{target.lower()})"
    limits = [text.format(field[name]) for name, text in LIMITS.items() if name in field]
    kind = {"integer": "whole number"}.get(field.get("type", ""), field.get("type", ""))
    return " ".join(filter(None, [kind, ", ".join(limits)]))
