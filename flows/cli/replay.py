"""The command that runs a recorded run again, and compares."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.render import cache as render_cache
from flows.cli.runner import FAILED, AsJson, Debug, command, show

OTHER_HARDWARE = 3  # exit code: not the same bytes, but the same but for rounding, on another kind of processor


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(replay)


def replay(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="A finished retraining, or a stage run by itself.")],
    keep: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the replay and its own MLflow.")] = None,
    any_libraries: Annotated[bool, typer.Option("--any-libraries", help="Go on with others than the lock's.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Run a run again from its record and the raw data alone, and compare every artifact.

    Checks out its code, checks the installed libraries against its lock, and runs with an empty state folder and no
    cache; the original store is only read. The first element that differs is named. Exit code 0 when all is identical,
    1 when not, 3 when equal within tolerance on other hardware.

    Example: crisisflow replay 3d2e0fae326c4bc2ac83e6b902666ea0
    """
    with command(debug):
        from flows.operations import replay as stage

        result = stage.replay(run_id, keep, any_libraries)
    show(result, as_json, render_cache.replayed)
    raise typer.Exit(exit_code(result))


def exit_code(result: Mapping[str, Any]) -> int:
    """0 only when every artifact is identical; 3 where only rounding on other hardware differs, else 1."""
    from tasks.replay.verdicts import CLOSE

    if result["identical"]:
        return 0
    return OTHER_HARDWARE if result["verdict"] == CLOSE else FAILED
