"""What --cluster names: no cluster, workers of this machine, or a scheduler by its address."""

import ipaddress
import os
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

FORMS = "none, local:N, tls://HOST:PORT or tcp://127.0.0.1:PORT"
VARIABLE = "CRISISFLOW_CLUSTER"


@dataclass(frozen=True)
class Address:
    """Where units are to run. `workers` is for local ones, `url` for a scheduler that runs already."""

    kind: Literal["none", "local", "scheduler"]
    workers: int = 0
    url: str = ""

    @property
    def encrypted(self) -> bool:
        """Whether the scheduler speaks TLS."""
        return self.url.startswith("tls://")


def parse(text: str) -> Address:
    """What this value of --cluster means. Raises ValueError for any other, and for plain tcp:// to another machine.

    >>> parse("local:2")
    Address(kind='local', workers=2, url='')
    >>> parse("tls://node1:8786").url
    'tls://node1:8786'
    """
    if text in ("", "none"):
        return Address("none")
    if found := re.fullmatch(r"local:(\d+)", text):
        return Address("local", workers=_checked_number(int(found[1])))
    if re.fullmatch(r"(tls|tcp)://.+", text):
        return Address("scheduler", url=_checked_url(text))
    raise ValueError(f"--cluster {text!r} is not understood: give {FORMS}")


def _checked_number(workers: int) -> int:
    """The number of workers; more than four for each processor only take turns, and use up the memory."""
    processors = len(os.sched_getaffinity(0))
    if not 1 <= workers <= 4 * processors:
        raise ValueError(
            f"local:{workers} is refused: this machine has {processors} processors, so give local:1 to "
            f"local:{4 * processors}; local:{processors} is usual, and none computes in one process"
        )
    return workers


def _checked_url(text: str) -> str:
    parts = urlsplit(text)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.path not in ("", "/") or parts.username:
        raise ValueError(f"--cluster {text!r} lacks a host or a port: give {FORMS}")
    if parts.scheme == "tcp" and not is_loopback(host):
        raise ValueError(
            f"{text} is refused: a scheduler executes whatever reaches it, so another machine's must speak TLS. Start "
            f"it by `crisisflow cluster start --host {host}`, and give tls://{host}:{port}"
        )
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether this host is this machine and no network sees it.

    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
