"""Asks an ASGI application without a network, one request after the other; what it began goes on between them."""

import asyncio
import atexit
from typing import Any

import httpx

RUNNER = asyncio.Runner()  # one for all, as a service has one event loop from its start to its end
atexit.register(RUNNER.close)


class Client:
    """A browser or program that keeps its cookies."""

    def __init__(self, app: Any, base_url: str = "http://127.0.0.1:8000") -> None:
        transport = httpx.ASGITransport(app)
        self._client = httpx.AsyncClient(transport=transport, base_url=base_url)
        self.cookies = self._client.cookies

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        return RUNNER.run(self._client.request(method, path, **more))

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)

    def delete(self, path: str, **more: Any) -> httpx.Response:
        return self.request("DELETE", path, **more)
