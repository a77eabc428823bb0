"""Small pieces of HTML. Everything that comes from data is escaped here and nowhere else."""

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["bar", "code", "count", "escape", "section", "share", "table", "tile"]


def count(number: float) -> str:
    r"""A number for people: thousands apart by a thin space, which no locale takes for a decimal mark.

    >>> count(1234567)
    '1\u202f234\u202f567'
    """
    return f"{number:,.0f}".replace(",", "\u202f")


def share(part: float, whole: float) -> str:
    """A percentage; a dash of nothing.

    >>> share(1, 3), share(0, 0)
    ('33.3 %', '–')
    """
    return f"{100 * part / whole:.1f} %" if whole else "–"


def tile(figure: str, caption: str, kind: str = "") -> str:
    """A large figure with what it is below."""
    return f'<div class="tile {kind}"><b>{figure}</b><span>{escape(caption)}</span></div>'


def section(title: str, lead: str, *content: str) -> str:
    """A part of the page under a heading; `lead` says what to look for. Empty without content."""
    if not any(content):
        return ""
    return f"<section><h2>{escape(title)}</h2><p class='lead'>{escape(lead)}</p>{''.join(content)}</section>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> str:
    """A table of cells that are HTML already.

    The last `numbers` columns hold figures; a column without a head holds bars and takes what width there is.
    """
    first = len(head) - numbers
    kinds = ["wide" if not name else "figure" if place >= first else "" for place, name in enumerate(head)]

    def cells(values: Sequence[str], name: str) -> str:
        return "".join(f"<{name} class='{kind}'>{value}</{name}>" for kind, value in zip(kinds, values, strict=True))

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    heads = cells([escape(name) for name in head], "th")
    return f"<div class='scroll'><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"


def bar(parts: Sequence[tuple[str, float, str]], width: float = 1.0) -> str:
    """A horizontal bar of (caption, value, colour class), `width` of the full one (0-1); captions show on hovering."""
    pieces = "".join(
        f"<i class='{kind}' style='flex:{value:g}' title='{escape(caption)}: {count(value)}'></i>"
        for caption, value, kind in parts
        if value
    )
    return f"<div class='bar' style='width:{max(100 * width, 0.5):.1f}%'>{pieces}</div>"


def code(text: str, limit: int = 600) -> str:
    """Data as it stands, cut when it is very long."""
    cut = text if len(text) <= limit else f"{text[:limit]}… ({count(len(text))} characters)"
    return f"<code>{escape(cut)}</code>"
