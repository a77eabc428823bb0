"""The command that compares runs on one page."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Overwrite
from flows.cli.render import models
from flows.cli.runner import AsJson, Debug, command, show


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(compare)


def compare(
    run_ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN_ID]...", help="Retrainings or models. Default: the latest."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write the page.", show_default="state folder")] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Compare models as the MLflow UI does, and write the comparison as a page.

    Models that were scored on different rows stand in different tables, each with a best one of its own.

    Example: crisisflow compare --out comparison.html
    """
    with command(debug):
        from tasks.evaluation import choice, comparison, comparison_page
        from tasks.store.outputs import page_outputs
        from tasks.tracking import recover

        page, outputs = page_outputs(out, "comparison.html", overwrite=overwrite)
        recover()
        ids = run_ids or [comparison.latest_retrain()]
        rows = [row for run_id in ids for row in comparison.model_rows(run_id)]
        outputs.write_text(page, comparison_page.comparison_page(rows))
        sets = choice.data_sets(rows)
        result = {
            "models": [row.summary() for row in rows],
            "best": sets[0].best.name if len(sets) == 1 else None,
            "data_sets": [each.summary() | {"title": each.title} for each in sets],
            "page": str(page.resolve()),
        }
    show(result, as_json, models.compared)
