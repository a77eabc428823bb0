"""How many tweets people are asked about in a day or a week."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

WRITTEN = re.compile(r"(?P<tweets>\d+)(?:/(?P<period>day|week))?")


@dataclass(frozen=True)
class Budget:
    """So many tweets in a period: a day or a week of UTC, which begins on Monday; without one, each time."""

    tweets: int
    period: Literal["day", "week", ""] = ""

    @classmethod
    def parse(cls, text: str) -> "Budget":
        """The budget that somebody wrote.

        >>> Budget.parse("50/day"), Budget.parse("20")
        (Budget(tweets=50, period='day'), Budget(tweets=20, period=''))

        Raises ValueError for anything else, and for none at all.
        """
        found = WRITTEN.fullmatch(text.strip())
        if not found or int(found["tweets"]) == 0:
            raise ValueError(f"no budget: {text!r}; write 50/day, 200/week, or 50 for this time")
        return cls(int(found["tweets"]), found["period"] or "")  # type: ignore[arg-type]

    def start(self, now: datetime) -> datetime:
        """When the period that holds this time began; without a period, now.

        >>> Budget(1, "week").start(datetime(2026, 11, 29, 5, 30))
        datetime.datetime(2026, 11, 23, 0, 0)
        """
        if not self.period:
            return now
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight if self.period == "day" else midnight - timedelta(days=now.weekday())

    def __str__(self) -> str:
        """As somebody would write it."""
        return f"{self.tweets}/{self.period}" if self.period else str(self.tweets)
