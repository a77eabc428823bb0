"""The command that compares runs on one page."""

from pathlib import Path
from typing import Annotated

import typer

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
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Compare models as the MLflow UI does, and write the comparison as a page.

    Example: crisisflow compare --out comparison.html
    """
    with command(debug):
        from tasks.evaluation import comparison
        from tasks.runtime.state_folder import state_home
        from tasks.tracking import recover

        recover()
        ids = run_ids or [comparison.latest_retrain()]
        rows = [row for run_id in ids for row in comparison.model_rows(run_id)]
        page = out or state_home() / "comparison.html"
        comparison.write_page(rows, page)
        result = {
            "models": [row.summary() for row in rows],
            "best": comparison.best_row(rows).name,
            "page": str(page.resolve()),
        }
    show(result, as_json, models.compared)
