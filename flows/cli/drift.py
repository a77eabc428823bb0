"""The command that compares tweets with those that the model was tested on."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.cli import options
from flows.cli.grouping import grouped
from flows.cli.render.terminal import visible
from flows.cli.runner import AsJson, Debug, command, orchestration_if_running, show
from models.wording import counted, p_words


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(grouped(drift))


def drift(
    *,
    source: Annotated[str, typer.Argument(metavar="SRC", help="Tweets to compare: whatever `ingest` reads.")],
    model: Annotated[
        str | None, typer.Option(metavar="URI", help="A registered version. Default: the champion.")
    ] = None,
    table: options.TextTable,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say whether tweets look like those that the model was tested on, and how well it probably judges them.

    The verdict is "same", "shifted", or "cannot tell" where the rows are too few. Each measure has an effect that does
    not depend on the number of rows, a p value corrected for all measures and windows watched, and the tokens and
    tweets that show it most. Accuracy without labels is estimated from calibrated probabilities, with an interval.

    Example: crisisflow drift tonight.csv
    """
    with command(debug):
        from tasks import sources
        from tasks.registry import CHAMPION_URI
        from tasks.registry.versions import registered_version

        sources.check_source(source)
        registered_version(model or CHAMPION_URI)
        with orchestration_if_running(source) as run:
            from flows import drift as stage

            request = stage.DriftRequest(
                source=source, model=model or CHAMPION_URI, columns=table.column_map(), encoding=table.encoding
            )
            result = run(stage.drift, request)
    show(result, as_json, _shown)


def _shown(result: Mapping[str, Any]) -> None:
    """Verdict, measures, what shows them, the estimate, and where the page is."""
    console, rows = Console(highlight=False), result["rows"]
    console.print(Text(f"{result['verdict']}: {result['reason']}.", style="bold"), soft_wrap=True)
    console.print(
        f"{counted(rows['compared'], 'different text')} of {counted(rows['read'], 'row')} against "
        f"{counted(rows['reference'], 'test row')} of {result['model']} (version {result['version']}).",
        soft_wrap=True,
    )
    table = Table("measure", "effect", "p", "verdict", "tokens that show it")
    for each in result["measures"]:
        shown = " ".join(each["tokens"][:5]) if each["verdict"] == "shifted" else ""
        cells = (each["name"].replace("_", " "), f"{each['effect']:+z.2f}", p_words(each["p_corrected"]))
        table.add_row(*cells, each["verdict"], Text(visible(shown)))
    if result["measures"]:
        console.print(table)
    if shares := result.get("classes"):
        console.print(Text(visible(_shares(shares))), soft_wrap=True)
    console.print(_estimated(result["estimate"], several=bool(shares)), soft_wrap=True)
    console.print(f"Page: drift.html of run {result['run_id']} in MLflow.", soft_wrap=True)


def _shares(classes: Mapping[str, Mapping[str, Any]]) -> str:
    """The share of each of several classes in the test rows and, by estimate, now.

    >>> _shares({"storm": {"before": 0.25, "now": 0.5}, "drill": {"before": 0.75, "now": 0.5}})
    'Classes, from the test rows to now by estimate: storm 25% to 50%, drill 75% to 50%.'
    >>> _shares({"storm": {"before": None, "now": None}})
    'Classes now: cannot say, too few texts, or a class that the model hardly ever calls rightly.'
    """
    if any(each["now"] is None for each in classes.values()):
        return "Classes now: cannot say, too few texts, or a class that the model hardly ever calls rightly."
    told = (f"{name} {each['before']:.0%} to {each['now']:.0%}" for name, each in classes.items())
    return f"Classes, from the test rows to now by estimate: {', '.join(told)}."


def _estimated(estimate: Mapping[str, Any], several: bool) -> str:
    if estimate["accuracy"] is None:
        return f"Accuracy without labels: cannot say, {estimate['why_not']}."
    low, high = estimate["accuracy_interval"]
    macro = ""
    if several:
        ends = estimate["f1_interval"]
        macro = f" Macro F1: about {estimate['f1']:.3f}, 95 % between {ends[0]:.3f} and {ends[1]:.3f}."
    return (
        f"Accuracy without labels: about {estimate['accuracy']:.3f}, 95 % between {low:.3f} and {high:.3f} "
        f"({estimate['test_accuracy']:.3f} on the test rows).{macro}"
    )
