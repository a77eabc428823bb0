"""The command that shows what a model, a run or a file came from, and what came of it."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Overwrite
from flows.cli.render import data
from flows.cli.runner import AsJson, Debug, command, show


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(lineage)


def lineage(
    target: Annotated[
        str,
        typer.Argument(
            metavar="[TARGET]",
            help="NAME/VERSION or @ALIAS of a registered model, a run, a raw file or its SHA-256, or an artifact.",
        ),
    ] = "@champion",
    out: Annotated[Path | None, typer.Option(help="Where to write the page.", show_default="state folder")] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show what a model came from: raw bytes, rows, settings, code, runs. Of a raw file: every model it touched.

    Writes a page with the picture; with --json all of it is printed.

    Example: crisisflow lineage @champion; crisisflow lineage train.csv
    """
    with command(debug):
        from tasks.lineage import trace
        from tasks.lineage.page import lineage_page
        from tasks.store.outputs import page_outputs

        page, outputs = page_outputs(out, "lineage.html", [Path(target)], overwrite)
        found = trace(target)
        outputs.write_text(page, lineage_page(found))
        result = found.summary() | {"page": str(page.resolve())}
    show(result, as_json, data.lineage)
