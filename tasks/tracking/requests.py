"""What a run was asked for, kept beside it, so that it can be asked for again."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from tasks import recipes, tracking
from tasks.caching.machine import numeric_environment
from tasks.runtime.redaction import mask_secrets

FILE = "request.json"


@dataclass(frozen=True)
class Request:
    """A flow by name, its parameters, the text of its recipe, and the machine's settings that numbers depend on."""

    flow: str
    parameters: dict[str, Any]
    recipe: dict[str, str] = field(default_factory=dict)  # file name and text
    environment: dict[str, str] = field(default_factory=dict)
    threads: int = 0

    @classmethod
    def read(cls, file: Path) -> "Request":
        """The request in this file."""
        return cls(**json.loads(file.read_text(encoding="utf-8")))

    def write(self, file: Path) -> None:
        """Write it to this file."""
        file.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def record_request(run: tracking.Run, called_with: Mapping[str, Any] | None = None) -> None:
    """Keep with a root run what the flow around it was called with. Addresses lose their secrets.

    `called_with` are parameters to keep instead: where the flow chose what it was not told, so that a replay does not
    choose again.
    """
    from prefect.runtime import flow_run

    parameters = _redacted(to_jsonable_python(dict(called_with or flow_run.parameters or {})))
    request = Request(
        flow=str(flow_run.flow_name),
        parameters=parameters,
        recipe=_recipe_text(_find(parameters, "recipe") or _find(parameters, "recipe_name")),
        environment={name: value for name, value in numeric_environment().items() if name.isidentifier()},
        threads=len(os.sched_getaffinity(0)),
    )
    run.log_text(json.dumps(asdict(request), indent=1), FILE)


def _redacted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _redacted(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_redacted(each) for each in value]
    return mask_secrets(value) if isinstance(value, str) else value


def _find(parameters: Mapping[str, Any], name: str) -> Any:
    """The value of this name, in the parameters or in a request among them."""
    nested = [each for each in parameters.values() if isinstance(each, Mapping)]
    return next((each[name] for each in (parameters, *nested) if name in each), None)


def _recipe_text(name: str | None) -> dict[str, str]:
    if name is None:
        return {}
    file = recipes.recipe_file(name)
    return {"file": file.name, "text": file.read_text(encoding="utf-8")}
