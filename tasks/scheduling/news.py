"""What `up` sees and people should hear: runs that failed or are overdue, a disk that fills up, the week's summary."""

import logging
import shutil
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from tasks.notifications import outbox
from tasks.notifications.news import News, tell
from tasks.notifications.receivers import receivers
from tasks.runtime.state_folder import state_home
from tasks.scheduling.deployments import Scheduled
from tasks.scheduling.health import BAD_ENDS, LEAST_DISK_BYTES

logger = logging.getLogger(__name__)

OVERDUE = timedelta(minutes=15)  # a worker starts a run within seconds, unless another one holds its queue
RECENT = timedelta(days=2)  # a failure of long ago is not news when `up` starts


def tell_news(scheduled: Iterable[Scheduled], now: datetime | None = None) -> int:
    """Tell what is new, and send what waits; return how many messages were new. Nothing without receivers."""
    if not receivers():
        return 0
    now = now or datetime.now(UTC)
    found = [*_of_runs(list(scheduled), now), *_of_disk(now), *_of_week(now)]
    new = sum(tell(each, send=False) for each in found)
    try:
        outbox.deliver()
    except (OSError, sqlite3.Error) as error:  # `up` goes on; what waits is tried again in some seconds
        logger.error("messages could not be sent: %s", error)
    return new


def _of_runs(scheduled: list[Scheduled], now: datetime) -> Iterable[News]:
    """Names and states alone: the message of an error may quote a tweet."""
    for each in scheduled:
        last = each.last or {}
        if last.get("state") in BAD_ENDS and now - datetime.fromisoformat(last["time"]) < RECENT:
            words = f"{last['name']} ended as {last['state']} at {last['time']}. `crisisflow status` says why."
            yield News("failure", last["flow_run_id"], f"{each.name} failed", words)
        if not each.paused and each.next and now - datetime.fromisoformat(each.next) > OVERDUE:
            words = f"{each.name} was due at {each.next} and has not begun. `crisisflow status` says what is wrong."
            yield News("overdue", f"{each.id} {each.next}", f"{each.name} is overdue", words)


def _of_disk(now: datetime) -> Iterable[News]:
    free = shutil.disk_usage(state_home()).free
    if free < LEAST_DISK_BYTES:
        words = f"{free / (1 << 30):.2f} GiB are free. Make room with: crisisflow cache prune --older-than 30d"
        yield News("disk", f"{now:%Y-%m-%d}", "the disk is nearly full", words)


def _of_week(now: datetime) -> Iterable[News]:
    """The summary of the week that has ended, from Monday on."""
    monday = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    titles = outbox.titles_since(monday - timedelta(days=7))
    if not titles and now.weekday() > 0:  # a receiver that was added today is not told of a week without it
        return
    words = "\n".join(f"- {title}" for title in titles) or "Nothing to report."
    yield News("weekly", f"{monday - timedelta(days=1):%G-W%V}", "the week", words)
