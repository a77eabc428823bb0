"""How a source was understood, on a terminal: whole for `inspect`, in a few lines for what ingests it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.cli.render.terminal import printable
from models.wording import counted

Summary = Mapping[str, Any]
MEANINGS = ("text", "label", "id", "keyword", "location")
LABEL_FLAGS = "--positive-label --negative-label"
FORM_FLAGS = {"delimited": "--delimiter --quoting --escape", "workbook": "--sheet"}
SHOWN_PASSED_OVER = 10
Fact = tuple[str, str, str]  # name, value, flags that change it


def inspected(result: Summary) -> None:
    """Everything that a look found."""
    from tasks.sources.wording import doubt_in_words

    console = Console(highlight=False)
    console.print(printable(_head(result)), style="bold", soft_wrap=True)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    grid.add_column(style="dim")
    for name, value, flags in _facts(result):
        grid.add_row(name, printable(value), flags)
    console.print(grid)
    if result.get("first_rows"):
        console.print(_rows(result["first_rows"]))
    for each in result.get("doubts", ()):
        console.print(Text("? ", style="yellow") + printable(doubt_in_words(each)))
    if result["refused"]:
        console.print(Text("ingest would refuse it: ", style="bold red") + printable(result["refused"]))


def _head(result: Summary) -> str:
    size = f"{result['bytes'] / 1e6:,.1f} MB" if result["bytes"] >= 1e5 else f"{result['bytes']:,} bytes"
    head = f"{result['source']}: {result['kind']}"
    if result["refused"] or "rows" not in result:
        return f"{head}, {size}"
    rows = counted(result["rows"], "document" if result["kind"] == "corpus" else "row")
    return f"{head}, {rows}{'' if result['complete'] else ' in its beginning'}, {size}"


def _facts(result: Summary) -> Iterator[Fact]:
    """One line each, in the order in which a reader decides."""
    from tasks.sources.wording import SHOWN_COLUMNS, has_columns, labels_in_words, shapes_in_words, shortened

    yield from _forms(result["files"])
    if "rows" not in result:
        yield from _word_facts(result)
        return
    if shapes := shapes_in_words(result):
        yield "shapes", shapes, ""
    if not result["complete"]:
        yield "read", f"{result['rows_read']:,} of its rows; the rest was neither read nor counted", ""
    elif result["rows_read"] < result["rows"]:
        yield "read", f"the first {counted(result['rows_read'], 'row')}; the others were counted", ""
    if any(file["format"] == "delimited" for file in result["files"]):
        yield "header", "the first line" if result["header"] else "none: columns are numbered", "--no-header"
    if has_columns(result):
        for meaning in MEANINGS if result["kind"] == "tweets" else ("text", "id"):
            name = result["columns"].get(meaning)
            yield meaning, f"column {name}" if name else "no column", f"--{meaning}-column"
        if result["columns_left"]:
            yield "left", shortened(result["columns_left"], SHOWN_COLUMNS), ""
    if result["kind"] == "tweets":
        if result["labels"]:
            yield "labels", labels_in_words(result["labels"]), LABEL_FLAGS
        if result["id_form"] and result["rows_read"]:
            yield "ids", result["id_form"], "--id-column --no-ids"
    yield from _passed_over(result["passed_over"])


def _passed_over(files: Mapping[str, str]) -> Iterator[Fact]:
    for name, reason in list(files.items())[:SHOWN_PASSED_OVER]:
        yield "passed over", f"{name}: {reason}", ""
    if (more := len(files) - SHOWN_PASSED_OVER) > 0:
        yield "", f"and {counted(more, 'more file')}; --json names them", ""


def _forms(files: Sequence[Summary]) -> Iterator[Fact]:
    """Format and encoding; files of one form together."""
    from tasks.sources.wording import SHOWN_FILES, encoding_in_words, form_in_words, shortened

    forms: dict[Fact, list[str]] = {}
    for file in files:
        form = (form_in_words(file), encoding_in_words(file), FORM_FLAGS.get(file["format"], ""))
        forms.setdefault(form, []).append(file["name"])
    for (form_, encoding, flags), names in forms.items():
        if len(files) > 1:
            yield "files", f"{len(names):,}: {shortened(names, SHOWN_FILES)}", ""
        yield "format", form_, flags
        if encoding:
            yield "encoding", encoding, "--encoding"


def _word_facts(result: Summary) -> Iterator[Fact]:
    """What a file of word vectors, pairs or analogies holds."""
    for name in ("words", "dimensions", "pairs", "questions", "sections"):
        if result.get(name) is not None:
            yield name, f"{result[name]:,}", ""
    if result.get("first_pairs"):
        yield "first pairs", "; ".join(result["first_pairs"]), ""
    yield "used by", f"the option {result['used_by']} of other commands; neither tweets nor a corpus", ""


def _rows(rows: Sequence[Summary]) -> Table:
    """The first rows as understood, or as they stand where no column of text was found."""
    table = Table(title="First rows as understood", title_justify="left")
    hidden = {"malformed", *(["source"] if len({row.get("source") for row in rows}) == 1 else [])}
    places = [name for name in rows[0] if name not in hidden and any(row.get(name) for row in rows)]
    for name in places:
        table.add_column(printable({"source_row": "row", "source": "file"}.get(name, name)), overflow="fold")
    for row in rows:
        cells = ["" if row.get(name) is None else row[name] for name in places]
        if row.get("malformed"):
            cells[-1] = row["malformed"]
        table.add_row(*map(printable, cells))
    return table


def print_brief(console: Console, summary: Summary | None) -> None:
    """The same in three to six lines, for what has ingested the source; nothing where it was not read again."""
    from tasks.sources.wording import in_brief

    for name, value in in_brief(summary) if summary else ():
        console.print(Text(f"{name}: ", style="bold") + printable(value), soft_wrap=True)
