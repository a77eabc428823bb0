"""The action key: everything that a step's output depends on, and the record of what it gave.

Inputs by content, settings by value, code by the syntax trees of every project module the step can reach, library
versions, and the processor where rounding depends on it. Equal keys mean equal outputs: a false hit is forbidden, a
needless miss after an edit in a reached module is allowed.
"""

import ast
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tasks import digests, storage

ROOT = Path(__file__).parents[1]
PACKAGES = ("flows", "tasks", "models")


@dataclass(frozen=True)
class ActionKey:
    """The key of one execution of one step, with its parts kept readable, so that a miss can be explained."""

    step: str
    parts: dict[str, Any]

    @property
    def digest(self) -> str:
        """What the record is filed under."""
        return digests.combine({"step": self.step, **self.parts})


@dataclass(frozen=True)
class Action:
    """What one execution gave: the artifact, and the run that made it."""

    output: str
    run_id: str
    metrics: dict[str, float]
    tags: dict[str, str]
    seconds: float

    @property
    def path(self) -> Path:
        """The artifact's folder in the store."""
        return storage.state_home() / "store" / self.output


def action_key(step: str, function: Callable[..., Any], inputs: Mapping[str, Any], hardware: bool) -> ActionKey:
    """The key of calling this function with these inputs; `hardware` where the processor can change the last bits."""
    modules = reached_modules(function.__module__)
    parts: dict[str, Any] = {
        "inputs": {name: describe_input(value) for name, value in inputs.items()},
        "code": {name: module_digest(name) for name in sorted(modules)},
        "libraries": library_versions(frozenset(modules)),
    }
    if hardware:
        parts["hardware"] = hardware_class()
    return ActionKey(step, parts)


def describe_input(value: Any) -> Any:
    """An input by content: artifacts by digest, settings by value, plain values as they are.

    Raises TypeError for a path outside the store: its name says nothing about its content.
    """
    if isinstance(value, Path):
        if not storage.is_artifact(value):
            raise TypeError(
                f"{value} is no artifact of the store: a path alone says nothing of content, so ingest it first"
            )
        return f"{value.parent.name}/{storage.artifact_digest(value)}"
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(name): describe_input(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [describe_input(each) for each in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"a step takes artifacts, settings and plain values, got {type(value).__name__}")


@cache
def reached_modules(module: str) -> frozenset[str]:
    """The project modules that this one imports, anywhere in its text, and so on; itself and packages included."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen or module_file(name) is None:
            continue
        seen.add(name)
        waiting += imported_names(name)
        if "." in name:
            waiting.append(name.rpartition(".")[0])
    return frozenset(seen)


@cache
def module_file(name: str) -> Path | None:
    """The source file of a project module or package; None for anything else."""
    if name.split(".")[0] not in PACKAGES:
        return None
    path = ROOT.joinpath(*name.split("."))
    if (path / "__init__.py").is_file():
        return path / "__init__.py"
    return path.with_suffix(".py") if path.with_suffix(".py").is_file() else None


@cache
def imported_names(name: str) -> tuple[str, ...]:
    """Every name that a module's import statements may bind, project or not, relative ones resolved."""
    file = module_file(name)
    assert file is not None, f"{name} is no module of this project"
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    found: list[str] = []
    for node in ast.walk(syntax_tree(file)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *([base] if base else [])])
            found += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(found)


@cache
def syntax_tree(file: Path) -> ast.Module:
    """The module's tree without docstrings; comments and layout are not in it to begin with."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and ast.get_docstring(node, clean=False) is not None
        ):
            assert isinstance(body, list)
            body[0] = ast.Pass()
    return tree


@cache
def module_digest(name: str) -> str:
    """Digest of one module's syntax tree."""
    file = module_file(name)
    assert file is not None, f"{name} is no module of this project"
    return digests.combine({"tree": ast.dump(syntax_tree(file))})


@cache
def library_versions(modules: frozenset[str]) -> dict[str, str]:
    """Versions of the distributions that these modules import, and of Python itself."""
    imported = {name.split(".")[0] for module in modules for name in imported_names(module)}
    found = {"python": platform.python_version()}
    distributions = _distributions()
    for name in imported - set(PACKAGES) - sys.stdlib_module_names:
        for distribution in distributions.get(name, ()):
            found[distribution] = metadata.version(distribution)
    return dict(sorted(found.items()))


@cache
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


@cache
def hardware_class() -> dict[str, Any]:
    """What changes the rounding of sums: instruction set and number of threads."""
    return {"machine": platform.machine(), "vector_units": vector_units(), "threads": len(os.sched_getaffinity(0))}


def vector_units() -> list[str]:
    """The vector instruction sets of this processor that numeric libraries dispatch on, by their Linux names."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return [platform.processor()]
    flags = set(text.partition("flags")[2].partition("\n")[0].split())
    return sorted(flags & {"avx", "avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve"})


def _record(key: ActionKey) -> Path:
    return storage.state_home() / "actions" / key.step / f"{key.digest}.json"


def recall(key: ActionKey) -> Action | None:
    """The record under this key, when its artifact is there and intact; None means: compute it."""
    try:
        action = Action(**json.loads(_record(key).read_text())["action"])
        storage.verify(action.path)
    except (FileNotFoundError, json.JSONDecodeError, TypeError, storage.DamagedArtifactError):
        return None
    return action


def remember(key: ActionKey, action: Action) -> None:
    """File what a step gave, with the parts of its key."""
    storage.write_atomically(_record(key), json.dumps({"parts": key.parts, "action": asdict(action)}, indent=1))
