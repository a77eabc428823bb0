"""The port, and the server behind it: taken before anything slow begins, given back when every request is answered."""

import errno
import ipaddress
import signal
import socket
from urllib.parse import urlsplit

import uvicorn

from tasks.service.access import EVERYBODY, Access
from tasks.service.app import create_app
from tasks.service.page_routes import Overview
from tasks.service.state import Service

SECONDS_TO_FINISH = 10
WAITING_CONNECTIONS = 2048


def take_port(host: str, port: int) -> socket.socket:
    """A socket bound to this address, not listening yet; port 0 is any free one.

    Raises ValueError naming what is wrong with the address, and the remedy.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise ValueError(
            f"{host!r} is not an address of this machine: {error.strerror}; name one with --host"
        ) from None
    # With the protocol named, else asyncio does not know that it may send an answer's last bytes without waiting 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise ValueError(_why_not(error, host, port)) from None
    return bound


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken: choose another with --port (0 takes any free one), or end what listens there"
    if error.errno == errno.EACCES:
        return f"port {port} is for the system's administrator: choose one above 1023 with --port"
    return f"cannot listen at {host} port {port}: {error.strerror}; name another address with --host"


def url_of(bound: socket.socket) -> str:
    """The address for a browser."""
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def only_for_this_machine(url: str) -> bool:
    """Whether only users of this machine can reach this address.

    >>> only_for_this_machine("http://127.0.0.1:8000"), only_for_this_machine("http://0.0.0.0:8000")
    (True, False)
    """
    return ipaddress.ip_address(urlsplit(url).hostname or "").is_loopback


def answer_requests(
    service: Service, bound: socket.socket, access: Access = EVERYBODY, overview: Overview | None = None
) -> None:
    """Answer until Ctrl-C, SIGTERM or SIGHUP; then take no more requests, and return when those begun are answered."""
    app = create_app(service, access, overview)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # addresses and bodies of requests are private
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
        backlog=WAITING_CONNECTIONS,
    )
    server = uvicorn.Server(config)
    if signal.getsignal(signal.SIGHUP) not in (signal.SIG_IGN, None):  # nohup ignores it: keep it ignored
        signal.signal(signal.SIGHUP, server.handle_exit)
    try:
        server.run(sockets=[bound])
    finally:
        app.state.files.close()
