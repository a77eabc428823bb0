"""Handing one message to one receiver, by apprise, which speaks to some hundred services.

apprise's own log is switched off: it may name whole addresses, secrets included.
"""

import logging
from dataclasses import dataclass
from typing import Any

from tasks.notifications.receivers import Receiver
from tasks.runtime.redaction import fill_placeholders

KEY_HEADER = "Idempotency-Key"
TROUBLE = ("failure", "overdue", "disk")
NOT_TAKEN = "the receiver did not answer, or refused it"


@dataclass(frozen=True)
class Message:
    """What is sent. The key is in the header of mails and webhooks, and in the last line for everyone else."""

    key: str
    event: str
    title: str
    body: str

    @property
    def signed(self) -> str:
        """The body with the key below."""
        return f"{self.body}\n\n[{self.event} {self.key}]"


def send(receiver: Receiver, message: Message) -> str:
    """Send it now; why it was not taken, or nothing. Never a secret, for the reason is written down."""
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    try:
        url = fill_placeholders(receiver.url)
    except ValueError as error:
        return str(error)
    service: Any = apprise.Apprise.instantiate(url)
    if service is None:
        return "apprise does not understand the address"
    if isinstance(getattr(service, "headers", None), dict):
        service.headers[KEY_HEADER] = message.key
    kind = apprise.NotifyType.WARNING if message.event in TROUBLE else apprise.NotifyType.INFO
    taken = service.notify(body=message.signed, title=f"crisisflow: {message.title}", notify_type=kind)
    return "" if taken else NOT_TAKEN


def send_test(receiver: Receiver) -> str:
    """Send a message that says it is a test; why it was not taken, or nothing."""
    return send(receiver, Message("test", "test", "test", f"This receiver is told of: {', '.join(receiver.events)}."))
