"""The commands over what runs by itself: schedule list, add, pause, resume, remove, next."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from flows.cli.grouping import grouped
from flows.cli.options import LabelledTable
from flows.cli.runner import AsJson, Debug, command, show

schedule = typer.Typer(
    no_args_is_help=True, help="What runs by itself under `crisisflow up`: list, add, pause, resume, remove, next runs."
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="As `crisisflow schedule list` shows it.")]
Source = Annotated[
    str | None,
    typer.Option(metavar="SRC", help="Tweets: file, folder, glob or address. Default of retrain: the champion's."),
]
Corpus = Annotated[list[str] | None, typer.Option(metavar="SRC", help="retrain: text for word vectors. Repeatable.")]
PretrainOn = Annotated[
    list[str] | None, typer.Option(metavar="SRC", help="retrain: texts with labels of other tasks. Repeatable.")
]
When = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WHAT",
        help="retrain: only on drift (of scored tweets), on files (that are new), on labels:N (so many new ones). "
        "Repeatable.",
    ),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(metavar="SRC", help="retrain: texts with labels of kinds of information. Repeatable."),
]
KindsColumns = Annotated[
    list[str] | None,
    typer.Option("--kinds-column", metavar="NAME", help="retrain: a column of kinds of information. Repeatable."),
]
Vectors = Annotated[str | None, typer.Option(metavar="FILE", help="retrain: word vectors from elsewhere.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.add_typer(schedule, name="schedule")


@schedule.command(name="list")
def list_schedules(as_json: AsJson = False, debug: Debug = False) -> None:
    """List what is scheduled: when in words, the next run, how the last one went.

    Without a running `crisisflow up`, what the next one will run.

    Example: crisisflow schedule list
    """
    with command(debug):
        from tasks.scheduling.listing import read_schedules

        schedules, running = read_schedules()
        result = {"schedules": [each.summary() for each in schedules], "running": running}
    show(result, as_json, _listed)


def add(
    *,
    what: Annotated[str, typer.Argument(help="retrain, ingest (a watched source) or score (a watched source).")],
    cron: Annotated[str | None, typer.Option(help='Minute hour day month weekday: "30 2 * * *".')] = None,
    timezone: Annotated[str, typer.Option(help="Time zone of --cron.")] = "UTC",
    every: Annotated[str | None, typer.Option(metavar="SPAN", help="30m, 1h, 1d: instead of --cron.")] = None,
    name: Annotated[str | None, typer.Option(help="Default: what it does, and how often.")] = None,
    source: Source = None,
    corpus: Corpus = None,
    pretrain_on: PretrainOn = None,
    kinds: Kinds = None,
    kinds_column: KindsColumns = None,
    vectors: Vectors = None,
    when: When = None,
    recipe: Annotated[str | None, typer.Option(help="retrain: quick, standard, best or a .toml file.")] = None,
    out: Annotated[str | None, typer.Option(metavar="FOLDER", help="score: where the results go.")] = None,
    model: Annotated[str | None, typer.Option(metavar="URI", help="score: another model than the champion.")] = None,
    table: LabelledTable,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Schedule something, for good: it is there again when `crisisflow up` is started again.

    Everything is checked now: expression, time zone, recipe, files. Flags of columns and of the form of tables say how
    to read the source, each time.

    With --when, a retraining begins only where something calls for it, never while another runs, and once a day at
    most; what called for it stands on its run in MLflow (tag trigger).

    Example: crisisflow schedule add score --every 1h --source inbox/ --out scored/
    """
    with command(debug):
        from flows.operations.deployments import addition_of
        from tasks.scheduling.timetable import timing_of

        timing = timing_of(cron, timezone, every)
        options: dict[str, Any] = {"source": source, "corpora": tuple(corpus or ()), "recipe": recipe, "out": out}
        options |= {"labelled_texts": tuple(pretrain_on or ()), "vectors": vectors, "when": tuple(when or ())}
        options |= {"kinds": tuple(kinds or ()), "kinds_columns": tuple(kinds_column or ())}
        options |= {"model": model, "columns": table.column_map(), "encoding": table.encoding}
        result = _add(addition_of(what, name, timing, options))
    show(result, as_json, _added)


