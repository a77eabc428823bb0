"""The command that says why: one prediction, word by word."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from flows.cli import options
from flows.cli.options import Overwrite
from flows.cli.runner import AsJson, Debug, command, show

if TYPE_CHECKING:
    from models.inspection.explanation import Explanation

# The colours that every terminal has; blue is hard to read on black, cyan is not.
TOWARDS = ((0.66, "bold white on red"), (0.33, "bold red"), (0.0, "red"))
AWAY = ((0.66, "bold black on cyan"), (0.33, "bold cyan"), (0.0, "cyan"))
NOTHING = 0.1  # log-odds
BAR = 12  # characters
STRONGEST = 10
LEAVE_ONE_OUT = (
    "Each figure: by how much the log-odds fall when that word alone is left out. They need not add up to the whole: "
    "words that say the same cover for each other."
)


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(explain)


def explain(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A tweet, in quotes.")],
    keyword: Annotated[str | None, typer.Option(help="Its keyword, as tables of tweets have one.")] = None,
    model: options.Model = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write it as a page, too.")] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say why the best model calls a tweet a disaster or not: what each of its words adds.

    A word adds as much as the log-odds fall when it is left out. Words that say the same thing cover for each other.

    Example: crisisflow explain "Forest fire near La Ronge" --keyword wildfire
    """
    with command(debug):
        result = _explained(text, keyword, model, html, overwrite)
    show(result, as_json, _draw)


def _explained(text: str, keyword: str | None, model: str | None, html: Path | None, overwrite: bool) -> dict[str, Any]:
    """Load the model, explain, write the page; return what `--json` prints."""
    from tasks.packaging.mlflow_model import load_classifier
    from tasks.registry import CHAMPION_URI, choose
    from tasks.store.outputs import Outputs

    outputs = Outputs(overwrite=overwrite)
    if html is not None and not html.absolute().parent.is_dir():
        raise ValueError(f"there is no folder {html.absolute().parent} to write {html.name} in: make it first")
    if html is not None:
        outputs.check(html)
    chosen = choose(model or CHAMPION_URI)
    classifier = load_classifier(chosen.uri)
    from models.inspection.explanation import explain as explain_texts

    explanation = explain_texts(classifier, [text], [keyword])[0]
    if html is not None:
        from tasks.training.explanation_page import explanation_page

        name = f"{classifier.name}, {f'version {chosen.version}' if chosen.version else chosen.uri}"
        outputs.write_text(html, explanation_page(explanation, text, keyword, name, classifier.threshold))
    return _result(explanation, classifier.threshold, chosen.name, chosen.version, html)


def _result(
    explanation: "Explanation", threshold: float, model: str, version: str, html: Path | None
) -> dict[str, Any]:
    words = zip(explanation.tokens, explanation.contributions, explanation.known, strict=True)
    return {
        "model": model,
        "version": version,
        "probability": explanation.probability,
        "label": int(explanation.probability >= threshold),
        "threshold": threshold,
        "probability_of_nothing": explanation.probability_of_nothing,
        "tokens": [{"token": word, "log_odds": value, "known": known} for word, value, known in words],
        "unexplained": explanation.unexplained,
        "page": str(html.resolve()) if html else None,
    }


def _draw(result: Mapping[str, Any]) -> None:
    """The verdict, the words in colours, and the strongest of them with their figures."""
    console = Console(highlight=False)
    verdict = "a real disaster" if result["label"] else "no disaster"
    by = f"{result['model']}, version {result['version']}" if result["version"] else result["model"]
    console.print(
        Text.assemble(
            (verdict, "bold"),
            f": probability {result['probability']:.1%}, called one from {result['threshold']:.1%} on "
            f"({result['probability_of_nothing']:.1%} before a word is read). By {by}",
        ),
        soft_wrap=True,
    )
    tokens = result["tokens"]
    scale = max([1.0, *(abs(each["log_odds"]) for each in tokens)])
    line = Text()
    for each in tokens:
        line.append(each["token"], _style(each, scale)).append(" ")
    console.print(line)
    console.print(_strongest(tokens, scale))
    console.print(Text(LEAVE_ONE_OUT, "dim"))
    if unknown := [each["token"] for each in tokens if not each["known"]]:
        console.print(Text(f"Unknown to the model: {', '.join(dict.fromkeys(unknown))}"))
    if result["page"]:
        console.print(Text(f"Page: {result['page']}"), soft_wrap=True)


def _style(token: Mapping[str, Any], scale: float) -> Style:
    """Red towards a disaster, blue away from it, deeper for more; struck out when the model does not know the word."""
    value = token["log_odds"]
    depths = TOWARDS if value > 0 else AWAY
    colour = next(style for least, style in depths if abs(value) / scale >= least) if abs(value) >= NOTHING else "none"
    return Style.parse(colour) + Style(strike=not token["known"])


def _strongest(tokens: list[Mapping[str, Any]], scale: float) -> Table:
    table = Table("word", box=None, header_style="dim")
    table.add_column("away", justify="right")
    table.add_column("towards a disaster")
    table.add_column("log-odds", justify="right")
    for each in sorted(tokens, key=lambda token: -abs(token["log_odds"]))[:STRONGEST]:
        towards = each["log_odds"] > 0
        bar = Text("█" * max(1, round(BAR * abs(each["log_odds"]) / scale)), "red" if towards else "cyan")
        sides = ("", bar) if towards else (bar, "")
        table.add_row(Text(each["token"]), *sides, f"{each['log_odds']:+.2f}")
    return table
