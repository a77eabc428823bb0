"""The commands that keep things running: up, status, ui."""

import json
import os
from dataclasses import dataclass
from typing import Annotated

import typer

from flows.cli.grouping import grouped
from flows.cli.options import LabelledTable
from flows.cli.runner import FAILED, AsJson, Debug, command

MlflowPort = Annotated[int, typer.Option(min=1, max=65535, envvar="CRISISFLOW_MLFLOW_PORT", help="Port of MLflow.")]
PrefectPort = Annotated[int, typer.Option(min=1, max=65535, envvar="CRISISFLOW_PREFECT_PORT", help="Port of Prefect.")]
PagePort = Annotated[int, typer.Option(min=1, max=65535, envvar="CRISISFLOW_SERVE_PORT", help="Port of the page.")]

Database = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        envvar="CRISISFLOW_DATABASE",
        show_envvar=False,
        help="postgresql://USER@HOST/NAME, shared by a team; sqlite for files of the state folder. It is remembered.",
    ),
]


@dataclass(frozen=True)
class Ports:
    """Where the pages answer, and whether that of the champion is served."""

    mlflow_port: MlflowPort = 5000
    prefect_port: PrefectPort = 4200
    page_port: PagePort = 8000
    page: Annotated[bool, typer.Option("--page/--no-page", help="Serve the champion and its page too.")] = True

    def given(self) -> dict[str, int | None]:
        """The fields of the request that these options fill."""
        ports = {"mlflow_port": self.mlflow_port, "prefect_port": self.prefect_port}
        return {**ports, "page_port": self.page_port if self.page else None}


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    for function in (grouped(up), status, ui):
        app.command()(function)


def up(
    *,
    cron: Annotated[str | None, typer.Option(help="When to retrain: minute hour day month weekday.")] = None,
    timezone: Annotated[str, typer.Option(help="Time zone of --cron.")] = "UTC",
    every: Annotated[str | None, typer.Option(metavar="SPAN", help="Retrain every 30m, 1h, 1d instead.")] = None,
    tweets: Annotated[str | None, typer.Option(metavar="SRC", help="Tweets. Default: those of the champion.")] = None,
    corpus: Annotated[list[str] | None, typer.Option(metavar="SRC", help="Text for word vectors. Repeatable.")] = None,
    recipe: Annotated[str | None, typer.Option(help="quick, standard, best, or the path of a .toml file.")] = None,
    ports: Ports,
    database: Database = None,
    table: LabelledTable,
    debug: Debug = False,
) -> None:
    """Start MLflow, Prefect, a worker and the page on this machine, run what is scheduled; stop them with Ctrl-C.

    All have pages for the browser, on 127.0.0.1 only; that of the champion is `crisisflow serve`, for which --no-page
    saves the memory. What runs stands in prefect.yaml; the options here change its
    retraining for as long as this runs, and `crisisflow schedule add` adds to it for good. Flags of columns and
    of the form of tables say how to read --tweets.

    With --database the runs, models and schedules are in PostgreSQL, for all who name the same database. Name the
    password in the file of PGPASSFILE, and a folder that all see in CRISISFLOW_ARTIFACTS.

    Example: crisisflow up --cron "30 2 * * *" --timezone Europe/Berlin --tweets train.csv
    """
    if database:
        os.environ["CRISISFLOW_DATABASE"] = database
    with command(debug, upgrade=True):
        from flows.operations import up as operations_up
        from flows.operations.deployments import Reading
        from tasks.runtime.state_folder import check_free_space
        from tasks.scheduling.timetable import timing_of

        check_free_space()
        request = operations_up.UpRequest(
            timing=timing_of(cron, timezone, every) if cron or every else None,
            retraining=operations_up.retraining_fields(
                tweets, tuple(corpus or ()), recipe, Reading(columns=table.column_map(), encoding=table.encoding)
            ),
            **ports.given(),
        )
        operations_up.keep_running(request)


def status(as_json: AsJson = False, debug: Debug = False) -> None:
    """Say whether `crisisflow up` is running and healthy, what is scheduled, and how it went last.

    Exit code 0 when MLflow, Prefect, the worker and the schedules are healthy and the disk has room, 1 otherwise.
    """
    with command(debug):
        from tasks.scheduling import health

        facts = health.health()
    if as_json:
        print(json.dumps(facts))
    else:
        for line in health.in_words(facts):
            print(line)
    if not facts["healthy"]:
        raise typer.Exit(FAILED)


def ui(port: MlflowPort = 5000, debug: Debug = False) -> None:
    """Show MLflow's pages for the state folder on 127.0.0.1, until Ctrl-C."""
    with command(debug):
        from tasks.runtime import servers
        from tasks.tracking import comparison_address, recover, ui_server

        servers.refuse_taken_port("MLflow", port, "--port")
        recover()
        server = ui_server.start_mlflow(port)
        try:
            server.wait_until_healthy()
            print(f"MLflow: {server.url}   (Ctrl-C stops it)")
            print(f"All models side by side: {comparison_address(server.url)}", flush=True)
            server.process.wait()
        finally:
            server.stop()
