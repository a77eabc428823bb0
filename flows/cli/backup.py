"""The commands that save the state folder and bring it back: backup, restore."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from flows.cli.render.terminal import printable
from flows.cli.runner import FAILED, AsJson, Debug, command, show
from models.wording import counted

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup, a tar file.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    for function in (backup, restore):
        app.command()(function)


def backup(file: File, as_json: AsJson = False, debug: Debug = False) -> None:
    """Save the whole state folder as one file, also while runs go on.

    Databases are copied as of one moment, and whatever a run in them names is in the file too, with the digest of each
    file at the end. A team's PostgreSQL is not in it: the command says what to save with pg_dump. A file that is there
    is not replaced. Exit code 1 where something came damaged: it is saved as it is.

    Example: crisisflow backup /mnt/safe/monday.tar
    """
    with command(debug):
        from tasks import backup as backups

        result = backups.back_up(file)
    show(result, as_json, _saved)
    if result["came_damaged"]:
        raise typer.Exit(FAILED)


def restore(file: File, as_json: AsJson = False, debug: Debug = False) -> None:
    """Unpack a backup into an empty state folder, and compare every byte with what was saved.

    The folder is data/state or CRISISFLOW_HOME, on this machine or another. Where anything is wrong with the file, it
    stays empty.

    Example: CRISISFLOW_HOME=/new/state crisisflow restore /mnt/safe/monday.tar
    """
    with command(debug, state="closed"):
        from tasks import backup as backups

        result = backups.restore(file)
    show(result, as_json, _restored)


def _saved(result: Mapping[str, Any]) -> None:
    console = Console(highlight=False)
    size = f"{counted(result['file_count'], 'file')}, {result['bytes'] / 1e6:,.1f} MB"
    console.print("Saved in ", printable(result["backup"]), f": {size}", sep="", soft_wrap=True)
    for words in result["elsewhere"]:
        console.print("  NOT in this file: ", printable(words), sep="", soft_wrap=True, style="bold")
    for name in result["left_out"]:
        console.print("  left out, for it is not a file: ", printable(name), sep="", soft_wrap=True)
    for name in result["came_damaged"]:
        console.print("  damaged, saved as it is: ", printable(name), sep="", soft_wrap=True, style="red")
    if result["came_damaged"]:
        console.print("See `crisisflow doctor`: what a step made is made again by the next run that needs it.")


def _restored(result: Mapping[str, Any]) -> None:
    console = Console(highlight=False)
    size = f"{counted(result['file_count'], 'file')}, {result['bytes'] / 1e6:,.1f} MB, all as saved on {result['made']}"
    console.print("Restored in ", printable(result["state_folder"]), f": {size}", sep="", soft_wrap=True)
