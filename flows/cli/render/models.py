"""How results look on a terminal."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from flows.cli.render.inspection import print_brief
from flows.cli.render.labels import labels_used
from models.wording import counted, how_sure, score_names

ROWS_WITH_PACE = 1_000


def _console() -> Console:
    return Console(highlight=False)


def retrained(result: Mapping[str, Any]) -> None:
    """The data, the table of models, what became of the best, and where to look."""
    console = _console()
    data, test = result["data"], result["test"]
    console.print(
        f"Tweets: {data['read']:,} read = {data['kept']:,} kept + {data['quarantined']:,} quarantined. "
        f"Test split: {counted(test['rows'], 'row')}, {_classes_in_words(test, 'of them real disasters')}."
    )
    print_brief(console, result["inspection"])
    labels_used(result["labels"])
    console.print(models(result["models"], result["best"]))
    console.print(f"{how_sure(test['rows'])}.")
    steps = result["steps"]
    console.print(f"Chosen on validation: [bold]{result['best']}[/bold]; {result['choice']['sentence']}.")
    kinds_told(console, result["kinds"] or ())
    console.print(escape(f"{result['decision']}."))
    console.print(
        f"{counted(steps['run'], 'step')} computed, {steps['cached']:,} reused, {result['seconds']:.0f} s in all."
    )
    console.print(f"Run {result['run_id']} in {result['tracking_uri']}", soft_wrap=True)


def _classes_in_words(counts: Mapping[str, Any], of_two: str) -> str:
    """How many rows are of each class; of two, how many are positive, and then `of_two`.

    >>> _classes_in_words({"positives": 2}, "called real disasters")
    '2 called real disasters'
    >>> _classes_in_words({"classes": {"drill": 1, "storm": 3}}, "called real disasters")
    '1 drill, 3 storm'
    """
    if "classes" in counts:
        return ", ".join(f"{rows:,} {escape(name)}" for name, rows in counts["classes"].items())
    return f"{counts['positives']:,} {of_two}"


def kinds_told(console: Console, kinds: Sequence[Mapping[str, Any]]) -> None:
    """How well each kind of information is told, beside the baseline."""
    for each in kinds:
        low, high = each["difference_interval"]
        console.print(
            f"{each['name']}, {counted(len(each['classes']), 'class', 'classes')}: macro F1 {each['macro_f1']:.3f} "
            f"on {counted(each['rows'], 'held-out text')}; one-vs-rest TF-IDF + logistic regression "
            f"{each['baseline_macro_f1']:.3f} (difference {low:+z.3f} to {high:+z.3f})."
        )


def models(
    rows: Sequence[Mapping[str, Any]], best: str, title: str = "Models, on the held-out test tweets", key: str = "name"
) -> Table:
    """One line for each model; scores of the held-out test split. The best is known by its name, or another key."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("model", overflow="fold")  # a name that is cut names nothing
    f1 = score_names(several=bool(rows and rows[0].get("classes")))["f1"]
    for column in ("accuracy", f1, "ROC AUC", "log loss", "training"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        style = "bold" if row[key] == best else None
        scores = (_score(row[name]) for name in ("accuracy", "f1", "roc_auc", "log_loss"))
        table.add_row(row["name"], *scores, f"{row['train_seconds']:.1f} s", style=style)
    return table


def _score(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def ingested(result: Mapping[str, Any]) -> None:
    """The counts, and where the table and the report are."""
    console = _console()
    table = Table(show_header=False)
    for name, count in result["data"].items():
        table.add_row(name, f"{count:,}")
    console.print(table)
    print_brief(console, result["inspection"])
    console.print(f"Table:  {result['table']}\nReport: {result['report']}", soft_wrap=True)


def artifacts(result: Mapping[str, Any]) -> None:
    """What was made, and where it is."""
    table = Table("artifact", "where", title=f"Run {result['run_id']}", title_justify="left")
    for name, path in result["artifacts"].items():
        table.add_row(name, str(path))
    _console().print(table)


def embedded(result: Mapping[str, Any]) -> None:
    """Size, speed and scores of word vectors or of a language model: a line each, paths whole."""
    names = [name for name, value in result.items() if value is not None]
    width = max(map(len, names), default=0)
    for name in names:
        _console().print(Text(f"{name.replace('_', ' '):<{width}}  {_fact(result[name])}"), soft_wrap=True)


def _fact(value: Any) -> str:
    """A value as people write it.

    >>> _fact(11800.4), _fact(0.12345), _fact(["forward", "backward"])
    ('11,800', '0.1235', 'forward, backward')
    """
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else f"{value:,}" if type(value) is int else str(value)


def scored(result: Mapping[str, Any]) -> None:
    """How many rows, by which model, where to."""
    lost = f" {counted(result['quarantined'], 'row')} could not be scored: see {result['quarantine']}." * bool(
        result["quarantine"]
    )
    parts = f" in {counted(result['parts'], 'part')}" if "parts" in result else ""
    # Of a few rows the speed would be that of the start.
    pace = f", {result['tweets_per_second']:,.0f} a second" if result["rows"] >= ROWS_WITH_PACE else ""
    _console().print(
        f"{counted(result['rows'], 'row')} scored by {result['model']} (version {result['version']}){pace}: "
        f"{_classes_in_words(result, 'called real disasters')}."
        f"{lost} Written to {result['out']}{parts}",
        soft_wrap=True,
    )
    if said := doubted(result["in_doubt"]):
        _console().print(said, soft_wrap=True)
    if result["learned_from"]:
        _console().print(
            f"The model in use has learned from the texts of {counted(result['learned_from'], 'row')} (column "
            "learned_from): do not compute its accuracy from these.",
            soft_wrap=True,
        )


def doubted(counts: Mapping[str, Any]) -> str:
    """Which of the rows the model had no ground to judge; nothing where there is none.

    >>> doubted({"rows": 3, "unknown_script": {"Thai": 2}, "no_known_word": 1, "mostly_unknown_words": 0})
    'Do not rely on 3 rows (column doubt): 2 in Thai script, which the training data lack; 1 without a known word.'
    >>> doubted({"rows": 0})
    ''
    """
    if not counts["rows"]:
        return ""
    scripts = counts["unknown_script"].items()
    said = [f"{rows:,} in {script} script, which the training data lack" for script, rows in scripts]
    said += [f"{counts['no_known_word']:,} without a known word"] * bool(counts["no_known_word"])
    said += [f"{counts['mostly_unknown_words']:,} of mostly unknown words"] * bool(counts["mostly_unknown_words"])
    return f"Do not rely on {counted(counts['rows'], 'row')} (column doubt): {'; '.join(said)}."


def compared(result: Mapping[str, Any]) -> None:
    """A table of models for each data set, and where the page is."""
    console = _console()
    for data in result["data_sets"]:
        rows = [each for each in result["models"] if each["run_id"] in data["run_ids"]]
        console.print(models(rows, data["best_run_id"], data["title"], key="run_id"))
        console.print(f"{data['best']}: {data['choice']}.")
    if len(result["data_sets"]) > 1:
        console.print("Each table has test rows of its own: compare only models in one table.")
    console.print(f"Page: {result['page']}", soft_wrap=True)


def ranked_words(result: Mapping[str, Any]) -> None:
    """Words and their scores, the best first."""
    rows = result.get("neighbours") or result.get("answers") or []
    table = Table(title=Text(result.get("question") or result["word"]), title_justify="left")
    table.add_column("word")
    table.add_column("cosine" if "neighbours" in result else result["method"], justify="right")
    for row in rows:
        word, score = row.values()
        table.add_row(Text(word), f"{score:.3f}")
    _console().print(table)
    _print_source(result)


def facts(result: Mapping[str, Any]) -> None:
    """One line for each fact."""
    for name, value in result.items():
        shown = f"{value:.4f}" if isinstance(value, float) else ", ".join(value) if isinstance(value, list) else value
        _console().print(Text(f"{name.replace('_', ' ')}: {shown}"), soft_wrap=True)


def generated(result: Mapping[str, Any]) -> None:
    """The texts, one a line, and which model wrote them."""
    for text in result["texts"]:
        _console().print(Text(text), soft_wrap=True)
    if result["unknown"]:
        _console().print(Text(f"Unknown to the model: {', '.join(result['unknown'])}"), style="dim", soft_wrap=True)
    _console().print(Text(f"Written by {result['model']}"), style="dim", soft_wrap=True)


def senses(result: Mapping[str, Any]) -> None:
    """A row for each sense: its share, its probability in a context that was asked about, neighbours and an example."""
    table = Table(
        "sense", title=Text(f"{counted(len(result['senses']), 'sense')} of {result['word']}"), title_justify="left"
    )
    table.add_column("share", justify="right")
    if result["context"]:
        table.add_column("in the text", justify="right")
    table.add_column("neighbours")
    table.add_column("surest example")
    for sense in result["senses"]:
        told = [f"{sense['probability']:.0%}"] if result["context"] else []
        near = Text(", ".join(each["word"] for each in sense["neighbours"]))
        table.add_row(Text(sense["name"]), f"{sense['share']:.0%}", *told, near, Text("".join(sense["examples"][:1])))
    _console().print(table)
    _console().print(f"Map and tables: run {result['run_id']}", soft_wrap=True)


def evaluated_vectors(result: Mapping[str, Any]) -> None:
    """The score of each test, and how much of it could be asked."""
    table = Table("test", title="Word vectors on what people know of words", title_justify="left")
    for column in ("score", "covered", "coverage"):
        table.add_column(column, justify="right")
    similarity = result.get("similarity")
    if similarity:
        table.add_row("similarity (Spearman)", *_covered(similarity["spearman"], similarity, "pairs"))
    for name, section in result.get("analogy", {}).items():
        table.add_row(f"analogy {name}", *_covered(section["accuracy"], section, "questions"))
    _console().print(table)
    _print_source(result)


def _covered(score: float | None, counts: Mapping[str, Any], asked: str) -> tuple[str, str, str]:
    share = "-" if counts["coverage"] is None else f"{counts['coverage']:.1%}"
    return "-" if score is None else f"{score:.3f}", f"{counts['covered']:,} of {counts[asked]:,}", share


def _print_source(result: Mapping[str, Any]) -> None:
    _console().print(Text(f"Vectors: {result['vectors']}"), soft_wrap=True)
