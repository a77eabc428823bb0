"""The command line: `crisisflow`, or `python -m flows`. Nothing heavy is imported before a command runs."""

import sys
from typing import Annotated

import typer

from flows.cli import (
    backup,
    cache,
    champion,
    cluster,
    compare,
    doctor,
    drift,
    drill,
    evaluate,
    explain,
    gradients,
    inspect,
    label,
    language_model,
    lineage,
    notify,
    quarantine,
    replay,
    schedule,
    score,
    serve,
    servers,
    textbook,
    train,
    word_vectors,
)

app = typer.Typer(
    name="crisisflow",
    help="Which tweets report a real disaster, and which only sound like one?\n\n"
    "crisisflow trains, compares and serves classifiers that answer this, on schedule and reproducibly. "
    "Start with **crisisflow retrain**: without any option it runs on the bundled sample.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = (
    train, inspect, evaluate, cache, replay, score, drift, drill, compare, explain, champion, word_vectors, gradients,
    language_model, quarantine, lineage, serve, servers, schedule, notify, label, backup, doctor, cluster,
    textbook,
)  # fmt: skip
for module in COMMANDS:
    module.register(app)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"crisisflow {version('crisisflow')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """What the application itself takes; its help is that of `app`."""


def main() -> None:
    """Run the command that the user typed; secrets in the addresses it names wait in the environment."""
    if any("://" in argument for argument in sys.argv):
        from tasks.runtime.redaction import hide_secrets

        sys.argv[1:] = map(hide_secrets, sys.argv[1:])
    app()
