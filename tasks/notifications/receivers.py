"""Who is told what: addresses that apprise understands, kept in the state folder, with ${NAME} where secrets stand."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Literal, get_args

from tasks.runtime.atomic_files import write_atomically
from tasks.runtime.redaction import PLACEHOLDER, SECRET_VARIABLE, hide_secrets, mask_secrets
from tasks.runtime.state_folder import locked, state_home

Event = Literal["promotion", "refusal", "failure", "overdue", "drift", "disk", "weekly"]
EVENTS: tuple[Event, ...] = get_args(Event)
# Services whose addresses hold no secret but where one would expect it. Those of all others are secrets as a whole.
OPEN_SCHEMES = ("json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos")
FOLDER, FILE = "notifications", "receivers.json"  # of the state folder
NAME = re.compile(r"\w[\w.-]{0,63}")
QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Receiver:
    """An address, what it is told, whether with the text of tweets, and the hours (22:00-07:00) in which it is not."""

    name: str
    url: str
    events: tuple[str, ...] = EVENTS
    with_text: bool = False
    quiet: str = ""

    def shown(self) -> dict[str, object]:
        """What lists print of it: no secret."""
        return asdict(self) | {"url": mask_secrets(self.url), "events": list(self.events)}

    def rests_at(self, now: datetime) -> bool:
        """Whether this local time is among its quiet hours.

        >>> receiver = Receiver("desk", "json://127.0.0.1", quiet="22:00-07:00")
        >>> [receiver.rests_at(datetime(2026, 1, 1, hour)) for hour in (21, 22, 3, 7)]
        [False, True, True, False]
        """
        found = QUIET.fullmatch(self.quiet)
        if not found:
            return False
        first, second, third, fourth = map(int, found.groups())
        start, end, current = time(first, second), time(third, fourth), now.time()
        return start <= current < end if start <= end else current >= start or current < end


def home() -> Path:
    """The folder of receivers and outbox, readable by its user only."""
    folder = state_home() / FOLDER
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def receivers() -> list[Receiver]:
    """All receivers, by name."""
    file = state_home() / FOLDER / FILE
    if not file.exists():
        return []
    found = json.loads(file.read_text(encoding="utf-8"))
    return [Receiver(**each | {"events": tuple(each["events"])}) for each in found]


def add(receiver: Receiver) -> None:
    """Keep a receiver. Raises ValueError for an address that cannot be used or holds a secret, and for a taken name."""
    check(receiver)
    with locked("receivers"):
        known = receivers()
        if any(each.name == receiver.name for each in known):
            raise ValueError(
                f"there is a receiver {receiver.name!r} already: choose another --name, or "
                f"`crisisflow notify remove {receiver.name}` first"
            )
        _write([*known, receiver])


def remove(name: str) -> Receiver:
    """Forget a receiver. Raises ValueError for one that is not there."""
    with locked("receivers"):
        gone = find(name)
        _write([each for each in receivers() if each.name != name])
        return gone


def find(name: str) -> Receiver:
    """The receiver of this name. Raises ValueError, naming those that there are, where there is none."""
    known = receivers()
    found = [each for each in known if each.name == name]
    if not found:
        raise ValueError(f"there is no receiver {name!r}; there is: {', '.join(e.name for e in known) or 'none'}")
    return found[0]


def _write(known: Sequence[Receiver]) -> None:
    ordered = sorted(known, key=lambda each: each.name)
    write_atomically(home() / FILE, json.dumps([asdict(each) for each in ordered], indent=1))


def check(receiver: Receiver) -> None:
    """Raise ValueError for what could never be told, or would write a secret down."""
    if not NAME.fullmatch(receiver.name):
        raise ValueError(f"no name for a receiver: {receiver.name!r}; use letters, digits, . _ and -")
    if unknown := [each for each in receiver.events if each not in EVENTS]:
        raise ValueError(f"there are no events called {', '.join(unknown)}: --on takes {', '.join(EVENTS)}")
    if receiver.quiet and not QUIET.fullmatch(receiver.quiet):
        raise ValueError(f"no quiet hours: {receiver.quiet!r}; write them as 22:00-07:00")
    _check_address(receiver.url)


def _check_address(url: str) -> None:
    scheme = url.partition("://")[0].lower()
    placeholders = [found["name"] for found in PLACEHOLDER.finditer(url)]
    typed = any(name.startswith(SECRET_VARIABLE) for name in placeholders) or hide_secrets(url) != url
    if typed or (scheme not in OPEN_SCHEMES and not placeholders):
        raise ValueError(
            "the address of a receiver that holds a password or token is not written down: set user and "
            "password, or the whole address, as environment variables wherever crisisflow runs, and write ${NAME} in "
            "their places, in quotes"
        )
    if "://" not in url and not PLACEHOLDER.fullmatch(url):
        raise ValueError(f"no address: {mask_secrets(url)!r}; write one of apprise's, such as json://HOST/PATH")
