"""A sheet of facts as Markdown and as a page, from one description."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.html.pages import render

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|])")


@dataclass(frozen=True)
class Part:
    """Facts under a heading: what to look for, then a table, or nothing more. Its last columns may hold figures."""

    title: str
    lead: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numbers: int = 0


@dataclass(frozen=True)
class Sheet:
    """A titled list of parts."""

    title: str
    subtitle: str
    parts: tuple[Part, ...]


def sheet_markdown(sheet: Sheet) -> str:
    """The sheet as Markdown."""
    return "\n\n".join([f"# {_plain(sheet.title)}", _plain(sheet.subtitle), *map(_part_markdown, sheet.parts)]) + "\n"


def _part_markdown(part: Part) -> str:
    said = [f"## {_plain(part.title)}", _plain(part.lead)]
    if part.rows:
        left = len(part.head) - part.numbers
        lines = [_line(part.head), _line(["---"] * left + ["--:"] * part.numbers, escaped=False)]
        said.append("\n".join([*lines, *map(_line, part.rows)]))
    return "\n\n".join(each for each in said if each)


def _line(cells: Sequence[str], escaped: bool = True) -> str:
    return f"| {' | '.join(map(_plain, cells) if escaped else cells)} |"


def _plain(text: str) -> str:
    """The text on one line, with nothing in it that Markdown or HTML would take for a command."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def sheet_page(sheet: Sheet) -> str:
    """The sheet as a page that needs nothing else."""
    return render("html/fact_sheet.html", title=sheet.title, subtitle=sheet.subtitle, sheet=sheet)
