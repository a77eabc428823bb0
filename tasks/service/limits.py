"""How much one request may bring, and what somebody is told whose request brings more, or something else."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Limits:
    """What is answered at most. A long post of 25,000 characters fits, as do a thousand tweets of usual length."""

    body_bytes: int = 4 << 20
    tweets: int = 1_000
    characters: int = 25_000
    waiting: int = 10_000  # tweets of all requests together: half a second of work or so
    seconds_to_send: float = 30.0
    file_bytes: int = 64 << 20
    file_rows: int = 200_000
    seconds_to_send_file: float = 600.0


DEFAULT_LIMITS = Limits()


class RefusedError(Exception):
    """A request that gets no answer but this: an HTTP status, a code for programs, a sentence for people.

    `details` are the value that was found and the limit or kind that was expected, and where.
    """

    def __init__(self, status: int, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.details = status, code, message, details

    def body(self) -> dict[str, Any]:
        """The one form of every error that this service answers."""
        return {"error": {"code": self.code, "message": self.message, **self.details}}
