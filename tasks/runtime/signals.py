"""What happens when someone wants the process to end: Ctrl-C, SIGTERM, a terminal that is closed."""

import inspect
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_waiting: list[int] = []  # signals that came within a block that is `deferred`
_blocks: list[None] = []  # one for each such block that is open
_record: list[int] = []  # the end to read of the pipe of all signals, once there is one


def stop_on_terminate() -> None:
    """Let SIGTERM, and a terminal that is closed, end the process as Ctrl-C does: every run is closed.

    Ctrl-C keeps Python's own handler, the only one in whose place asyncio puts what ends its work in order.
    """
    for number in ENDINGS[1:]:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores SIGHUP: keep it ignored
            signal.signal(number, _interrupt)
    _keep_record()
    _came()  # what came before, to whatever this process did then


def raise_if_interrupted() -> None:
    """Raise KeyboardInterrupt if the process was told to end, and did not because something swallowed the exception.

    Prefect does when it comes while a flow that is done, but not the last one, is being put away: up to a second each.
    """
    if ended := set(_came()).intersection(ENDINGS):
        raise KeyboardInterrupt(signal.Signals(min(ended)).name)


def _came() -> bytes:
    """The numbers of the signals that came since the last call, whatever became of them."""
    try:
        return os.read(_record[0], 1 << 16) if _record else b""
    except BlockingIOError:
        return b""


def _keep_record() -> None:
    """Have Python write the number of every signal that it handles into a pipe, whichever handler there is."""
    if not _record:
        reads, writes = os.pipe()
        os.set_blocking(reads, False)
        os.set_blocking(writes, False)
        signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
        _record.append(reads)


def _forget_record() -> None:
    """In a forked child: stop recording signals in the parent's pipe."""
    if _record:
        signal.set_wakeup_fd(-1)
        _record.clear()


os.register_at_fork(after_in_child=_forget_record)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    if _blocks:
        _waiting.append(number)
    else:
        _waiting.clear()
        raise KeyboardInterrupt(signal.Signals(number).name)


@contextmanager
def deferred() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP wait until the block is done; their handler is then called for the first.

    For blocks that must not be left in the middle: a transaction that an exception of ours breaks off may keep a
    database locked for as long as that exception is being handled. Within a flow, SIGTERM is handled by Prefect.
    """
    if threading.current_thread() is not threading.main_thread():  # Python gives signals to the main thread alone
        yield
        return
    found = {number: signal.getsignal(number) for number in ENDINGS}
    handlers = {number: handler for number, handler in found.items() if callable(handler) and handler != _interrupt}
    depth = len(_blocks)
    try:
        _blocks.append(None)
        for number in handlers:
            signal.signal(number, _interrupt)
        yield
    finally:
        del _blocks[depth:]
        came = _waiting[:1] if not _blocks else []
        if came:
            _waiting.clear()
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if came:
            _deliver(came[0])


def pending(seconds: float) -> bool:
    """Wait so long; return, at once, whether a signal waits for the end of a block that is `deferred`."""
    ends = time.monotonic() + seconds
    while not _waiting and (left := ends - time.monotonic()) > 0:
        time.sleep(min(left, 0.1))
    return bool(_waiting)


def _deliver(number: int) -> None:
    handler = signal.getsignal(number)
    if not callable(handler) or handler == signal.default_int_handler:  # which would not say which signal it was
        raise KeyboardInterrupt(signal.Signals(number).name)
    handler(number, inspect.currentframe())
