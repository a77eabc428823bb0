"""News for people: receivers that they named, and an outbox that loses nothing. Nothing goes anywhere else."""

from tasks.notifications.news import tell
from tasks.notifications.outbox import deliver, status
from tasks.notifications.receivers import EVENTS, Event, Receiver, add, find, receivers, remove
from tasks.notifications.sending import send_test

__all__ = [
    "EVENTS",
    "Event",
    "Receiver",
    "add",
    "deliver",
    "find",
    "receivers",
    "remove",
    "send_test",
    "status",
    "tell",
]
