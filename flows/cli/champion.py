"""The commands about the model in use: champion, rollback."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from flows.cli.runner import AsJson, Debug, command, show


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    for function in (champion, rollback):
        app.command()(function)


def champion(as_json: AsJson = False, debug: Debug = False) -> None:
    """Show the model in use, how a notebook loads it, and who became champion when and why.

    Example: crisisflow champion
    """
    with command(debug):
        from tasks import registry, tracking
        from tasks.registry.versions import SERVES, holds_twin, in_use

        current, address = registry.champion(), tracking.public_uri()
        result = {
            "version": str(current.version) if current else None,
            "model": current.tags.get("model") if current else None,
            "serves": current.tags.get(SERVES, "twin") if current else None,
            "in_use": in_use(current.tags) if current else None,
            "tracking_uri": address,
            "load": load_lines(address, registry.CHAMPION_URI, holds_twin(current.tags)) if current else [],
            "history": [asdict(each) for each in registry.history()],
        }
    show(result, as_json, _show_champion)


def load_lines(tracking_uri: str, model_uri: str, with_twin: bool = False) -> list[str]:
    """The lines of Python that load a model wherever crisisflow is installed, and its judged twin if it has one."""
    twin = f'twin = mlflow.pyfunc.load_model("{model_uri}", model_config={{"part": "judged"}})'  # unseen test rows
    return [
        "import mlflow",
        f'mlflow.set_tracking_uri("{tracking_uri}")',
        f'model = mlflow.pyfunc.load_model("{model_uri}")  # model.predict(DataFrame with a column text)',
        *([twin] if with_twin else []),
    ]


def rollback(
    to: Annotated[str | None, typer.Option(metavar="VERSION", help="Default: the champion before this one.")] = None,
    why: Annotated[str, typer.Option(help="Kept in the history, and on the version that is taken out of use.")] = "",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Put the champion before this one in use again, or any version.

    The version that is taken out of use is not promoted again by itself; `--to` puts it back.

    Example: crisisflow rollback --why "false alarms about football"
    """
    with command(debug):
        from tasks import registry

        result = asdict(registry.rollback(to, why))
    show(result, as_json, _rolled_back)


def _show_champion(result: Mapping[str, Any]) -> None:
    """The champion, then every change of champion, the newest first."""
    if result["version"] is None:
        said = "There is no champion: `crisisflow retrain` makes one, `crisisflow rollback --to VERSION` names one."
    else:
        said = f"Champion: version {result['version']}, {result['model']}; it {result['in_use']}"
    console = Console(highlight=False)
    console.print(Text(said), soft_wrap=True)
    console.print(Text(f"Tracking: {result['tracking_uri']}"), soft_wrap=True)
    if result["load"]:
        console.print(Text("In Python:"))
        for line in result["load"]:
            console.print(Text(f"    {line}"), soft_wrap=True)
    for each in reversed(result["history"]):
        by = f" by {each['who']}" if each["who"] else ""
        when = f"{each['time'].replace('T', ' ')}  version {each['version']}, {each['model']}"
        console.print(Text(f"{when}: {each['kind']}{by}"), soft_wrap=True)
        if each["why"]:
            console.print(Padding(Text(each["why"]), (0, 0, 0, 4)))


def _rolled_back(result: Mapping[str, Any]) -> None:
    instead = f" in place of version {result['replaced']}" if result["replaced"] else ""
    Console(highlight=False).print(
        Text(f"Version {result['version']} ({result['model']}) is champion{instead}."), soft_wrap=True
    )
