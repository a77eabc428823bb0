"""One file over HTTP, received whole or not at all.

A server may be slow, gone for a moment, cut the answer short, announce a wrong length, or send its client to another
scheme. Each of these ends in a retry or in one clear error, never in half a file.
"""

import hashlib
import logging
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.request import getproxies

import httpx

from tasks.runtime.redaction import redact
from tasks.sources.errors import SourceError
from tasks.sources.http_transport import CountingTransport, surplus_bytes
from tasks.sources.limits import SourceLimits

BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
LONGEST_PAUSE_SECONDS = 30.0


class UnavailableError(Exception):
    """The server says that it cannot answer now; `pause_seconds` is how long it asks us to wait."""

    def __init__(self, message: str, pause_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.pause_seconds = pause_seconds


@dataclass(frozen=True)
class Received:
    """What came over HTTP, with the headers that tell where it is from."""

    size: int
    sha256: str
    content_type: str | None
    etag: str | None
    last_modified: str | None


def download(url: str, target: Path, limits: SourceLimits, known: Received | None = None) -> Received | None:
    """Write the body behind `url` to `target`; None when the server says that `known` is still current.

    Connection errors, broken answers and 408, 429 and 5xx are tried again after growing, jittered pauses.
    Raises ConnectionError when no attempt succeeds, TimeoutError when the time is up, SourceError when no retry helps.
    """
    deadline = time.monotonic() + limits.total_seconds
    failure: Exception = UnavailableError("never tried")
    with _client(limits) as client:
        for attempt in range(limits.attempts):
            if attempt:
                _pause(attempt, failure, limits, deadline, url)
            try:
                return _receive(client, url, target, limits, known, deadline)
            except (httpx.InvalidURL, httpx.UnsupportedProtocol):
                raise SourceError(f"{redact(url)} is not an address that http can reach: is it spelt right?") from None
            except (httpx.TransportError, UnavailableError) as error:
                failure = error
    raise ConnectionError(f"{redact(url)} gave no whole answer in {limits.attempts} attempts; the last: {failure}")


def _client(limits: SourceLimits) -> httpx.Client:
    for name in ("httpx", "httpcore"):  # they log whole addresses, secrets included
        logging.getLogger(name).setLevel(logging.WARNING)
    timeout = httpx.Timeout(limits.read_seconds, connect=limits.connect_seconds)
    # Bytes are counted on direct connections; through a proxy they are the proxy's, and httpx knows how to find it.
    transport = None if getproxies().keys() & {"http", "https", "all"} else CountingTransport()
    headers = {"User-Agent": "crisisflow", "Accept-Encoding": "identity", "Connection": "close"}
    return httpx.Client(timeout=timeout, transport=transport, headers=headers, follow_redirects=False)


def _pause(attempt: int, failure: Exception, limits: SourceLimits, deadline: float, url: str) -> None:
    """Wait 1, 2, 4... times the back-off, give or take half of it, and at least as long as the server asked."""
    seconds = limits.backoff_seconds * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)
    seconds = min(max(seconds, getattr(failure, "pause_seconds", 0.0)), LONGEST_PAUSE_SECONDS)
    if time.monotonic() + seconds > deadline:
        raise TimeoutError(f"{redact(url)} was not received in {limits.total_seconds:g} s; the last answer: {failure}")
    time.sleep(seconds)


def _receive(
    client: httpx.Client, url: str, target: Path, limits: SourceLimits, known: Received | None, deadline: float
) -> Received | None:
    response = _open(client, url, limits, known)
    try:
        if response.status_code == 304 and known is not None:
            return None
        if response.status_code in BUSY:
            raise UnavailableError(f"HTTP {response.status_code}", _retry_after(response))
        if response.status_code != 200:
            raise SourceError(f"{redact(url)} answered HTTP {response.status_code} {response.reason_phrase}")
        size, sha256 = _write_body(response, target, limits, deadline, url)
    finally:
        response.close()
    return Received(size, sha256, *(response.headers.get(name) for name in ("content-type", "etag", "last-modified")))


def _open(client: httpx.Client, url: str, limits: SourceLimits, known: Received | None) -> httpx.Response:
    """The first answer that is not a redirect. Only http and https are followed: file:// would read our own disk."""
    request = client.build_request("GET", url, headers=_conditions(known))
    for _ in range(limits.redirects + 1):
        response = client.send(request, stream=True)
        if response.next_request is None:
            return response
        response.close()
        request = response.next_request
        if request.url.scheme not in ("http", "https"):
            raise SourceError(f"{redact(url)} redirects to {request.url.scheme}://: only http and https are followed")
    raise SourceError(f"{redact(url)} redirects more than {limits.redirects} times")


def _conditions(known: Received | None) -> dict[str, str]:
    """Headers that ask for the file only if it changed."""
    if known is None:
        return {}
    if known.etag:
        return {"If-None-Match": known.etag}
    return {"If-Modified-Since": known.last_modified} if known.last_modified else {}


def _retry_after(response: httpx.Response) -> float:
    """The seconds a server asks for; a date, or nothing, counts as none."""
    asked = response.headers.get("retry-after", "")
    return float(asked) if asked.isdecimal() else 0.0


def _write_body(
    response: httpx.Response, target: Path, limits: SourceLimits, deadline: float, url: str
) -> tuple[int, str]:
    """Stream the body to disk; return its size and SHA-256."""
    announced = int(response.headers.get("content-length", 0))
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as file:
        for chunk in cast(Iterable[bytes], response.stream):
            size += len(chunk)
            if max(size, announced) > limits.download_bytes:
                most = f"{limits.download_bytes:,}"
                raise SourceError(f"{redact(url)} holds {max(size, announced):,} bytes or more, the limit is {most}")
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{redact(url)} was not received in {limits.total_seconds:g} s ({size:,} bytes were)"
                )
            digest.update(chunk)
            file.write(chunk)
    if surplus_bytes(response):
        raise UnavailableError(f"more bytes came than the {announced:,} that Content-Length announced")
    return size, digest.hexdigest()
