"""The command that puts a model behind HTTP: serve."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import options
from flows.cli.runner import INTERRUPTED, Debug, command

if TYPE_CHECKING:
    from tasks.service import ServedModel


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(serve)


def serve(
    model: options.Model = None,
    host: Annotated[
        str, typer.Option(help="Address to listen at; others than this machine's own need --token-file.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, envvar="CRISISFLOW_SERVE_PORT", help="0 takes any free one.")
    ] = 8000,
    every: Annotated[float, typer.Option(min=0.1, help="Look every so many seconds who is champion.")] = 5.0,
    wait: Annotated[bool, typer.Option("--wait", help="Start without a champion; serve the first there is.")] = False,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Who may ask: a line for each, TOKEN NAME. Needed with --host."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Answer over HTTP whether tweets report a real disaster, by the champion; stop with Ctrl-C.

    A promotion is taken over by itself, without a failed request. The address opens a page: paste a tweet, drop a file
    of them, label, see the champion. Routes for programs: POST /predict, /explain, /files, GET /health, /version; /docs
    explains them.

    Example: crisisflow serve --port 8000
    """
    with command(debug):
        from flows.operations import serve as stage
        from tasks import registry

        request = stage.ServeRequest(
            model=model or registry.CHAMPION_URI,
            host=host,
            port=port,
            poll_seconds=every,
            wait=wait,
            token_file=token_file,
        )
        with suppress(KeyboardInterrupt):
            stage.serve(request, _announce)
        print("Stopped; every request that had begun is answered.")
        raise typer.Exit(INTERRUPTED)


def _announce(url: str, model: "ServedModel | None") -> None:
    from tasks.service import only_for_this_machine

    what = f"{model.model}, version {model.version or model.uri}" if model else "the first champion there will be"
    print(f"Serving {what}, at {url}   (Ctrl-C stops it)")
    print(f"Page: {url}/")
    print(f"""Ask:  curl {url}/predict -d '{{"text": "Forest fire near La Ronge"}}'""")
    print(f"Read: {url}/docs", flush=True)
    if not only_for_this_machine(url):
        typer.secho(
            f"WARNING: {url} is reached by other machines without encryption: anyone who listens can read the "
            "tokens. Put a proxy with TLS before it.",
            fg="red",
            bold=True,
            err=True,
        )
