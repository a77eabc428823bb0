"""Text of strangers on a terminal: shown, never obeyed."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 110  # columns that tables of many figures take; narrower ones would cut numbers in two


def visible(text: str, keep: str = "") -> str:
    r"""The text with what would move a terminal's cursor, or turn its writing around, spelt out.

    >>> visible("[red]\x1b[31m")
    '[red]\\x1b[31m'
    """
    return "".join(
        each if each.isprintable() or each in keep else each.encode("unicode_escape").decode() for each in text
    )


def printable(value: Any) -> Text:
    """A value for rich: no markup, and nothing that a terminal obeys."""
    return Text(visible(str(value)))


def wide_console() -> Console:
    """The terminal, taken for wide enough for tables of many figures."""
    console = Console(highlight=False)
    console.width = max(console.width, WIDE)
    return console


def figures_table(
    title: str, head: Sequence[str], lines: Sequence[Sequence[str]], named: int = 1, wrapped: bool = False
) -> Table:
    """A table whose first `named` columns hold words, which may be `wrapped`, and the others figures."""
    table = Table(title=title, title_justify="left")
    for place, name in enumerate(head):
        of_words = place < named
        table.add_column(name, justify="left" if of_words else "right", no_wrap=not (of_words and wrapped))
    for line in lines:
        table.add_row(*line)
    return table
