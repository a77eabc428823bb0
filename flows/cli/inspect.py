"""The command that looks at a source before anything is made of it."""

from typing import Annotated

import typer

from flows.cli.grouping import grouped
from flows.cli.options import Kind, LabelledTable
from flows.cli.render import inspection
from flows.cli.runner import BAD_INPUT, AsJson, Debug, command, show


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command(name="inspect")(grouped(inspect_source))


def inspect_source(
    *,
    source: Annotated[str, typer.Argument(metavar="SRC", help="What to look at: a file, folder, glob or address.")],
    kind: Annotated[
        Kind | None, typer.Option(help="What the source holds.", show_default="found by its content")
    ] = None,
    table: LabelledTable,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show what a source is and how it would be read: nothing is trained, stored or written.

    Format, encoding, delimiter, quotes, columns, labels and what they mean, ids, rows, files passed over, the first
    five rows as understood, and what is doubtful, each with the flag that changes it. Large CSV, TSV, JSON lines and
    Parquet files are read at their beginning and counted to their end; of any other source the first 16 MB are read.
    Exit code 2 if `ingest` would refuse the source.

    Example: crisisflow inspect train.csv
    """
    with command(debug, state="none"):
        from tasks.sources.inspecting import inspect_source as look

        result = look(source, kind.value if kind else None, table.column_map(), table.encoding)
    show(result, as_json, inspection.inspected)
    if result["refused"]:
        raise typer.Exit(BAD_INPUT)
