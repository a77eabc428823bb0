"""The commands that say who is told what: notify add, list, test, send, remove."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console

from flows.cli.runner import FAILED, AsJson, Debug, command, show
from models.wording import counted

NAME = typer.Argument(metavar="NAME", help="Name of a receiver.")


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    notify = typer.Typer(
        no_args_is_help=True, help="Tell people what happened. Nothing goes but to receivers named here."
    )
    notify.command("add")(add)
    notify.command("list")(list_receivers)
    notify.command("test")(try_receiver)
    notify.command("send")(send)
    notify.command("remove")(remove)
    app.add_typer(notify, name="notify")


def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address as apprise has it; ${NAME} stands for a secret.")],
    on: Annotated[
        list[str] | None,
        typer.Option(help="promotion, refusal, failure, overdue, drift, disk or weekly. Default: all."),
    ] = None,
    name: Annotated[str, typer.Option(help="What to call the receiver.")] = "receiver",
    with_text: Annotated[bool, typer.Option("--with-text", help="Send the text of tweets too.")] = False,
    quiet: Annotated[str, typer.Option(metavar="HH:MM-HH:MM", help="Hours in which nothing is sent.")] = "",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Tell a receiver of what happens: a webhook (json://), a mailbox (mailto://), or any other that apprise knows.

    Passwords and tokens are never written down: set them as environment variables wherever crisisflow runs.

    Example: crisisflow notify add 'mailtos://${MAIL_USER}:${MAIL_PASSWORD}@example.org' --on failure --on drift
    """
    with command(debug):
        from tasks import notifications

        receiver = notifications.Receiver(name, url, tuple(on or notifications.EVENTS), with_text, quiet)
        notifications.add(receiver)
    show(receiver.shown(), as_json, lambda told: print(f"{told['name']} is told of {', '.join(told['events'])}."))


def list_receivers(as_json: AsJson = False, debug: Debug = False) -> None:
    """List the receivers, what each is told, and what waits to be sent.

    Example: crisisflow notify list
    """
    with command(debug):
        from tasks import notifications

        state = notifications.status()
        found = [each.shown() | state[each.name] for each in notifications.receivers()]
    show({"receivers": found}, as_json, _listed)


def try_receiver(name: Annotated[str, NAME], as_json: AsJson = False, debug: Debug = False) -> None:
    """Send a test message to a receiver. Exit code 1 if it is not taken.

    Example: crisisflow notify test receiver
    """
    with command(debug):
        from tasks import notifications

        error = notifications.send_test(notifications.find(name))
    show({"name": name, "taken": not error, "error": error}, as_json, _tested)
    if error:
        raise typer.Exit(FAILED)


def send(as_json: AsJson = False, debug: Debug = False) -> None:
    """Send now what waits. `crisisflow up` does so by itself, and so does whatever has something to tell.

    Example: crisisflow notify send
    """
    with command(debug):
        from tasks import notifications

        result = notifications.deliver()
    show(result, as_json, lambda told: print(f"{counted(told['sent'], 'message')} sent, {told['waiting']} waiting."))


def remove(name: Annotated[str, NAME], as_json: AsJson = False, debug: Debug = False) -> None:
    """Tell a receiver nothing more; what waits for it is dropped.

    Example: crisisflow notify remove receiver
    """
    with command(debug):
        from tasks import notifications

        dropped = notifications.status().get(name, {}).get("waiting", 0)
        gone = notifications.remove(name)
        notifications.deliver()
    result = {"name": gone.name, "dropped": dropped}
    show(
        result,
        as_json,
        lambda told: print(f"{told['name']} is removed; {counted(told['dropped'], 'waiting message')} dropped."),
    )


def _listed(result: Mapping[str, Any]) -> None:
    console = Console(highlight=False, markup=False)
    if not result["receivers"]:
        console.print("There are no receivers. Add one with: crisisflow notify add URL")
    for each in result["receivers"]:
        text = ", with the text of tweets" if each["with_text"] else ""
        quiet = f", quiet {each['quiet']}" if each["quiet"] else ""
        console.print(f"{each['name']}: {each['url']} on {', '.join(each['events'])}{text}{quiet}", soft_wrap=True)
        error = f"; last: {each['error']}" if each["error"] else ""
        console.print(f"  {each['sent']} sent, {each['waiting']} waiting{error}", soft_wrap=True)


def _tested(result: Mapping[str, Any]) -> None:
    print(f"{result['name']}: {'taken' if result['taken'] else 'not taken: ' + result['error']}")
