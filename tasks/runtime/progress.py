"""Progress that a person can watch: bars on a terminal, lines elsewhere. Results never go through here."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

logger = logging.getLogger(__name__)
LOG_EVERY_SECONDS = 15.0

_console: "Console | None" = None
_screen: "Progress | None" = None


@contextmanager
def on_screen() -> Iterator[None]:
    """Show on stderr what is done while the block runs, with moving bars when stderr is a terminal."""
    global _console, _screen  # noqa: PLW0603  (one stderr, one set of bars)
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    _console = Console(stderr=True, highlight=False)
    try:
        if not _console.is_terminal:
            yield
            return
        with Progress(*columns, console=_console, transient=True, refresh_per_second=4) as _screen:
            yield
    finally:
        _console = _screen = None


@contextmanager
def progress(
    description: str, total: float | None = None, unit: str = "", before: float = 0
) -> Iterator[Callable[[float], None]]:
    """A function to call with how much is done so far; shows rate and time left.

    What was done `before`, by a run that was cut short, is part of it and does not count for the rate.
    """
    start = last = time.monotonic()
    bar = _screen.add_task(description, total=total, completed=int(before), rate="") if _screen else None

    def report(done: float) -> None:
        nonlocal last
        now = time.monotonic()
        rate = f"{(done - before) / max(now - start, 1e-9):,.0f} {unit}/s" if unit and done else ""
        if _screen is not None and bar is not None:
            _screen.update(bar, completed=done, rate=rate)
        elif now - last >= LOG_EVERY_SECONDS:
            last = now
            share = f"{done / total:.0%} " if total else ""
            logger.info("%s: %s%s", description, share, rate)

    try:
        yield report
    finally:
        if _screen is not None and bar is not None:
            _screen.remove_task(bar)


@contextmanager
def no_bars() -> Iterator[None]:
    """No moving bars while the block runs: somebody reads, and presses keys."""
    if _screen is not None:
        _screen.stop()
    try:
        yield
    finally:
        if _screen is not None:
            _screen.start()


def on_terminal() -> bool:
    """Whether somebody watches bars move, so that it is worth finding out how much there is to do."""
    return _screen is not None


def say(message: str) -> None:
    """One line that stays on the screen above the bars, or in the log."""
    if _console is not None:
        _console.print(message, soft_wrap=True)
    else:
        logger.info(message)
