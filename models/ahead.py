"""What comes next made ready by another thread, while the caller is at work on what came before."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
END = object()


def ahead(items: Iterable[T], number: int) -> Iterator[T]:
    """The same items in the same order, up to `number` of them made before they are asked for.

    They are made one after the other, by one thread; what goes wrong there is raised here, at its place.

    >>> list(ahead(range(5), 2))
    [0, 1, 2, 3, 4]
    """
    iterator = iter(items)
    with ThreadPoolExecutor(1) as thread:
        waiting = deque(thread.submit(next, iterator, END) for _ in range(number))
        try:
            while (item := waiting.popleft().result()) is not END:
                waiting.append(thread.submit(next, iterator, END))
                yield item  # type: ignore[misc]
        finally:
            thread.shutdown(wait=False, cancel_futures=True)
