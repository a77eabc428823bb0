"""The command that says what is wrong: doctor."""

from collections.abc import Mapping
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from flows.cli.render.terminal import visible
from flows.cli.runner import FAILED, AsJson, Debug, command, show


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(doctor)


def doctor(as_json: AsJson = False, debug: Debug = False) -> None:
    """Say what is wrong with the state folder, its databases, servers and locks, and what to do. Changes nothing.

    Exit code 0 when all is in order, 1 otherwise. `crisisflow cache verify` reads every stored file as well.

    Example: crisisflow doctor
    """
    with command(debug, state="closed"):
        from tasks import doctor as examination

        result = examination.examine()
    show(result, as_json, _examined)
    if not result["healthy"]:
        raise typer.Exit(FAILED)


def _examined(result: Mapping[str, Any]) -> None:
    console = Console(highlight=False)
    for each in result["findings"]:
        mark, style = ("ok   ", "green") if each["ok"] else ("WRONG", "bold red")
        line = Text(f"{mark} ", style=style) + Text(visible(f"{each['name']}: {each['finding']}"), style="not bold")
        console.print(line, soft_wrap=True)
        if each["remedy"]:
            console.print(Text(visible(f"      -> {each['remedy']}")), soft_wrap=True)
    console.print("All in order." if result["healthy"] else "Not all is in order.")
