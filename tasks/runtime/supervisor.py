"""Keeping servers running: what dies is started again, less and less hastily, and everything ends with the block."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tasks.runtime.progress import say
from tasks.runtime.servers import Server

CHECK_EVERY_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
STEADY_SECONDS = 120.0  # one that has run for so long is restarted at once again


@dataclass
class Supervisor:
    """Servers by name, in the order in which they were started, and how to start each."""

    starters: dict[str, Callable[[], Server]]
    running: dict[str, Server] = field(default_factory=dict)
    _started: dict[str, float] = field(default_factory=dict)
    _pauses: dict[str, float] = field(default_factory=dict)

    def start(self, name: str) -> Server:
        """Start one of them, now."""
        self.running[name] = self.starters[name]()
        self._started[name] = time.monotonic()
        return self.running[name]

    def check(self) -> None:
        """Start again what has ended, once its pause is over: none after a steady run, then 1, 2, 4... seconds."""
        for name, server in list(self.running.items()):
            if server.process.poll() is None:
                continue
            lived = time.monotonic() - self._started[name]
            pause = 0.0 if lived > STEADY_SECONDS else self._pauses.get(name, 0.0)
            if lived >= pause:
                self._restart(name, server, pause)

    def _restart(self, name: str, server: Server, pause: float) -> None:
        say(f"{name} ended with code {server.process.returncode} and is started again; its log: {server.log}")
        self._pauses[name] = min(max(2 * pause, 1.0), LONGEST_PAUSE_SECONDS)
        server.stop()  # its children may outlive it, and hold its port
        try:
            self.start(name)
        except Exception as error:  # what it needs is away too, and is started again itself
            say(f"{name} could not be started: {error}")
            self._started[name] = time.monotonic()

    def stop(self) -> None:
        """End them all, the last started first."""
        for server in reversed(self.running.values()):
            server.stop()
