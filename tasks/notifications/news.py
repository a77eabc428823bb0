"""What there is to tell, put into the outbox once for each receiver that asked for it."""

import logging
import sqlite3
from dataclasses import dataclass

from tasks.notifications import outbox
from tasks.notifications.receivers import Event, receivers

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class News:
    """Something that happened. `key` names it: told twice, it is sent once. `tweets` go to those who asked for text."""

    event: Event
    key: str
    title: str
    body: str
    tweets: tuple[str, ...] = ()


def tell(news: News, send: bool = True) -> int:
    """Put it into the outbox, and try to send what waits there; return for how many receivers it is new.

    An outbox that cannot be written (a full disk) is said in the log: what there is to tell must not fail by it.
    """
    try:
        return _tell(news, send)
    except (OSError, sqlite3.Error) as error:
        logger.error("no message could be sent: %s: %s", news.title, error)
        return 0


def _tell(news: News, send: bool) -> int:
    asked = [each for each in receivers() if news.event in each.events]
    added = 0
    for receiver in asked:
        lines = [news.body, *(f"> {tweet}" for tweet in news.tweets if receiver.with_text)]
        added += outbox.put(receiver.name, news.event, news.key, news.title, "\n".join(lines))
    if added and send:
        outbox.deliver()
    return added
