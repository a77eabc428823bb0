"""Text of strangers on a terminal: shown, never obeyed."""

from typing import Any

from rich.text import Text


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
