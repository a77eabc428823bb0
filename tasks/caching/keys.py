"""The action key: everything that a step's output depends on, kept readable, so that a miss can be explained."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tasks.caching.code import PACKAGES, reached_code, reached_modules
from tasks.caching.libraries import library_versions
from tasks.caching.machine import hardware_class, named_environment, numeric_environment
from tasks.caching.syntax import parse
from tasks.store import artifact_store, digests


@dataclass(frozen=True)
class ActionKey:
    """The key of one execution of one step, by its parts; the title is for people, and no part of it."""

    step: str
    parts: dict[str, Any]
    title: str = ""

    @property
    def digest(self) -> str:
        """What the record is filed under."""
        return digests.combine({"step": self.step, **self.parts})


def action_key(title: str, function: Callable[..., Any], inputs: Mapping[str, Any], hardware: bool) -> ActionKey:
    """The key of calling this function with these inputs; `hardware` where the processor can change the last bits.

    Raises TypeError for a function that sees more than its inputs, or an input that cannot be described.
    """
    innermost = inspect.unwrap(function)
    refuse_closure(innermost)
    starts = [innermost, *(type(value) for value in _settings(inputs.values()))]
    parts = {
        "function": _full_name(innermost),
        "inputs": {name: describe_input(value) for name, value in inputs.items()},
        **code_parts({each.__module__: Path(inspect.getfile(each)) for each in starts}, hardware),
    }
    return ActionKey(innermost.__name__, parts, title)


def code_parts(starts: Mapping[str, Path], hardware: bool) -> dict[str, Any]:
    """The parts of a key that stay when the inputs change: code within reach of these, libraries, environment.

    `starts` are the modules, by their files, of the step and of the settings that it is given.
    """
    reached = reached_modules(*starts, elsewhere={name: file for name, file in starts.items() if not _of_project(name)})
    environment = named_environment([parse(file.read_bytes()) for file in reached.values()])
    parts: dict[str, Any] = {"code": reached_code(reached), "libraries": library_versions(reached)}
    if hardware:
        parts["hardware"] = hardware_class()
        environment |= numeric_environment()
    return parts | {"environment": environment}


def _of_project(module: str) -> bool:
    return module.split(".")[0] in PACKAGES


def _full_name(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def refuse_closure(function: Callable[..., Any]) -> None:
    """Raise TypeError when a function uses variables of one around it: no reading of the code says what they hold."""
    if hidden := getattr(function, "__code__", None) and function.__code__.co_freevars:
        raise TypeError(
            f"{_full_name(function)} uses {', '.join(hidden)} from the function around it, which no key can hold: "
            "hand it over as an argument; a decorator between this and @step needs functools.wraps"
        )


def _settings(values: Any) -> Iterator[BaseModel]:
    """All settings in these values, however deep."""
    for value in values:
        if isinstance(value, BaseModel):
            yield value
            yield from _settings(dict(value).values())
        elif isinstance(value, Mapping):
            yield from _settings(value.values())
        elif isinstance(value, (list, tuple)):
            yield from _settings(value)


def describe_input(value: Any) -> Any:
    """An input by content: artifacts by digest, settings by class and value, plain values as they are.

    A mapping counts with its order, for a step may follow it. Raises TypeError for a path outside the store, whose name
    does not identify its content, and for anything that is neither.
    """
    if isinstance(value, Path):
        if not artifact_store.is_artifact(value):
            raise TypeError(
                f"{value} is not an artifact of the store: a path does not identify content, so ingest it first"
            )
        return f"{value.parent.name}/{artifact_store.artifact_digest(value)}"
    if isinstance(value, BaseModel):
        fields = {**dict(value), **(value.__pydantic_private__ or {})}
        return {"class": _full_name(type(value)), "fields": {n: describe_input(each) for n, each in fields.items()}}
    if isinstance(value, Mapping):
        return {"mapping": [[describe_input(name), describe_input(each)] for name, each in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [describe_input(each) for each in value]}
    if isinstance(value, list):
        return [describe_input(each) for each in value]
    if value is None or type(value) in (str, int, float, bool):
        return value
    raise TypeError(f"a step takes artifacts, settings and plain values, got {type(value).__name__}")
