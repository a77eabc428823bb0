"""When something runs: by cron in a time zone, or every so often; in words, and as the times that come next."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, ValidationError, model_validator

from models.settings import Settings
from tasks.runtime import durations


class Timing(Settings):
    """Either a cron expression and its time zone, or a number of seconds between runs."""

    cron: str | None = Field(None, description="Minute, hour, day, month, weekday.")
    timezone: str = Field("UTC", description="Of the cron expression.")
    every_seconds: float | None = Field(None, gt=0, description="Instead of cron.")

    @model_validator(mode="after")
    def be_possible(self) -> "Timing":
        """Raise ValueError for an expression or a time zone that is none."""
        if (self.cron is None) == (self.every_seconds is None):
            raise ValueError("give either --cron or --every")
        _check_timezone(self.timezone)
        if self.cron is not None:
            _check_cron(self.cron, self.timezone)
        return self

    def to_prefect(self) -> dict[str, Any]:
        """The schedule as Prefect's server takes it."""
        if self.every_seconds is not None:
            return {"interval": self.every_seconds, "anchor_date": datetime.now(UTC).isoformat()}
        return {"cron": self.cron, "timezone": self.timezone}


def _check_timezone(name: str) -> None:
    if name not in available_timezones():
        near = sorted(zone for zone in available_timezones() if zone.lower().endswith(f"/{name.lower()}"))
        hint = f"did you mean {near[0]}?" if near else "write it as in Europe/Berlin or UTC"
        raise ValueError(f"no time zone {name!r}: {hint}")


def _check_cron(expression: str, timezone: str) -> None:
    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(expression, datetime.now(ZoneInfo(timezone))))
    except (CronSimError, StopIteration) as error:
        raise ValueError(
            f"no cron expression: {expression!r} ({error or 'it never comes'}); it takes five fields, minute hour "
            'day month weekday, as in "30 2 * * *" for half past two every night'
        ) from None


def timing_of(cron: str | None, timezone: str, every: str | None) -> Timing:
    """The timing that a command line asks for. Raises ValueError, in one sentence, when it cannot be."""
    try:
        return Timing(cron=cron, timezone=timezone, every_seconds=parse_every(every) if every else None)
    except ValidationError as error:
        raise ValueError(str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from None


def parse_every(text: str) -> float:
    """Seconds of an interval like 30m, 1h or 2h30m. Raises ValueError for one below a second, or without a unit.

    >>> parse_every("2h30m")
    9000.0
    """
    seconds = durations.parse_duration(text)
    if seconds < 1:
        raise ValueError(f"an interval must be one second or more, got {text!r}")
    return seconds


def in_words(schedule: dict[str, Any]) -> str:
    """A schedule of Prefect's for a person.

    >>> in_words({"cron": "30 2 * * 1-5", "timezone": "Europe/Berlin"})
    'at 02:30 on Monday through Friday (Europe/Berlin)'
    >>> in_words({"interval": 5400.0}), in_words({"interval": 3600.0})
    ('every 1 hour 30 minutes', 'every hour')
    """
    if "interval" in schedule:
        span = durations.in_words(float(schedule["interval"]))
        return f"every {span.removeprefix('1 ') if span.count(' ') == 1 else span}"
    if "cron" not in schedule:
        return f"by rule {schedule.get('rrule')}"
    return f"{_cron_words(schedule['cron'])} ({schedule.get('timezone') or 'UTC'})"


def _cron_words(expression: str) -> str:
    from cronsim import CronSim, CronSimError

    try:
        words = CronSim(expression, datetime.now(UTC)).explain()
    except CronSimError:  # a form that only Prefect reads, as @daily
        return expression
    return str(words[0].lower() + words[1:])


def next_times(schedule: dict[str, Any], count: int) -> list[datetime]:
    """The next times of a schedule, computed by the very code of Prefect's scheduler."""
    from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule

    kind = IntervalSchedule if "interval" in schedule else CronSchedule
    fields = {name: value for name, value in schedule.items() if name in kind.model_fields}
    times = asyncio.run(kind.model_validate(fields).get_dates(n=count, start=datetime.now(UTC)))
    return [datetime.fromisoformat(each.isoformat()) for each in times]
