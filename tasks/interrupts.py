"""What happens when someone wants the process to end: Ctrl-C, SIGTERM, a terminal that is closed."""

import inspect
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop_on_terminate() -> None:
    """Let SIGTERM, and a terminal that is closed, end the process as Ctrl-C does: every run is closed."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # under nohup, a closed terminal is none of our business
            signal.signal(number, interrupt)


@contextmanager
def deferred() -> Iterator[None]:
    """Let a signal that ends the process wait until the block is done.

    For blocks of milliseconds that must not be left in the middle: a transaction that an exception of ours breaks off
    may keep a database locked for as long as that exception is being handled.
    """
    if threading.current_thread() is not threading.main_thread():  # Python gives signals to the main thread alone
        yield
        return
    waiting: list[int] = []
    handlers = {number: handler for number in ENDINGS if callable(handler := signal.getsignal(number))}
    for number in handlers:
        signal.signal(number, lambda number, _frame: waiting.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if waiting:
            handlers[signal.Signals(waiting[0])](waiting[0], inspect.currentframe())
