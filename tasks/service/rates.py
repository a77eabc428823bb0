"""How often one client may ask for what costs much, or try a token."""

import time
from collections import deque
from collections.abc import Callable

from tasks.service.limits import RefusedError

MOST_CLIENTS = 10_000


class RateLimit:
    """At most `most` calls of one client within `seconds`."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._calls: dict[str, deque[float]] = {}

    def count(self, client: str) -> None:
        """Count a call of this client. Raises RefusedError, and counts nothing, when there were too many."""
        now = self._clock()
        calls = self._calls.pop(client, deque())
        while calls and calls[0] <= now - self._seconds:
            calls.popleft()
        self._calls[client] = calls  # now the youngest
        if len(calls) >= self._most:
            wait = max(1, round(calls[0] + self._seconds - now))
            message = f"{len(calls)} requests of this kind within {self._seconds:g} s: ask again in {wait} s"
            raise RefusedError(429, "too_many_requests", message, limit=self._most, retry_after=wait)
        calls.append(now)
        while len(self._calls) > MOST_CLIENTS:
            self._calls.pop(next(iter(self._calls)))