schedule.command()(grouped(add))


def _add(addition: Any) -> dict[str, Any]:
    """Register it, and say what Prefect made of it."""
    import os

    from tasks.scheduling import deployments
    from tasks.scheduling.api import PrefectApi, api_url

    os.environ["PREFECT_API_URL"] = address = api_url()
    with PrefectApi(address) as api:
        deployments.refuse_taken_name(api, addition.name)
        from flows.champion_data import champion_data
        from flows.operations import deployments as registering

        unnamed = addition.what == "retrain" and not addition.source
        words = {"tweets_from": champion_data().words} if unnamed else {}
        registering.add(addition)
        return deployments.await_planned(api, addition.name).summary() | words


@schedule.command()
def pause(name: Name, as_json: AsJson = False, debug: Debug = False) -> None:
    """Plan no more runs of it, until it is resumed; one that is running goes on.

    Example: crisisflow schedule pause retraining
    """
    _change("pause", name, "paused", as_json, debug)


@schedule.command()
def resume(name: Name, as_json: AsJson = False, debug: Debug = False) -> None:
    """Plan runs of it again.

    Example: crisisflow schedule resume retraining
    """
    _change("resume", name, "resumed", as_json, debug)


@schedule.command()
def remove(name: Name, as_json: AsJson = False, debug: Debug = False) -> None:
    """Forget a schedule that was added. Its runs stay in Prefect and MLflow.

    Example: crisisflow schedule remove score-every-hour
    """
    _change("remove", name, "removed", as_json, debug)


def _change(verb: str, name: str, done: str, as_json: bool, debug: bool) -> None:
    with command(debug):
        from tasks.scheduling import deployments
        from tasks.scheduling.api import PrefectApi, api_url

        with PrefectApi(api_url()) as api:
            getattr(deployments, verb)(api, name)
    show({"name": name, done: True}, as_json, lambda result: print(f"{result['name']} is {done}."))


@schedule.command(name="next")
def next_runs(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Default: everything that is scheduled.")] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=1000, help="So many of each.")] = 5,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show when it runs next, by the schedule's time zone and by this machine's clock.

    Example: crisisflow schedule next retraining -n 10
    """
    with command(debug):
        from tasks.scheduling import deployments
        from tasks.scheduling.api import PrefectApi, api_url

        with PrefectApi(api_url()) as api:
            result = {"next": deployments.next_runs(api, name, count)}
    show(result, as_json, _coming)


def _listed(result: Mapping[str, Any]) -> None:
    table = Table(Column("name", no_wrap=True), "what, when", "next run here", "last run")
    for each in result["schedules"]:
        last = each["last"]
        cells = (
            each["name"],
            f"{each['flow']}, {each['schedule']}",
            _next_run(each, result["running"]),
            f"{last['state']}, {_minute(last['time'])}" if last else "none yet",
        )
        table.add_row(*map(Text, cells))
    Console(highlight=False).print(table)
    if not result["running"]:
        print("Nothing of this runs now: start `crisisflow up`.")


def _next_run(schedule: Mapping[str, Any], running: bool) -> str:
    if schedule["paused"]:
        return "paused"
    if not running:
        return "none"
    return _minute(schedule["next"]) if schedule["next"] else "none planned"


def _minute(time: str) -> str:
    return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M}"


def _added(result: Mapping[str, Any]) -> None:
    from tasks.scheduling.health import local

    planned = f"; next run {local(result['next'])}" if result["next"] else ""
    print(f"{result['name']}: {result['flow']}, {result['schedule']}{planned}")
    if "tweets_from" in result:
        print(f"No tweets are named: {result['tweets_from']}")


def _coming(result: Mapping[str, Any]) -> None:
    table = Table("name", "by its own time zone", "here")
    for each in result["next"]:
        times = (datetime.fromisoformat(each[place]) for place in ("time", "local"))
        shown = [Text(f"{time:%a %Y-%m-%d %H:%M:%S}") for time in times]
        zone = Text(f" {each['timezone']}", style="dim")
        table.add_row(Text(each["name"]), shown[0] + zone, shown[1])
    Console(highlight=False).print(table)
