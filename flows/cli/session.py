"""What every command does around its work: environment, servers, progress, errors, exit codes, output."""

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")]


@contextmanager
def command(debug: bool, orchestrated: bool = True) -> Iterator[None]:
    """The block is the command's work. Errors become one paragraph and an exit code; Ctrl-C and SIGTERM end in order.

    `orchestrated` brings up Prefect's server, before anything imports Prefect.
    """
    from tasks import environment, servers
    from tasks.progress import on_screen

    environment.prepare_environment()
    environment.stop_on_terminate()
    _log_to_stderr()
    try:
        with on_screen():
            if orchestrated:
                with servers.prefect_server():
                    yield
            else:
                yield
    except KeyboardInterrupt:
        _say("Stopped. Finished steps are kept: the same command goes on from there.")
        raise typer.Exit(INTERRUPTED) from None
    except typer.Exit:
        raise
    except BaseException as error:
        if debug:
            traceback.print_exc()
        bad_input = isinstance(error, (ValueError, FileNotFoundError, IsADirectoryError, PermissionError))
        _say(f"{'' if bad_input else type(error).__name__ + ': '}{error}", "Error")
        if not bad_input and not debug:
            _say("Run the command again with --debug to see where.")
        raise typer.Exit(BAD_INPUT if bad_input else FAILED) from None


def _log_to_stderr() -> None:
    """Warnings of our own code and of libraries; Prefect reports every error too, which is ours to say."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.addFilter(lambda record: not record.name.startswith("prefect"))
    logging.basicConfig(handlers=[handler], format="%(levelname)s %(name)s: %(message)s")


def _say(message: str, head: str = "") -> None:
    from rich.console import Console
    from rich.text import Text

    text = Text(message)
    Console(stderr=True).print(Text(f"{head}: ", style="bold red") + text if head else text)


def show(result: dict[str, Any], as_json: bool, render: Callable[[dict[str, Any]], None]) -> None:
    """Print a command's result: as JSON, or as its `render` draws it."""
    if as_json:
        print(json.dumps(result, default=str))
    else:
        render(result)
