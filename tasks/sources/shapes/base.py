"""What a reader of one shape of JSON hands back."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]  # names to scalars


@dataclass(frozen=True)
class Shaped:
    """The texts that an object holds, each as a flat record, and how many of what else (a deletion, a boost)."""

    shape: str
    records: list[Record] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)


def scalars_of(value: Record) -> Record:
    """The fields that are neither objects nor lists."""
    return {name: each for name, each in value.items() if not isinstance(each, (dict, list))}


def nested(value: Record, name: str) -> Record:
    """The object in this field; an empty one where there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def objects(value: Any) -> list[Record]:
    """The objects of a list, or nothing where it is not a list of objects alone."""
    return value if isinstance(value, list) and all(isinstance(each, dict) for each in value) else []


def first_text(value: Record, *names: str) -> str | None:
    """The first of these fields that is a string with something in it."""
    return next((value[name] for name in names if isinstance(value.get(name), str) and value[name]), None)
