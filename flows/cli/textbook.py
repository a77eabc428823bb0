"""The command that works through the examples of the teaching text."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.cli.options import Overwrite
from flows.cli.runner import AsJson, Debug, command, show

if TYPE_CHECKING:
    from models.textbook.worked import Example

DIFFERS = "≠ "


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(textbook)


def textbook(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="An example. Default: list them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Work through all of them.")] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write them as a page, too.")] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Work through the examples of the teaching text: what it prints, what is computed, and where it errs.

    Example: crisisflow textbook cbow; crisisflow textbook --all --html textbook.html
    """
    with command(debug, state="open" if html else "none"):
        from models.textbook.examples import EXAMPLES, find_example

        if name and every:
            raise ValueError("give the name of an example or --all, not both")
        if html and not (name or every):
            raise ValueError("--html needs the name of an example, or --all")
        if not name and not every:
            found = [{"name": each.name, "title": each.title, "shows": each.shows} for each in EXAMPLES]
            result: dict[str, Any] = {"examples": found, "page": None}
        else:
            result = _worked(EXAMPLES if every else (find_example(str(name)),), html, overwrite)
    show(result, as_json, _draw if name or every else _list)


def _worked(examples: "tuple[Example, ...]", html: Path | None, overwrite: bool) -> dict[str, Any]:
    """Compute the lines of these examples, write the page; return what `--json` prints."""
    from tasks.runtime.environment import load_tensorflow
    from tasks.runtime.progress import progress
    from tasks.store.outputs import page_outputs

    outputs = None
    if html is not None:
        html, outputs = page_outputs(html, html.name, overwrite=overwrite)
    with progress("starting TensorFlow"):
        load_tensorflow()
    found = []
    for example in examples:
        with progress(example.title):
            found.append(_example(example))
    if html is not None and outputs is not None:
        from tasks.html.textbook_page import textbook_page

        outputs.write_text(html, textbook_page(found))
    return {"examples": found, "page": str(html.resolve()) if html else None}


def _example(example: "Example") -> dict[str, Any]:
    lines = [
        {"item": line.item, "left": line.left, "right": line.right, "agrees": line.agrees, "erratum": line.erratum}
        for line in example.lines()
    ]
    about = {name: getattr(example, name) for name in ("name", "title", "shows", "left", "right")}
    return {**about, "lines": lines}


def _list(result: Mapping[str, Any]) -> None:
    """Names and titles."""
    table = Table("example", "what it shows", box=None, header_style="dim")
    for each in result["examples"]:
        table.add_row(each["name"], f"{each['title']}. {each['shows']}")
    Console(highlight=False).print(table)


def _draw(result: Mapping[str, Any]) -> None:
    """A table for each example, and below it why the text differs where it does."""
    console = Console(highlight=False)
    for example in result["examples"]:
        compares = example["left"] != "given"
        table = Table("", example["left"], example["right"], header_style="dim", box=None, padding=(0, 2, 0, 0))
        errata: dict[str, list[str]] = {}
        for line in example["lines"]:
            mark = DIFFERS if compares and not line["agrees"] else ""
            table.add_row(Text(mark + line["item"]), Text(line["left"]), Text(line["right"]))
            if line["erratum"]:
                errata.setdefault(line["erratum"], []).append(line["item"])
        console.print(Text(example["title"], "bold"))
        console.print(Text(example["shows"]))
        console.print(table)
        for erratum, items in errata.items():
            which = items[0] if len(items) == 1 else f"{items[0]} to {items[-1]}"
            console.print(Text(f"{DIFFERS}{which}: {erratum}"))
        console.print()
    if result["page"]:
        console.print(Text(f"Page: {result['page']}"), soft_wrap=True)
