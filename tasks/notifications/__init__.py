"""News for people: receivers that they named, and an outbox that loses nothing. Nothing goes anywhere else."""

from tasks.notifications.news import EVENTS, Event, tell
from tasks.notifications.outbox import deliver, status
from tasks.notifications.receivers import Receiver, add, receivers, remove
from tasks.notifications.sending import send_test

__all__ = ["EVENTS", "Event", "Receiver", "add", "deliver", "receivers", "remove", "send_test", "status", "tell"]
