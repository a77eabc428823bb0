"""Units of work: run in this process, or on the cluster that is in use, with the same results in the same order.

A unit is a function at the top of a module and small arguments that can be pickled: artifacts, settings, numbers, paths
in the state folder, which workers share. It writes whole files or none, returns a small value, and may run twice.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tasks.runtime.atomic_files import draft_folder
from tasks.runtime.state_folder import state_home

T = TypeVar("T")
R = TypeVar("R")
THREADS_PER_WORKER = 4  # each waits for one unit at a time, and does its small part between two of them
FOLDER = "cluster"
ATTACHED = "attached"  # attribute of an exception of a unit that reaches the command with it


@dataclass(frozen=True)
class Unit:
    """A function of a module's top and its arguments; the name is for people. Functions may be arguments too."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


class Cluster(Protocol):
    """Where units run, other than here."""

    workers: int

    def results(self, units: Iterable[Unit]) -> Iterator[Any]:
        """What each unit returns, in order, a few units per worker ahead. An exception of a unit is raised here."""
        ...

    def stop(self) -> None:
        """Cancel what runs; whoever waits for a result gets `Stopped`, now and later."""
        ...


class Stopped(BaseException):
    """The work that this thread waited for is cancelled: another thread failed, or somebody ended the command.

    No Exception: the run that it passes through was not at fault, and is closed as killed.
    """


_cluster: Cluster | None = None
_beside_others: ContextVar[bool] = ContextVar("beside_others", default=False)


@contextmanager
def running_on(cluster: Cluster) -> Iterator[None]:
    """For the block, run the units of this process on this cluster."""
    global _cluster  # noqa: PLW0603  (one process, one cluster)
    before, _cluster = _cluster, cluster
    try:
        yield
    finally:
        _cluster = before


def run(units: Iterable[Unit]) -> Iterator[Any]:
    """What each unit returns, in order: computed here one after the other, or on the cluster in use.

    >>> list(run(Unit("size", len, (text,)) for text in ("a", "tweet")))
    [1, 5]
    """
    if _cluster is not None:
        yield from _cluster.results(units)
        return
    for unit in units:
        yield unit.function(*unit.arguments)


def in_use() -> bool:
    """Whether a cluster is in use: only then is it worth cutting up work."""
    return _cluster is not None


def is_beside_others() -> bool:
    """Whether this thread is one of those of `side_by_side`: what it computes has to go to a worker, as a whole."""
    return _cluster is not None and _beside_others.get()


def side_by_side(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """The function of each item, in order; on a cluster by threads, whose steps run on workers beside each other.

    The first failure, or Ctrl-C, stops them all. Within such a thread it goes on one after the other.
    """
    cluster = _cluster
    if cluster is None or len(items) < 2 or _beside_others.get():
        return [function(item) for item in items]
    with ThreadPoolExecutor(min(len(items), THREADS_PER_WORKER * cluster.workers), "beside") as pool:
        started: list[Future[R]] = []
        try:
            for item in items:
                context = copy_context()  # which flow this is, for one
                context.run(_beside_others.set, True)
                started.append(pool.submit(context.run, function, item))
            return _all_or_first_failure(started)
        except BaseException:
            cluster.stop()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _all_or_first_failure(started: Sequence["Future[R]"]) -> list[R]:
    """The results; as soon as one has failed, its exception, though others before it still run."""
    from concurrent.futures import FIRST_EXCEPTION, wait

    waiting = set(started)
    while waiting:
        # With a time-out, since Ctrl-C does not break a wait without one in every version of Python.
        done, waiting = wait(waiting, timeout=1.0, return_when=FIRST_EXCEPTION)
        for each in done:
            each.result()
    return [each.result() for each in started]


@contextmanager
def exchange() -> Iterator[Path]:
    """A folder in the state folder for what units read and write; gone afterwards, also when this process is killed."""
    with draft_folder(state_home() / FOLDER) as folder:
        yield folder
