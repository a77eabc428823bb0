"""How quarantined rows and lineage look on a terminal. What strangers wrote is shown, never obeyed."""

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.cli.render.terminal import printable
from models.wording import counted

DIGEST_CHARACTERS = 12  # enough to tell tables apart, and to name one


def _console() -> Console:
    return Console(highlight=False)


def quarantines(result: Mapping[str, Any]) -> None:
    """A paragraph for each table with quarantined rows."""
    console = _console()
    if not result["tables"]:
        console.print("No row is quarantined.")
    for each in result["tables"]:
        head = Text(each["table"][:DIGEST_CHARACTERS], style="bold")
        made = each["made"][:16].replace("T", " ")
        retried = f", retried from {each['retry_of'][:DIGEST_CHARACTERS]}" if each["retry_of"] else ""
        console.print(head, printable(f"{made}  {', '.join(each['files'])}{retried}"))
        rules = ", ".join(f"{rows:,} {rule}" for rule, rows in each["rules"].items())
        counts = f"{each['read']:,} read = {each['kept']:,} kept + {each['quarantined']:,} quarantined"
        console.print(f"  {counts}: {rules}", soft_wrap=True)


def quarantined(result: Mapping[str, Any]) -> None:
    """Rows with rule, reason and what stood there."""
    console = _console()
    table = Table("row", "rule and reason", "record", show_lines=True)
    for row in result["rows"]:
        place = Text(" row ").join([printable(row["source"]), Text(str(row["source_row"]))])
        why = Text("\n").join([Text(row["rule"], style="bold"), printable(row["reason"])])
        table.add_row(place, why, printable(json.dumps(row["record"], ensure_ascii=False)))
    console.print(table)
    console.print(f"{result['shown']:,} of {counted(result['of'], 'row')} of table {result['table']}.")
    if "out" in result:
        console.print(f"Written to {result['out']}: mend it, then", soft_wrap=True)
        console.print(f"  crisisflow quarantine retry {result['table'][:DIGEST_CHARACTERS]} --corrected FILE")


def retried(result: Mapping[str, Any]) -> None:
    """What came back, and where the new table is."""
    retry, data = result["retry"], result["data"]
    console = _console()
    console.print(f"{retry['returned']:,} of {counted(retry['retried'], 'quarantined row')} came back.")
    for rule, rows in retry["returned_by_rule"].items():
        console.print(f"  {rows:,} from {rule}")
    console.print(f"{data['read']:,} read = {data['kept']:,} kept + {data['quarantined']:,} quarantined.")
    console.print(f"Report: {result['report']}\nTrain:  crisisflow retrain --tweets {result['table']}", soft_wrap=True)


def lineage(result: Mapping[str, Any]) -> None:
    """The steps on the way, the models, and where the picture is."""
    console = _console()
    console.print(printable(result["asked"]), style="bold")
    for source in result["sources"]:
        for file in source["files"]:
            console.print(printable(f"  {file['sha256'][:DIGEST_CHARACTERS]}  {file['name']}, {file['bytes']:,} bytes"))
    for step in result["steps"]:
        console.print(printable(f"  {step['output'].rpartition('/')[2][:DIGEST_CHARACTERS]}  {step['step']}"))
    for model in result["models"]:
        versions = (
            " ".join([f"{each['name']}/{each['version']}", *(f"@{alias}" for alias in each["aliases"])])
            for each in model["registered"]
        )
        console.print(printable(f"Model {model['model']}: {', '.join(versions) or 'not registered'}"))
    if not result["models"]:
        console.print("No model came of it.")
    console.print(f"Picture: {result['page']}", soft_wrap=True)
