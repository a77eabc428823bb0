"""Draws the layers: flows over tasks over models, and the floors that the rooms of tasks/ stand on."""

import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
WIDTH, MARGIN, ROW, GAP = 860, 16, 34, 8
COLOURS = {"flows": "#fde8d7", "tasks": "#e3eefb", "models": "#e4f3e4"}
CHARACTER = 7.6  # width of one at 14 px


def floors() -> list[list[str]]:
    """The rooms of tasks/ by floor, the highest first, as the import contract has them; planned ones in brackets."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(each["layers"] for each in contracts if each.get("containers") == ["tasks"])
    return [[room.strip() for room in layer.split("|")] for layer in layers]


def rooms(package: str) -> list[str]:
    """The folders of a package, by name."""
    return sorted(path.parent.name for path in (ROOT / package).glob("*/__init__.py"))


def layers_picture() -> str:
    """The picture as SVG, readable on light and dark pages."""
    y = MARGIN
    drawn: list[str] = []
    blocks = {
        "flows": ("flows/   the order of things: one flow per file, the command line", _wrapped(rooms("flows"))),
        "tasks": ("tasks/   reading, writing, caching, recording; a room imports rooms below its line", floors()),
        "models": ("models/   everything that computes: values in, values out", _wrapped(rooms("models"))),
    }
    for package, (title, rows) in blocks.items():
        height = 30 + len(rows) * (ROW + GAP)
        drawn += [
            _box(MARGIN, y, WIDTH - 2 * MARGIN, height, COLOURS[package]),
            _text(MARGIN + 12, y + 20, title, True),
        ]
        for number, row in enumerate(rows):
            drawn += _row(row, y + 30 + number * (ROW + GAP))
        y += height + 26
        if package != "models":
            drawn.append(
                f'<path d="M{WIDTH / 2} {y - 24}v14m-6 -6l6 8l6 -8" fill="none" stroke="#444" stroke-width="2"/>'
            )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y - 10}" role="img" font-family="sans-serif">'
    )
    return "\n".join([head, "<title>Imports point down: flows, tasks, models</title>", *drawn, "</svg>"]) + "\n"


def _wrapped(names: list[str]) -> list[list[str]]:
    """The names in rows that fit the width."""
    rows: list[list[str]] = [[]]
    for name in names:
        if sum(_width(each) + GAP for each in [*rows[-1], name]) > WIDTH - 2 * MARGIN - 24:
            rows.append([])
        rows[-1].append(name)
    return rows


def _width(name: str) -> float:
    return len(name) * CHARACTER + 20


def _row(names: list[str], y: float) -> list[str]:
    x, drawn = MARGIN + 12.0, []
    for name in names:
        planned, shown = name.startswith("("), name.strip("()")
        drawn += [_box(x, y, _width(shown), ROW - 6, "#ffffff", planned), _text(x + 10, y + 19, shown)]
        x += _width(shown) + GAP
    return drawn


def _box(x: float, y: float, width: float, height: float, colour: str, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    place = f'x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return f'<rect {place} rx="5" fill="{colour}" stroke="#555"{dash}/>'


def _text(x: float, y: float, text: str, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="14" fill="#111"{weight}>{escape(text)}</text>'
