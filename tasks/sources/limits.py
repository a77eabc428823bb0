"""How far a source is trusted: sizes, times, attempts."""

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks.sources.look import Look

GIB = 1 << 30
ATTEMPTS = "CRISISFLOW_SOURCE_ATTEMPTS"


@dataclass(frozen=True)
class SourceLimits:
    """Bounds on one source, so that none fills the disk or runs for ever; the caller sets others for larger sources."""

    download_bytes: int = 8 * GIB
    unpacked_bytes: int = 32 * GIB
    unpacked_ratio: int = 200  # text packs 3 to 20 times; a bomb of zeros 1,000 times
    ratio_grace_bytes: int = 64 << 20  # below this even a perfect bomb does no harm
    archive_members: int = 100_000
    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    total_seconds: float = 1800.0
    attempts: int = field(default_factory=lambda: int(os.environ.get(ATTEMPTS, "5")))  # more in scheduled runs
    backoff_seconds: float = 0.5
    redirects: int = 5
    look: "Look | None" = None  # read the beginnings alone


DEFAULT_LIMITS = SourceLimits()
