"""The door of the service: which requests are let in, and what every answer tells the browser to forbid.

Without tokens only this machine is served, and only under its own names: else a page from elsewhere whose name its
owner turns to 127.0.0.1 (DNS rebinding) could ask in a reader's browser. With tokens the cookie, which belongs to one
name, and SameSite guard the same. A request of a page from elsewhere carries its origin and is refused.
"""

import ipaddress
from collections.abc import MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tasks.service.access import Access
from tasks.service.limits import RefusedError

COOKIE = "crisisflow"
OPEN_TO_ALL = ("/health", "/login")  # and what the pages are made of
STATIC = "/static/"
READING = ("GET", "HEAD", "OPTIONS")
NAME = "annotator"  # in the scope of a request: who asks
FOR_ALL = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with none at all browsers say of our own forms that they come from nowhere
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
# Pages have a stricter one of their own.
POLICY = "content-security-policy"
LEAST_POLICY = "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"


class Guard:
    """An ASGI application in front of another one."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in FOR_ALL.items():
                    headers[name] = value
                headers.setdefault(POLICY, LEAST_POLICY)
            await send(message)

        refusal = self._refusal(scope, Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: MutableMapping[str, Any], headers: Headers) -> Response | None:
        """The answer to a request that is not let in."""
        path, host = scope["path"], headers.get("host", "")
        if not self._access.closed and not is_this_machine(host):
            return _refuse(403, "wrong_host", f"this service answers this machine alone, not as {host[:100]!r}: ask "
                           "http://127.0.0.1, or start it with --token-file")  # fmt: skip
        if scope["method"] not in READING and not is_from_here(headers.get("origin"), host):
            return _refuse(403, "wrong_origin", "the request comes from a page of another address")
        if not self._access.closed or path in OPEN_TO_ALL or path.startswith(STATIC):
            return None
        scope[NAME] = self._name(headers)
        if scope[NAME] is not None:
            return None
        if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            return RedirectResponse("/login", 303)
        message = "a token is needed: send it as `Authorization: Bearer TOKEN`, or sign in at /login"
        return _refuse(401, "no_token", message, {"WWW-Authenticate": "Bearer"})

    def _name(self, headers: Headers) -> str | None:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._access.name_of_token(token.strip())
        try:
            session = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return None
        return self._access.name_of_session(session.value) if session else None


def _refuse(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    # The body was not read, so the connection is of no more use.
    told = {"Connection": "close", **(headers or {})}
    return JSONResponse(RefusedError(status, code, message).body(), status, told)


def is_this_machine(host: str) -> bool:
    """Whether a Host header names this machine by a name that no other machine can have.

    >>> is_this_machine("127.0.0.1:8000"), is_this_machine("localhost"), is_this_machine("[::1]:80")
    (True, True, True)
    >>> is_this_machine("127.0.0.1.evil.example"), is_this_machine("")
    (False, False)
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_from_here(origin: str | None, host: str) -> bool:
    """Whether a request that changes something comes from a page of this host, or from no page at all.

    >>> is_from_here(None, "x:8000"), is_from_here("https://x", "x"), is_from_here("http://x:80", "x")
    (True, True, True)
    >>> is_from_here("null", "x"), is_from_here("http://evil.example", "x"), is_from_here("http://x:8001", "x:8000")
    (False, False, False)
    """
    if origin is None:
        return True
    try:
        asked, own = urlsplit(origin), urlsplit(f"//{host}")
        default = {"http": 80, "https": 443}[asked.scheme]
        return asked.hostname == own.hostname and (asked.port or default) == (own.port or default)
    except (ValueError, KeyError):
        return False
