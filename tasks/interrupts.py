"""What happens when someone wants the process to end: Ctrl-C, SIGTERM, a terminal that is closed."""

import inspect
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_waiting: list[int] = []  # signals that came within a block that is `deferred`
_blocks: list[None] = []  # one for each such block that is open
_record: list[int] = []  # the end to read of the pipe of all signals, once there is one


def stop_on_terminate() -> None:
    """Let SIGTERM, and a terminal that is closed, end the process as Ctrl-C does: every run is closed.

    Ctrl-C keeps Python's own handler: for no other one asyncio ends what it runs in order, Prefect's states included.
    """
    for number in ENDINGS[1:]:
        if signal.getsignal(number) != signal.SIG_IGN:  # under nohup, a closed terminal is none of our business
            signal.signal(number, _interrupt)
    _keep_record()
    _came()  # what came before, to whatever this process did then


def heed() -> None:
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


def _interrupt(number: int, _frame: FrameType | None) -> None:
    if _blocks:
        _waiting.append(number)
    else:
        raise KeyboardInterrupt(signal.Signals(number).name)


@contextmanager
def deferred() -> Iterator[None]:
    """Let Ctrl-C, and what `stop_on_terminate` handles, wait until the block is done.

    For blocks that must not be left in the middle: a transaction that an exception of ours breaks off may keep a
    database locked for as long as that exception is being handled.
    """
    if threading.current_thread() is not threading.main_thread():  # Python gives signals to the main thread alone
        yield
        return
    on_ctrl_c, depth = signal.getsignal(signal.SIGINT), len(_blocks)
    try:
        _blocks.append(None)
        if callable(on_ctrl_c):
            signal.signal(signal.SIGINT, _interrupt)
        yield
    finally:
        del _blocks[depth:]
        if callable(on_ctrl_c):  # a signal that comes before this line leaves _interrupt there, which does as well
            signal.signal(signal.SIGINT, on_ctrl_c)
        if _waiting and not _blocks:
            number = _waiting[0]
            _waiting.clear()
            if number == signal.SIGINT and callable(on_ctrl_c) and on_ctrl_c is not signal.default_int_handler:
                on_ctrl_c(number, inspect.currentframe())
            else:
                raise KeyboardInterrupt(signal.Signals(number).name)
