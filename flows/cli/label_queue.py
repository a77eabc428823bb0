"""The commands that fill the queue: label queue, label audit."""

from typing import Annotated

import typer

from flows.cli import options
from flows.cli.grouping import grouped
from flows.cli.render import labels
from flows.cli.runner import AsJson, Debug, command, orchestration, orchestration_if_running, show

Budget = Annotated[
    str, typer.Option(metavar="N/day", help="Tweets to ask about: in a day, a week (N/week), or this time (N).")
]


def register(label: typer.Typer) -> None:
    """Add these commands to `label`."""
    label.command("queue")(grouped(fill))
    label.command("audit")(grouped(audit))


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
    budget: Budget = "50/day",
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
    with command(debug), orchestration_if_running(source) as run:
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
        result = run(stage.fill_queue, request)
    show(result, as_json, labels.queued)


def audit(
    *,
    tweets: Annotated[
        str | None,
        typer.Option(metavar="SRC", help="Labelled tweets: whatever `ingest` reads. Default: the champion's."),
    ] = None,
    table: options.LabelledTable,
    top: Annotated[int, typer.Option(min=1, help="Labels to show, the worst first.")] = 50,
    add_to_queue: Annotated[
        bool, typer.Option("--add-to-queue", help="Ask people about those that are shown, within the budget.")
    ] = False,
    budget: Budget = "50/day",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show which labels of the training tweets are probably wrong, why, and what their near-duplicates say.

    Confident learning: linear models that have not seen a tweet judge its label. What people answer to --add-to-queue
    corrects the row, and its near-duplicates, at the next retraining. All that is suspected is in audit.json of the run
    in MLflow.

    Example: crisisflow label audit --top 20 --add-to-queue
    """
    with command(debug), options.readable(tweets, table), orchestration(tweets):
        from flows import label_audit as stage

        source = options.tweet_source(tweets, table) if tweets else None
        request = stage.AuditRequest(tweets=source, top=top, add_to_queue=add_to_queue, budget=budget)
        result = stage.audit(request)
    show(result, as_json, labels.audited)
    if add_to_queue and not as_json:
        labels.put_into_queue(result["asked"], budget)
