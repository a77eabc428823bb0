"""The commands that exchange labels as files: label export, label import."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import options
from flows.cli.grouping import grouped
from flows.cli.render import labels
from flows.cli.runner import AsJson, Debug, command, show


class Tool(StrEnum):
    """Whose JSON a file holds."""

    label_studio = "label-studio"
    argilla = "argilla"


def register(label: typer.Typer) -> None:
    """Add these commands to `label`."""
    label.command("export")(grouped(export_labels))
    label.command("import")(grouped(import_labels))


def export_labels(
    *,
    out: Annotated[Path, typer.Argument(metavar="FILE", help="File to write: .csv, .jsonl or .parquet; or .json.")],
    tool: Annotated[Tool | None, typer.Option("--as", help="Write the JSON of this annotation tool.")] = None,
    queue: Annotated[bool, typer.Option("--queue", help="Write what is still to be labelled, instead.")] = False,
    raw_csv: options.RawCsv = False,
    overwrite: options.Overwrite = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write the labels that stand, one row for each annotator and tweet, or the open queue, for another tool.

    Rows say who labelled, when, why they were asked and by which model's queue. In Label Studio and Argilla call the
    text `text`, the question `label`, and its choices 1 and 0, or the names of the classes: what comes back is imported
    with everything that went out.

    Example: crisisflow label export --queue --as label-studio tasks.json
    """
    with command(debug):
        from tasks.labels import files, records
        from tasks.labels.queue import open_questions
        from tasks.labels.store import labels_in_force
        from tasks.store.outputs import Outputs

        outputs = Outputs(overwrite=overwrite)
        form = tool.value if tool else None
        files.check_name(out, form)
        outputs.check(out)
        rows = records.question_rows(open_questions("")) if queue else records.label_rows(labels_in_force())
        files.write_labels(rows, out, form, outputs, raw_csv)
        result = {"rows": len(rows), "queue": queue, "out": str(out.absolute())}
    show(result, as_json, labels.exported)


def import_labels(
    *,
    source: Annotated[str, typer.Argument(metavar="FILE", help="CSV, JSON lines, JSON of Label Studio or Argilla.")],
    annotator: Annotated[
        str, typer.Option("--as", metavar="NAME", help="Who labelled, where the file does not say.")
    ] = "",
    random_sample: Annotated[
        bool,
        typer.Option(
            "--random-sample", help="The tweets were drawn at random: their labels may enter validation and test."
        ),
    ] = False,
    table: options.LabelledTable,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Keep the labels of a file; those that are known already are not kept twice.

    Columns annotator, time, asked and model are read where there are any. What the queue asked about keeps the reason
    for which it did. Rows without a label or a text are counted and left out. Of a label of several classes the labels
    are the names that the queue gave to choose from; other words are named by --label-class.

    Example: crisisflow label import annotated.json
    """
    with command(debug):
        from tasks import sources
        from tasks.labels.files import import_labels as keep
        from tasks.labels.queue import asked_classes
        from tasks.labels.records import LabelReader, label_words

        sources.check_source(source)
        columns = table.column_map()
        origin = f"import of {Path(source).name}"
        words = label_words(columns, asked_classes())
        reader = LabelReader(words, origin, annotator, "random" if random_sample else "own")
        result = keep(source, columns, table.encoding, reader)
    show(result, as_json, labels.imported)
