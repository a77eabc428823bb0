"""One thing that was looked at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What was looked at, whether it is in order, what was found, and what to do about it."""

    name: str
    ok: bool
    finding: str
    remedy: str = ""
