"""The commands over what was kept: cache list, explain, verify, prune."""

from typing import Annotated

import typer

from flows.cli.render import cache as render_cache
from flows.cli.runner import FAILED, AsJson, Debug, command, show

cache = typer.Typer(no_args_is_help=True, help="What steps left to be reused: list, explain, verify and prune it.")


def register(app: typer.Typer) -> None:
    """Add this group of commands to the application."""
    app.add_typer(cache, name="cache")


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
    """Delete artifacts that were not used for so long and that nothing needs.

    Needed is what a registered model was made of, what a run tagged `keep` or a younger run has made or read, and what
    that was made of in turn. Raw snapshots are needed by every run that was not deleted in MLflow.

    Example: crisisflow cache prune --older-than 30d --dry-run
    """
    with command(debug):
        from tasks.lineage import retention
        from tasks.runtime.durations import parse_duration

        result = retention.prune(parse_duration(older_than), dry_run)
    show(result, as_json, render_cache.pruned)
