"""What every command does around its work: environment, servers, progress, errors, exit codes, output."""

import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from prefect import Flow

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
OWN_PACKAGES = ("flows", "tasks", "models")
SEE_WHERE = "Run the command again with --debug to see where."
CORRECT = "Correct what the error names, and run the command again."

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")]


@contextmanager
def command(debug: bool, state: Literal["open", "closed", "none"] = "open", upgrade: bool = False) -> Iterator[None]:
    """The command's work: an error becomes one paragraph and an exit code, Ctrl-C and SIGTERM end it in order.

    `state` is closed for what repairs or fills the state folder, and looks at it itself, and none for what needs no
    state: such a command leaves no file. `upgrade` brings tables of an older version in a team's database up to date.
    """
    from tasks.runtime import environment, errors, signals
    from tasks.runtime.progress import on_screen

    signals.stop_on_terminate()
    _log_to_stderr(debug)
    try:
        with on_screen(), environment.temporary_home() if state == "none" else nullcontext():
            if state == "open":
                _open_state_folder(upgrade)
            yield
    except KeyboardInterrupt:
        _fail_in_json("stopped", "interrupted", errors.GOES_ON)
        _say(f"Stopped. {errors.GOES_ON}")
        raise typer.Exit(INTERRUPTED) from None
    except typer.Exit:
        raise
    except BaseException as error:
        raise typer.Exit(_explain(error, debug)) from None


def _explain(error: BaseException, debug: bool) -> int:
    """Say what went wrong, as one object too where that was asked for; the exit code."""
    from tasks.runtime import errors

    if debug:
        _say(traceback.format_exc())
    if (words := errors.in_words(error)) is not None:
        _fail_in_json(words, "machine", errors.GOES_ON)
        _say(f"{words}. {errors.GOES_ON}", "Error")
        return FAILED
    bad_input = isinstance(error, (*errors.BAD_INPUT, typer.BadParameter))
    said = f"{_begin(error, bad_input)}{error}"
    said = "; ".join([said, *getattr(error, "__notes__", ())])
    _fail_in_json(said, "input" if bad_input else "internal", CORRECT if bad_input else SEE_WHERE)
    _say(said, "Error")
    if not bad_input and not debug:
        _say(SEE_WHERE)
    return BAD_INPUT if bad_input else FAILED


def _begin(error: BaseException, bad_input: bool) -> str:
    """What stands in front of an error's own words: the option that it is about, or what kind of error it is."""
    if isinstance(error, typer.BadParameter):
        return f"{error.param_hint}: " if error.param_hint else ""
    return "" if bad_input else f"{type(error).__name__}: "


def _fail_in_json(error: str, kind: str, remedy: str) -> None:
    """Print the failure as one object on stdout, where the command was given --json."""
    from tasks.runtime.redaction import mask_secrets

    if "--json" in sys.argv[1:]:  # the context of the command is private to typer
        print(json.dumps({"error": mask_secrets(error), "kind": kind, "remedy": remedy}))


def _open_state_folder(upgrade: bool) -> None:
    """Bring the state folder to the present layout, and check the team's database if it has joined one.

    Raises ValueError, before anything starts, if one of them cannot be used.
    """
    from tasks import database
    from tasks.runtime import environment, running

    environment.prepare_environment()
    running.refuse_moved()
    database.join(upgrade)


@contextmanager
def orchestration(*needed: str | None) -> Iterator[None]:
    """Prefect's server for the block, before anything imports Prefect; first, that there is room on the disk
    and that the named local sources exist.
    """
    from tasks.scheduling import prefect_server

    _look_at_disk_and_sources(needed)
    with prefect_server.prefect_server():
        yield


@contextmanager
def orchestration_if_running(
    *needed: str | None,
) -> Iterator[Callable[["Flow[[Any], dict[str, Any]]", Any], dict[str, Any]]]:
    """As `orchestration`, for flows of one task (`flows.direct`): yields what runs such a flow of a request.

    Where no server is named or runs, none is started, which would take longer than the work: MLflow has the record.
    """
    from tasks.scheduling import prefect_server

    _look_at_disk_and_sources(needed)
    if not prefect_server.is_at_hand():
        yield lambda flow, request: flow.fn(request)
        return
    with prefect_server.prefect_server():
        yield lambda flow, request: flow(request)


def _look_at_disk_and_sources(needed: tuple[str | None, ...]) -> None:
    from tasks import sources
    from tasks.runtime import state_folder

    state_folder.check_free_space()
    for source in needed:
        if source is not None:
            sources.check_source(source)


def _log_to_stderr(everything: bool) -> None:
    """Warnings of our own code; those of libraries only on demand, since Prefect reports every error once more."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    if not everything:
        handler.addFilter(lambda record: record.name.startswith(OWN_PACKAGES))
    module = " %(name)s" if everything else ""  # of use only to those who look for a fault
    handler.setFormatter(_Masking(f"%(levelname)s{module}: %(message)s"))
    logging.basicConfig(handlers=[handler])


class _Masking(logging.Formatter):
    """Log lines without the secrets of the addresses in them."""

    def format(self, record: logging.LogRecord) -> str:
        from tasks.runtime.redaction import mask_secrets

        return mask_secrets(super().format(record))


def _say(message: str, head: str = "") -> None:
    from rich.console import Console
    from rich.text import Text

    from flows.cli.render.terminal import visible
    from tasks.runtime.redaction import mask_secrets

    text = Text(visible(mask_secrets(message), keep="\n"))
    Console(stderr=True).print(Text(f"{head}: ", style="bold red") + text if head else text, soft_wrap=True)


def show(result: dict[str, Any], as_json: bool, render: Callable[[dict[str, Any]], None]) -> None:
    """Print a command's result: as JSON, or as its `render` draws it."""
    if as_json:
        print(json.dumps(result, default=str))
    else:
        render(result)
