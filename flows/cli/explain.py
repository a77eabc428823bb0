"""The command that says why: one prediction, word by word."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from flows.cli import options
from flows.cli.grouping import grouped
from flows.cli.options import Overwrite
from flows.cli.runner import AsJson, Debug, command, show

if TYPE_CHECKING:
    from models.inspection.explanation import Explanation, Reasons

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
    app.command()(grouped(explain))


@dataclass(frozen=True)
class Explained:
    """What of the answer is explained, where the model tells several classes apart."""

    class_name: Annotated[
        str | None,
        typer.Option("--class", metavar="NAME", help="Of a label of several classes, or of --kind: explain this one."),
    ] = None
    kind: Annotated[
        str | None, typer.Option(metavar="NAME", help="Explain this kind of information instead of the label.")
    ] = None


def explain(
    *,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A tweet, in quotes.")],
    keyword: Annotated[str | None, typer.Option(help="Its keyword, as tables of tweets have one.")] = None,
    model: options.Model = None,
    explained: Explained,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write it as a page, too.")] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say why the best model calls a tweet a disaster or not: what each of its words adds.

    A word adds as much as the log-odds fall when it is left out. Words that say the same thing cover for each other.

    Of a label of several classes the likeliest is explained, or that of --class; with --kind, a class of a kind of
    information.

    Example: crisisflow explain "Forest fire near La Ronge" --keyword wildfire
    """
    with command(debug):
        from tasks.store.outputs import Outputs

        outputs = Outputs(overwrite=overwrite)
        if html is not None and not html.absolute().parent.is_dir():
            raise ValueError(f"there is no folder {html.absolute().parent} to write {html.name} in: make it first")
        if html is not None:
            outputs.check(html)
        result, page = _explained(text, keyword, model, explained)
        if html is not None:
            outputs.write_text(html, page())
        result["page"] = str(html.resolve()) if html else None
    show(result, as_json, _draw)


def _explained(
    text: str, keyword: str | None, model: str | None, wanted: Explained
) -> tuple[dict[str, Any], Callable[[], str]]:
    """Load the model and explain; what `--json` prints, and what makes the page."""
    from tasks.packaging.mlflow_model import load_classifier
    from tasks.registry import CHAMPION_URI, choose

    chosen = choose(model or CHAMPION_URI)
    classifier = load_classifier(chosen.uri)
    from models.inspection.explanation import explain_classes
    from tasks.training.explanation_page import ExplainedClass, explanation_page

    reasons = explain_classes(classifier, [text], [keyword])[0]
    of_label, names = reasons.label, tuple(getattr(classifier, "classes", ()))
    if wanted.kind is not None:
        of_label, names = _of_kind(classifier, reasons, wanted.kind)
    explanation, called = _chosen(of_label, names, wanted.class_name)
    classes = {name: each.probability for name, each in zip(names, of_label, strict=True)} if names else {}
    threshold = None if names else classifier.threshold
    by = {"model": chosen.name, "version": chosen.version}
    result = by | _result(explanation, threshold, ({"kind": wanted.kind} if wanted.kind else {}), called, classes)
    name = f"{classifier.name}, {f'version {chosen.version}' if chosen.version else chosen.uri}"
    of_class = ExplainedClass(called, classes, wanted.kind or "") if names else None
    return result, lambda: explanation_page(explanation, text, keyword, name, threshold, of_class)


def _of_kind(classifier: Any, reasons: "Reasons", kind: str) -> tuple[tuple["Explanation", ...], tuple[str, ...]]:
    """The explanations of the classes of a kind, and their names. Raises ValueError for a kind that is not told."""
    known = {each.name: each.classes for each in getattr(classifier, "kinds", ())}
    if kind not in known:
        told = f"it tells {', '.join(known)}" if known else "it tells none: `crisisflow retrain --kinds` makes one"
        raise ValueError(f"the model does not tell the kind {kind!r}: {told}")
    return reasons.kinds[kind], known[kind]


def _chosen(explained: Sequence["Explanation"], names: Sequence[str], wanted: str | None) -> tuple["Explanation", str]:
    """The explanation of the class of this name, or of the likeliest, and the name. Raises ValueError for none."""
    if wanted is None:
        place = max(range(len(explained)), key=lambda each: explained[each].probability)
        return explained[place], names[place] if names else ""
    if not names:
        raise ValueError("--class names one of several classes: this model's label has two, disaster and no disaster")
    if wanted not in names:
        raise ValueError(f"there is no class {wanted!r}: there are {', '.join(names)}")
    return explained[names.index(wanted)], wanted


def _result(
    explanation: "Explanation",
    threshold: float | None,
    about: Mapping[str, str],
    name: str,
    classes: Mapping[str, float],
) -> dict[str, Any]:
    """What `--json` prints of the explained class, or of a disaster, which has a threshold."""
    words = zip(explanation.tokens, explanation.contributions, explanation.known, strict=True)
    if threshold is None:
        label = max(classes, key=lambda each: classes[each])
        said = {**about, "probability": classes[label], "label": label, "classes": dict(classes), "explained": name}
    else:
        said = {"probability": explanation.probability, "label": int(explanation.probability >= threshold)}
        said |= {"threshold": threshold}
    return {
        **said,
        "probability_of_nothing": explanation.probability_of_nothing,
        "tokens": [{"token": word, "log_odds": value, "known": known} for word, value, known in words],
        "unexplained": explanation.unexplained,
    }


def _verdict(result: Mapping[str, Any]) -> Text:
    """What the model says, in a sentence or two."""
    by = f"{result['model']}, version {result['version']}" if result["version"] else result["model"]
    before = f"({result['probability_of_nothing']:.1%} before a word is read). By {by}"
    if "classes" not in result:
        verdict = "a real disaster" if result["label"] else "no disaster"
        called = f": probability {result['probability']:.1%}, called one from {result['threshold']:.1%} on {before}"
        return Text.assemble((verdict, "bold"), called)
    others = ", ".join(f"{name} {share:.1%}" for name, share in result["classes"].items())
    kind = f"{result['kind']}: " if "kind" in result else ""
    explained = f"Explained is {result['explained']} {before}"
    return Text.assemble(kind, (result["label"], "bold"), f", the likeliest of {others}. {explained}")


def _draw(result: Mapping[str, Any]) -> None:
    """The verdict, the words in colours, and the strongest of them with their figures."""
    console = Console(highlight=False)
    console.print(_verdict(result), soft_wrap=True)
    tokens = result["tokens"]
    scale = max([1.0, *(abs(each["log_odds"]) for each in tokens)])
    line = Text()
    for each in tokens:
        line.append(each["token"], _style(each, scale)).append(" ")
    console.print(line)
    console.print(_strongest(tokens, scale, result.get("explained", "a disaster")))
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


def _strongest(tokens: list[Mapping[str, Any]], scale: float, of: str) -> Table:
    table = Table("word", box=None, header_style="dim")
    table.add_column("away", justify="right")
    table.add_column(Text(f"towards {of}"))
    table.add_column("log-odds", justify="right")
    for each in sorted(tokens, key=lambda token: -abs(token["log_odds"]))[:STRONGEST]:
        towards = each["log_odds"] > 0
        bar = Text("█" * max(1, round(BAR * abs(each["log_odds"]) / scale)), "red" if towards else "cyan")
        sides = ("", bar) if towards else (bar, "")
        table.add_row(Text(each["token"]), *sides, f"{each['log_odds']:+z.2f}")
    return table
