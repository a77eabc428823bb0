"""The command that shows how far back a recurrent cell can learn: gradients."""

import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.grouping import grouped
from flows.cli.options import Overwrite
from flows.cli.runner import AsJson, Debug, command, show

if TYPE_CHECKING:
    from models.gradients import LayerFlow
    from models.gradients.lag import LagSettings

PICTURES = (".png", ".svg", ".pdf")


class Cell(StrEnum):
    """The recurrent cells."""

    rnn = "rnn"
    lstm = "lstm"
    gru = "gru"


@dataclass(frozen=True)
class Recurrence:
    """The layer to look at, and the documents that it reads."""

    kind: Annotated[Cell, typer.Option(help="The recurrent cell, started as Keras starts it.")] = Cell.lstm
    lag: Annotated[int, typer.Option(min=1, max=2000, help="How many steps back it must remember.")] = 100
    units: Annotated[int, typer.Option(min=1, max=1024, help="Width of the state.")] = 64
    scale: Annotated[float, typer.Option(help="Factor on the recurrent matrix, orthogonal at 1.")] = 1.0
    forget_bias: Annotated[
        float | None,
        typer.Option(
            help="Bias of the gate that keeps the memory: forget (LSTM) or update (GRU).", show_default="LSTM 1, GRU 0"
        ),
    ] = None
    seed: Annotated[int, typer.Option(min=0, help="Of weights and documents.")] = 1


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(grouped(gradients))


def gradients(
    *,
    recurrence: Recurrence,
    out: Annotated[
        Path | None, typer.Option(help=f"Picture: {', '.join(PICTURES)}.", show_default="state folder")
    ] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show whether the gradient reaches a word so many steps back, and what to do where it does not.

    Random documents whose label depends on their first symbol alone; the network is not trained yet. A trained
    classifier's own flow is the picture gradient-flow on its run in MLflow.

    Example: crisisflow gradients --kind lstm --lag 100 --forget-bias 4.6
    """
    with command(debug):
        from tasks.runtime import environment
        from tasks.store.outputs import page_outputs

        if out is not None:
            _check_picture(out)
        picture, outputs = page_outputs(out, "gradients.png", overwrite=overwrite)
        environment.load_tensorflow()
        from models.gradients.lag import LagSettings, examine_lag

        settings = LagSettings(**{**vars(recurrence), "kind": recurrence.kind.value})
        (layer,) = examine_lag(settings).layers
        with outputs.drafts(picture.parent) as draft:
            _draw(layer, settings, draft / picture.name)
        result = _summary(layer, settings, picture)
    show(result, as_json, _print)


def _check_picture(path: Path) -> None:
    if path.suffix not in PICTURES:
        raise ValueError(f"a picture ends in {', '.join(PICTURES)}, got {path.name!r}")
    if path.parent.exists() and not path.parent.is_dir():
        raise NotADirectoryError(f"{path.parent} is not a folder: choose another --out")


def _draw(layer: "LayerFlow", settings: "LagSettings", path: Path) -> None:
    from models.figures import gradient_flow

    bias = "" if settings.forget_bias is None else f", memory bias {settings.forget_bias:.3g}"
    scaled = "" if settings.scale == 1 else f", recurrent matrix x {settings.scale:g}"
    cell = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}[settings.kind]
    gradient_flow(layer, f"{cell}{bias}{scaled}").savefig(path)


def _summary(layer: "LayerFlow", settings: "LagSettings", path: Path) -> dict[str, Any]:
    from models.gradients import advise

    return {
        **settings.model_dump(exclude={"forget_bias"}),
        "verdict": layer.verdict.value,
        "finding": layer.finding,
        "advice": advise(layer),
        "ratio": layer.ratio if math.isfinite(layer.ratio) else None,
        "reach": layer.reach,
        "saturation": layer.saturation,
        "gates": {name: {"low": use.low, "high": use.high, "passes": use.passes} for name, use in layer.gates.items()},
        "forget_bias": settings.forget_bias,
        "picture": str(path.resolve()),
    }


def _print(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(result["finding"].capitalize() + ".", style="bold"), soft_wrap=True)
    for advice in result["advice"]:
        console.print(Text(f"- {advice}"), soft_wrap=True)
    shares = ", ".join(f"{name} {use['low'] + use['high']:.0%}" for name, use in result["gates"].items())
    console.print(Text(f"Saturated: {shares}. Picture: {result['picture']}"), soft_wrap=True)
