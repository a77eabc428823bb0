"""How the cache and replays look on a terminal."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.wording import counted

DIGEST_SHOWN = 12


def _console() -> Console:
    return Console(highlight=False)


def _when(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def records(result: Mapping[str, Any]) -> None:
    """One line for each record."""
    table = Table("step", "made", "last used", "size", "run", title="What can be reused", title_justify="left")
    for each in result["records"]:
        when = _when(each["made"]), _when(each["used"])
        table.add_row(escape(each["title"] or each["step"]), *when, _size(each["bytes"]), each["run_id"][:8])
    _console().print(table)


def explanations(result: Mapping[str, Any]) -> None:
    """What changed, for each title of the step."""
    console = _console()
    for each in result["records"]:
        console.print(f"[bold]{escape(each['title'])}[/bold], computed {_when(each['made'])} by run {each['run_id']}")
        if each["changed_since"]:
            console.print("  It would be computed again. Since then changed:")
            _changes(console, each["changed_since"])
        else:
            console.print("  Nothing has changed since: with the same inputs it is reused.")
        if each["previous_run_id"]:
            console.print(f"  It was computed because, since run {each['previous_run_id']}, there changed:")
            _changes(console, each["changed_before"])


def _changes(console: Console, changes: Sequence[Mapping[str, Any]]) -> None:
    for each in changes:
        console.print(f"    {each['part']} {escape(each['name'])}: {_short(each['old'])} -> {_short(each['new'])}")
        for sign, style, line in (("-", "red", each["old_line"]), ("+", "green", each["new_line"])):
            if line:
                console.print(f"      [{style}]{sign} {escape(line)}[/{style}]", soft_wrap=True)


def _short(value: Any) -> str:
    text = str(value)
    is_digest = len(text) == 32 and set(text) <= set("0123456789abcdef")
    return escape(text[:DIGEST_SHOWN] if is_digest else text)


def verified(result: Mapping[str, Any]) -> None:
    """How many artifacts are whole, and which are not."""
    console = _console()
    for each in result["damaged"]:
        console.print(f"[red]damaged[/red] {each['artifact']} {escape(each['step'])}: {escape(each['problem'])}")
    console.print(
        f"{counted(result['artifacts'], 'artifact')} read, {len(result['damaged'])} damaged or missing"
        + ("; the next run that needs them makes them again." if result["damaged"] else ".")
    )


def pruned(result: Mapping[str, Any]) -> None:
    """What was freed, or would be."""
    console = _console()
    table = Table("artifact", "size", "last used", title_justify="left")
    for each in result["freed"]:
        table.add_row(each["artifact"], _size(each["bytes"]), _when(each["used"]))
    if result["freed"]:
        console.print(table)
    verb = "would be freed" if result["dry_run"] else "freed"
    console.print(
        f"{counted(len(result['freed']), 'artifact')}, {_size(result['freed_bytes'])} {verb}; {result['kept']} needed."
    )


def replayed(result: Mapping[str, Any]) -> None:
    """Every artifact of both runs, the verdict, and where they part."""
    console = _console()
    table = Table("artifact", "recorded", "replayed", "", title=f"Run {result['run_id']}", title_justify="left")
    for each in result["artifacts"]:
        mark = "identical" if each["identical"] else "[red]different[/red]"
        table.add_row(escape(each["name"]), _digest(each["recorded"]), _digest(each["replayed"]), mark)
    console.print(table)
    count = len(result["artifacts"])
    same = sum(each["identical"] for each in result["artifacts"])
    console.print(
        f"[bold]{result['verdict'].capitalize()}[/bold]: {same} of {counted(count, 'artifact')} are the same content."
    )
    if not result["same_code"]:
        console.print("The code that was checked out is not the code that the run recorded.")
    if not result["same_hardware"]:
        console.print("The run was recorded on another kind of processor.")
    if result["divergence"]:
        _divergence(console, result["divergence"])


def _digest(artifact: str | None) -> str:
    return artifact.rpartition("/")[2][:DIGEST_SHOWN] if artifact else "-"


def _divergence(console: Console, found: Mapping[str, Any]) -> None:
    console.print(f"The first step that diverges: [bold]{escape(found['step'])}[/bold]")
    for name, (old, new) in found["settings"].items():
        console.print(f"  its setting {escape(name)}: {escape(str(old))} -> {escape(str(new))}", soft_wrap=True)
    if found["difference"]:
        where = " ".join(filter(None, (found["difference"][name] for name in ("file", "part", "element"))))
        values = (found["difference"][name] for name in ("recorded", "replayed"))
        console.print(f"  at {escape(where)}: {' -> '.join(map(escape, values))}", soft_wrap=True)
        if found["difference"]["largest"] is not None:
            console.print(f"  largest difference there: {found['difference']['largest']:.3g}")
