"""Work for a second processor, where numbers are made by code that lets go of the interpreter lock."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
END = object()


def ahead(items: Iterable[T], number: int, meanwhile: Callable[[], None] | None = None) -> Iterator[T]:
    """The same items in the same order, up to `number` of them made before they are asked for.

    They are made one after the other, by one thread; what goes wrong there is raised here, at its place. `meanwhile` is
    called while the first one is being made.

    >>> list(ahead(range(5), 2))
    [0, 1, 2, 3, 4]
    """
    iterator = iter(items)
    with ThreadPoolExecutor(1) as thread:
        waiting = deque(thread.submit(next, iterator, END) for _ in range(number))
        try:
            if meanwhile:
                meanwhile()
            while (item := waiting.popleft().result()) is not END:
                waiting.append(thread.submit(next, iterator, END))
                yield item  # type: ignore[misc]
        finally:
            thread.shutdown(wait=False, cancel_futures=True)


def side_by_side(function: Callable[[T], R], items: Sequence[T], threads: int) -> list[R]:
    """The function of each item, in order, so many at a time.

    One item alone is worked on by the caller: a thread takes longer to start than a network to answer.

    >>> side_by_side(abs, [-2, 1], 2)
    [2, 1]
    """
    if len(items) < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))
