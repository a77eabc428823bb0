"""The command that fills the queue: label queue."""

from typing import Annotated

import typer

from flows.cli import options
from flows.cli.grouping import grouped
from flows.cli.render import labels
from flows.cli.runner import AsJson, Debug, command, orchestration, show


def register(label: typer.Typer) -> None:
    """Add this command to `label`."""
    label.command("queue")(grouped(fill))


def fill(
    *,
    source: Annotated[str, typer.Argument(metavar="SRC", help="Tweets without labels: whatever `ingest` reads.")],
    scored: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="What `score` wrote of SRC. Without it the tweets are scored now."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="URI", help="A registered version. Default: the champion.")
    ] = None,
    budget: Annotated[
        str, typer.Option(metavar="N/day", help="Tweets to ask about: in a day, a week (N/week), or this time (N).")
    ] = "50/day",
    random_share: Annotated[
        float, typer.Option(min=0.2, max=1.0, help="Share of them that is drawn at random, at least a fifth.")
    ] = 0.2,
    table: options.TextTable,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Ask people about the tweets whose label would teach the model most, and about a random share.

    Chosen are tweets near the model's threshold that speak of different things, and only such as belong to the training
    split. The random share alone may enter validation and test: it keeps accuracy measurable. Near-duplicates are asked
    about once, known tweets not at all. The same command on the same tweets chooses the same ones.

    Example: crisisflow label queue tonight.csv --budget 50/day
    """
    with command(debug):
        from tasks import sources

        sources.check_source(source)
        with orchestration(source):
            from flows import label_queue as stage
            from tasks import registry

            request = stage.QueueRequest(
                source=source,
                scored=scored,
                model=model or registry.CHAMPION_URI,
                budget=budget,
                random_share=random_share,
                columns=table.column_map(),
                encoding=table.encoding,
            )
            result = stage.fill_queue(request)
    show(result, as_json, labels.queued)
