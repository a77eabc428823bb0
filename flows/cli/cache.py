"""The commands over what was kept: cache list, explain, verify, prune; and replay, which needs none of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.render import cache as render_cache
from flows.cli.runner import FAILED, AsJson, Debug, command, show

OTHER_HARDWARE = 3  # exit code: not the same bytes, but the same but for rounding, on another kind of processor

cache = typer.Typer(no_args_is_help=True, help="What steps left to be reused: list, explain, verify and prune it.")


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.add_typer(cache, name="cache")
    app.command()(replay)


@cache.command(name="list")
def list_records(as_json: AsJson = False, debug: Debug = False) -> None:
    """List what can be reused: step, when it was made and last used, size, the run that made it.

    Example: crisisflow cache list
    """
    with command(debug):
        from tasks.caching.inventory import entries

        result = {"records": entries()}
    show(result, as_json, render_cache.records)


@cache.command()
def explain(
    step: Annotated[str, typer.Argument(help="A step's function (train_network) or title ('train lstm/cbow').")],
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say which part of a step's key has changed, old and new: input, line of code, library, machine, variable.

    First what changed since the step was last computed, so that it would be computed again; then what had changed
    when it was, against the time before.

    Example: crisisflow cache explain count_words
    """
    with command(debug):
        from tasks.caching import explain as caching_explain

        result = {"step": step, "records": caching_explain.explain(step)}
    show(result, as_json, render_cache.explanations)


@cache.command()
def verify(as_json: AsJson = False, debug: Debug = False) -> None:
    """Read every stored file again and compare it with what was written.

    What is damaged or missing is computed again by the next run that needs it. Exit code 1 when there is any.

    Example: crisisflow cache verify
    """
    with command(debug):
        from tasks.caching import inventory

        damaged = inventory.damages()
        result = {"artifacts": len(inventory.stored_artifacts()), "damaged": damaged}
    show(result, as_json, render_cache.verified)
    if damaged:
        raise typer.Exit(FAILED)


@cache.command()
def prune(
    older_than: Annotated[str, typer.Option(metavar="AGE", help="Unused for so long: 12h, 30d, 8w.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be freed.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Delete what was not used for so long and what nobody needs.

    Needed is what a registered model was made of, what a run tagged `keep` or a younger run has made or read, and what
    that was made of in turn. Raw snapshots are needed by every run that was not deleted in MLflow.

    Example: crisisflow cache prune --older-than 30d --dry-run
    """
    with command(debug):
        from tasks.lineage import retention

        result = retention.prune(retention.parse_age(older_than), dry_run)
    show(result, as_json, render_cache.pruned)


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
