"""What a desk hears of an event: an alert when so many tweets within an hour are called real."""

from dataclasses import dataclass

import numpy as np

TWEETS, HOUR = 5, 3_600_000  # as many calls within so many milliseconds are an alert


@dataclass(frozen=True)
class Alerts:
    """Of one event: minutes from its first real report to the first right alert (None without one), shares, rates.

    An alert is right when most of its tweets are real. `missed` is the share of real reports that were not called real,
    `per_hour` counts alerts over the hours of the event, `wrong` is the share of alerts that are not right (NaN without
    alerts). Sets of tweets are samples: of the same event, rates compare policies and mean nothing by themselves.
    """

    minutes: float | None
    missed: float
    per_hour: float
    wrong: float


def watch(times: np.ndarray, labels: np.ndarray, called: np.ndarray) -> Alerts:
    """The alerts of an event from times (ms, rising), labels 0/1 and what was called real, all (tweets,).

    After an alert the next one takes other tweets: an alert stands for all calls of its hour.
    """
    real, calls = labels == 1, np.flatnonzero(called)
    alerts: list[tuple[int, bool]] = []
    quiet_until = -1
    for last in range(TWEETS - 1, len(calls)):
        rows = calls[last - TWEETS + 1 : last + 1]
        if times[rows[0]] <= quiet_until or times[rows[-1]] - times[rows[0]] > HOUR:
            continue
        alerts.append((int(times[rows[-1]]), bool(real[rows].sum() * 2 > TWEETS)))
        quiet_until = int(times[rows[-1]]) + HOUR
    right = [time for time, is_right in alerts if is_right]
    hours = max(1.0, float(times[-1] - times[0]) / HOUR)
    return Alerts(
        minutes=(right[0] - int(times[real][0])) / 60_000 if right else None,
        missed=float((real & ~called).sum() / real.sum()) if real.any() else float("nan"),
        per_hour=len(alerts) / hours,
        wrong=1 - len(right) / len(alerts) if alerts else float("nan"),
    )
