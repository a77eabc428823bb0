"""An HTTP transport that counts bytes as they come off the wire.

HTTP stops reading where Content-Length says, so a server that announces too little cuts a file short without any error.
Only the raw bytes tell: whatever follows the announced end means that the announcement was wrong.
"""

import socket
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from tasks.sources.address_scope import Reach, reach_of
from tasks.sources.errors import SourceError

HEADERS_END = b"\r\n\r\n"
SETTLE_SECONDS = 0.25  # what a server that keeps the connection open gets to send more than it announced


class CountedStream(httpcore.NetworkStream):
    """A network stream that knows how many bytes of body came through it."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._head = b""
        self.body_bytes: int | None = None  # None until the headers are complete

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Bytes from the wire, counted."""
        data = self._stream.read(max_bytes, timeout)
        if self.body_bytes is not None:
            self.body_bytes += len(data)
            return data
        self._head += data
        head, end, body = self._head.partition(HEADERS_END)
        if end and head[9:10] == b"1":  # "HTTP/1.1 103": only an announcement, the real headers follow
            self._head = body
        elif end:
            self._head, self.body_bytes = b"", len(body)
        return data

    def more_follows(self) -> bool:
        """Whether the server goes on sending; waits a moment for it."""
        try:
            return bool(self._stream.read(1, SETTLE_SECONDS))
        except (httpcore.TimeoutException, httpcore.NetworkError):
            return False

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The encrypted stream, counted after decryption."""
        return CountedStream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """What the stream below knows, such as its socket."""
        return self._stream.get_extra_info(info)


class CountingBackend(httpcore.NetworkBackend):
    """Opens counted connections, to addresses that are as near or as far as the first, or public; to no others.

    Names are looked up here and connected to by the very address that was judged, so none can change in between.
    """

    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()
        self._first: Reach | None = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A counted connection. Raises SourceError for an address that is out of bounds."""
        failure = httpcore.ConnectError(f"{host} has no address")
        for address in self.permitted(host):
            try:
                stream = self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError as error:
                failure = error
            else:
                return CountedStream(stream)
        raise failure

    def permitted(self, host: str) -> list[str]:
        """The addresses of a host. Raises SourceError when one is forbidden, or nearer than where we began."""
        try:
            found = dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
        except OSError as error:
            raise httpcore.ConnectError(f"{host}: {error}") from error
        for address in found:
            reach = reach_of(address)
            self._first = self._first or reach
            if reach == "forbidden":
                raise SourceError(f"{host} is {address}, a link-local or reserved address: never read from")
            if reach not in ("public", self._first):
                raise SourceError(f"a {self._first} address redirects to {host}, a {reach} one: refused")
        return list(found)


class CountingTransport(httpx.HTTPTransport):
    """httpx's own transport over counted connections, one for each request."""

    def __init__(self) -> None:
        super().__init__()
        # httpx has no argument for a network backend; its pool is httpcore's public ConnectionPool.
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_keepalive_connections=0,
            network_backend=CountingBackend(),
        )


def surplus_bytes(response: httpx.Response) -> bool:
    """Whether more came than Content-Length announced. Ask once the body is read, before the response is closed."""
    stream = response.extensions.get("network_stream")
    if not isinstance(stream, CountedStream) or "content-length" not in response.headers:
        return False
    announced = int(response.headers["content-length"])
    return (stream.body_bytes or 0) > announced or stream.more_follows()
