"""The commands over rows that no table took: show, export, retry."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.grouping import grouped
from flows.cli.options import NegativeLabels, Overwrite, PositiveLabels, RawCsv, TableForm
from flows.cli.render import data
from flows.cli.runner import AsJson, Debug, command, orchestration, show

if TYPE_CHECKING:
    from models.settings import RetrySettings

quarantine = typer.Typer(
    no_args_is_help=True,
    help="What no table took, and why: list it, show it, and let it back in once it is mended.",
)
TableName = Annotated[
    str | None,
    typer.Argument(
        metavar="[TABLE]",
        help="Path, beginning of the digest, or run of an ingest. Default: the newest with quarantined rows.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add this group of commands to the application."""
    app.add_typer(quarantine, name="quarantine")


@quarantine.command(name="list")
def list_tables(as_json: AsJson = False, debug: Debug = False) -> None:
    """List the ingests that left rows in quarantine, with counts by rule; the newest first.

    Example: crisisflow quarantine list
    """
    with command(debug):
        from tasks.ingestion.quarantine import summaries

        result = {"tables": summaries()}
    show(result, as_json, data.quarantines)


@quarantine.command(name="show")
def show_rows(
    table: TableName = None,
    rule: Annotated[str | None, typer.Option(help="Only rows under this rule.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many rows to print.")] = 20,
    out: Annotated[Path | None, typer.Option(help="Write all of them to this .csv file, to be corrected.")] = None,
    raw_csv: RawCsv = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show quarantined rows: where they stood, the rule, the reason, and the row as it was.

    With --out they become a CSV file to correct in any editor and to hand to `crisisflow quarantine retry`.

    Example: crisisflow quarantine show --rule unknown-label --out mend.csv
    """
    with command(debug):
        from tasks.ingestion.quarantine import check_name, find_table, read_rows, summarise, write_rows
        from tasks.store.outputs import Outputs

        found = find_table(table)
        outputs = Outputs((found,), overwrite)
        if out is not None:
            check_name(out)
            outputs.check(out)
        rows = read_rows(found, rule)
        if out is not None:
            write_rows(rows, out, outputs, raw_csv)
        written = {"out": str(out.resolve())} if out else {}
        result = {**summarise(found), "shown": min(limit, len(rows)), "of": len(rows), **written, "rows": rows[:limit]}
    show(result, as_json, data.quarantined)


def retry(
    *,
    table: TableName = None,
    corrected: Annotated[
        str | None,
        typer.Option(metavar="SRC", help="The mended CSV of `quarantine show --out`, or a mended copy of the source."),
    ] = None,
    recipe: Annotated[str | None, typer.Option(help="Judge by the contract of this recipe.")] = None,
    positive_label: PositiveLabels = None,
    negative_label: NegativeLabels = None,
    form: TableForm,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Judge quarantined rows again, and let those that pass back into a new table.

    Rows may have been corrected, or be judged by another contract, other label words or another encoding, or without
    ids. The other flags of reading are about the file of corrected rows. Rows that were kept stay as they are, with
    their splits; the old table stays too. Train on the new one with `crisisflow retrain --tweets TABLE`.

    Example: crisisflow quarantine retry --corrected mend.csv
    """
    with command(debug):
        from tasks.ingestion.quarantine import find_table

        settings = _retry_settings(recipe, positive_label, negative_label, form)
        found = find_table(table)
        with orchestration(corrected):
            from flows import quarantine as stage

            result = stage.retry(found, corrected, settings)
    show(result, as_json, data.retried)


def _retry_settings(
    recipe: str | None, positive: list[str] | None, negative: list[str] | None, form: TableForm
) -> "RetrySettings":
    """What differs from the ingest, of what the options name."""
    from models.settings import RetrySettings
    from tasks.recipes import load_recipe

    return RetrySettings(
        contract=load_recipe(recipe).contract if recipe else None,
        positive=tuple(positive or ()),
        negative=tuple(negative or ()),
        encoding=form.encoding,
        header=False if form.no_header else None,
        **form.cells(),
    )


quarantine.command()(grouped(retry))
