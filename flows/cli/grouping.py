"""Options that belong together, declared once as a dataclass, for every command that takes them."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """The command with each parameter whose type is a dataclass replaced by that dataclass' fields, as options.

    A field is annotated and has a default as a parameter of a Typer command does. Raises TypeError for two parameters
    of one name.
    """
    signature = inspect.signature(command, eval_str=True)
    annotations = {name: each.annotation for name, each in signature.parameters.items()}
    groups: dict[str, Any] = {name: each for name, each in annotations.items() if is_dataclass(each)}
    parameters: list[inspect.Parameter] = []
    for name, each in signature.parameters.items():
        held = fields(groups[name]) if name in groups else ()
        parameters += [
            inspect.Parameter(field.name, each.KEYWORD_ONLY, default=field.default, annotation=field.type)
            for field in held
        ] or [each.replace(kind=each.KEYWORD_ONLY)]
    names = [each.name for each in parameters]
    if twice := {name for name in names if names.count(name) > 1}:
        raise TypeError(f"{command.__name__} has two parameters called {', '.join(sorted(twice))}")

    @functools.wraps(command)
    def call(**given: Any) -> None:
        held = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**given, **held)

    call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in parameters}
    return call
