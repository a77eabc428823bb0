"""What a worker executes: a function by its name, once it is sure that worker and command are alike."""

import importlib
import inspect
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from types import FunctionType
from typing import Any

from tasks.caching.code import PACKAGES
from tasks.cluster.fingerprint import fingerprint_digest, read_token
from tasks.cluster.units import ATTACHED, Unit


class ForeignWorkerError(RuntimeError):
    """A worker joined that has other code, libraries or another machine than the command."""


@dataclass(frozen=True)
class Named:
    """A function by where it is defined: a worker imports it, and runs no code that was sent to it."""

    module: str
    name: str

    def find(self) -> Callable[..., Any]:
        """The function, without what its decorators put around it if it was named without."""
        module, _, bare = self.module.partition("!")
        found = attrgetter(self.name)(importlib.import_module(module))
        function: Callable[..., Any] = _bare(found) if bare else found
        return function


def named(function: Callable[..., Any]) -> Named:
    """The name of a function of a module's top. Raises TypeError for any other, which no worker could find."""
    module, name = function.__module__, function.__qualname__
    if "<" not in name:
        found = attrgetter(name)(importlib.import_module(module))
        if found is function:
            return Named(module, name)
        if _bare(found) is function:
            return Named(f"{module}!bare", name)
    raise TypeError(f"{module}.{name} cannot be sent to a worker: define it at the top of its module")


def _bare(found: Any) -> Any:
    """What decorators, those of Prefect too, were put around."""
    return inspect.unwrap(getattr(found, "fn", found))


def _by_name(value: Any) -> Any:
    """A function by its name; anything else as it is."""
    return named(value) if isinstance(value, FunctionType) else value


@dataclass(frozen=True)
class Sent:
    """A unit on its way, which Dask does not look into; `expected` is the fingerprint of the command."""

    name: str
    function: Named
    arguments: tuple[Any, ...]
    expected: str
    token: tuple[str, str] | None = None  # a file of the shared folder, and what it holds

    @classmethod
    def of(cls, unit: Unit, token: tuple[str, str] | None = None) -> "Sent":
        """The unit with its functions by name. Raises TypeError for one that no worker could find."""
        arguments = tuple(map(_by_name, unit.arguments))
        return cls(unit.name, named(unit.function), arguments, fingerprint_digest(), token)


@dataclass(frozen=True)
class Answer:
    """What a unit returned, and what its code warned of: logger, level and text."""

    result: Any
    warnings: list[tuple[str, int, str]]

    def unpack(self) -> Any:
        """The result, once the warnings were given here, where somebody reads them."""
        for name, level, text in self.warnings:
            logging.getLogger(name).log(level, "%s", text)
        return self.result


class WorkerTraceback(Exception):
    """Where on the worker an exception was raised, as text: the cause of the exception that is raised here."""


@dataclass(frozen=True)
class Failure:
    """An exception of a unit in parts: pickling calls the class, and ours take other arguments than their message."""

    kind: type[Exception]
    arguments: tuple[Any, ...]
    state: dict[str, Any]
    notes: tuple[str, ...]
    text: str
    traceback: str

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """The exception in parts."""
        reduced: Any = error.__reduce__()
        kind, arguments, *state = reduced
        notes = tuple(getattr(error, "__notes__", ()))
        carried = {**_attached(error), **(state[0] or {} if state else {})}
        return cls(kind, arguments, carried, notes, f"{type(error).__name__}: {error}", traceback.format_exc())

    def unpack(self) -> Any:
        """Raise the exception."""
        error = self._made()
        error.__notes__ = list(self.notes)
        raise error from WorkerTraceback(f"\n{self.traceback}")

    def _made(self) -> Exception:
        """The exception; a RuntimeError with its text where it cannot be put together again."""
        # Without a say of its own in how it is pickled, a class with its own __init__ is not called: its arguments may
        # be others than `args`, which is what was kept.
        called = (
            not isinstance(self.kind.__init__, FunctionType) or self.kind.__reduce__ is not BaseException.__reduce__
        )
        attached = {name: value for name, value in self.state.items() if name == ATTACHED}
        try:
            error = self.kind(*self.arguments) if called else self.kind.__new__(self.kind, *self.arguments)
            error.__dict__.update(self.state)
            str(error)
        except Exception:
            error = RuntimeError(self.text)
            error.__dict__.update(attached)
        return error


def _attached(error: Exception) -> dict[str, Any]:
    """What a unit gives an exception along, whatever the class makes of its own attributes."""
    return {ATTACHED: error.__dict__[ATTACHED]} if ATTACHED in error.__dict__ else {}


def execute(sent: Sent) -> Answer | Failure:
    """What a worker runs: the unit's function of its arguments.

    An exception carries the name of the unit. Raises ForeignWorkerError where the command is not like this worker, or
    has another state folder: a worker may have joined after all were examined.
    """
    if sent.token is not None and not _sees(*sent.token):
        raise ForeignWorkerError(
            f"a worker joined that does not see {sent.token[0]}: mount the state folder under the same path there"
        )
    if fingerprint_digest() != sent.expected:
        raise ForeignWorkerError(
            "a worker joined whose code, libraries or machine differ from this command's: run the same command again, "
            "which says in what"
        )
    with _kept_warnings() as warnings:
        try:
            arguments = [each.find() if isinstance(each, Named) else each for each in sent.arguments]
            return Answer(sent.function.find()(*arguments), warnings)
        except Exception as error:
            error.add_note(f"in the unit {sent.name!r}, on a worker of the cluster")
            return Failure.of(error)


@cache
def _sees(token: str, content: str) -> bool:
    return read_token(token) == content


@contextmanager
def _kept_warnings() -> Iterator[list[tuple[str, int, str]]]:
    """What the project's own loggers are told in the block, from warnings on."""
    handler = _Keeping(logging.WARNING)
    own = [logging.getLogger(package) for package in PACKAGES]
    try:
        for logger in own:
            logger.addHandler(handler)
        yield handler.kept
    finally:
        for logger in own:
            logger.removeHandler(handler)


class _Keeping(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.kept: list[tuple[str, int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append((record.name, record.levelno, record.getMessage()))
