"""Options in groups reach the command as one value, and the user as options of their own."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from flows.cli.grouping import grouped


@dataclass(frozen=True)
class Size:
    """Two options that belong together."""

    width: Annotated[int, typer.Option(help="From left to right.")] = 1
    names: Annotated[list[str] | None, typer.Option("--name")] = None


@dataclass(frozen=True)
class Clash:
    """One option that another group has too."""

    width: int = 2


def run(*arguments: str) -> str:
    app = typer.Typer()

    @app.command()
    @grouped
    def draw(source: Annotated[str, typer.Argument()], size: Size, seed: int = 7) -> None:
        """Draw something."""
        typer.echo(f"{source} {size} {seed}")

    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def test_a_group_is_filled_from_its_own_options() -> None:
    assert (
        run("a.csv", "--width", "3", "--name", "x", "--name", "y").strip() == "a.csv Size(width=3, names=['x', 'y']) 7"
    )


def test_what_is_not_given_has_the_default_of_its_field() -> None:
    assert run("a.csv", "--seed", "9").strip() == "a.csv Size(width=1, names=None) 9"


def test_help_shows_the_options_of_a_group() -> None:
    shown = run("--help")
    assert "From left to right." in shown
    assert "--size" not in shown


def test_two_options_of_one_name_are_refused() -> None:
    def draw(size: Size, clash: Clash) -> None:
        """Draw something."""

    with pytest.raises(TypeError, match="two parameters called width"):
        grouped(draw)
