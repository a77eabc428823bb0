"""What happens when someone wants the process to end: Ctrl-C, SIGTERM, a terminal that is closed."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_waiting: list[int] = []  # signals that came within a block that is `deferred`
_blocks: list[None] = []  # one for each such block that is open


def stop_on_signals() -> None:
    """Let SIGTERM, and a terminal that is closed, end the process as Ctrl-C does: every run is closed."""
    for number in ENDINGS:
        if signal.getsignal(number) != signal.SIG_IGN:  # under nohup, a closed terminal is none of our business
            signal.signal(number, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    if _blocks:
        _waiting.append(number)
    else:
        raise KeyboardInterrupt(signal.Signals(number).name)


@contextmanager
def deferred() -> Iterator[None]:
    """Let a signal that ends the process wait until the block is done, once `stop_on_signals` was called.

    For blocks that must not be left in the middle: a transaction that an exception of ours breaks off may keep a
    database locked for as long as that exception is being handled.
    """
    if threading.current_thread() is not threading.main_thread():  # Python gives signals to the main thread alone
        yield
        return
    _blocks.append(None)
    try:
        yield
    finally:
        _blocks.pop()
        if _waiting and not _blocks:
            number = _waiting[0]
            _waiting.clear()
            raise KeyboardInterrupt(signal.Signals(number).name)
