"""The command that scores tweets."""

from dataclasses import dataclass
from typing import Annotated

import typer

from flows.cli import options
from flows.cli.grouping import grouped
from flows.cli.render import models
from flows.cli.runner import AsJson, Debug, command, orchestration_if_running, show

Out = Annotated[
    str,
    typer.Option(metavar="PATH", help="File to write: .csv, .parquet or .jsonl; or a folder, with a / at its end."),
]


@dataclass(frozen=True)
class OutputForm:
    """In what form the scores are written."""

    partition_rows: Annotated[
        int | None, typer.Option(min=1, help="Rows of each part of a folder.", show_default="100,000")
    ] = None
    raw_csv: options.RawCsv = False
    overwrite: options.Overwrite = False


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(grouped(score))


def score(
    *,
    source: Annotated[str, typer.Argument(metavar="SRC", help="Tweets to score: whatever `ingest` reads.")],
    out: Out,
    model: options.Model = None,
    table: options.TextTable,
    form: OutputForm,
    cluster: options.OnCluster = "none",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Score tweets with the best model: one output row for every input row, in the same order.

    Columns: id, probability (of a real disaster), label (1 from the model's threshold on), model, version, doubt (why
    the model cannot judge this text: its script or its words are not those that it learned from), learned_from (train,
    validation or test where the model in use has learned from a tweet of this text: no accuracy may be computed from
    such rows); of a label of several classes (`retrain --label-class`) the label is the name of the likeliest, and the
    probability of each class has a column; of a model that knows kinds of information (`retrain --kinds`), the
    likeliest class of each kind and its probability. Rows without a text to read go to scored.quarantine.parquet (or
    .csv, .jsonl) beside it, with the reason. A folder gets part-00000.parquet and so on, and manifest.json. Cut short,
    the same command goes on where it was. Columns are those that the model was trained with, unless named here.

    Example: crisisflow score tonight.csv --out scored.parquet
    """
    with command(debug):
        _look_before_start(source, out, model, form, table)
        with options.on_cluster(cluster), orchestration_if_running(source) as run:
            from flows import score as stage
            from tasks import registry

            request = stage.ScoreRequest(
                source=source,
                out=out,
                model=model or registry.CHAMPION_URI,
                columns=table.column_map(),
                encoding=table.encoding,
                **vars(form),
            )
            result = run(stage.score, request)
    show(result, as_json, models.scored)


def _look_before_start(source: str, out: str, model: str | None, form: OutputForm, table: options.TextTable) -> None:
    """Raise ValueError for what cannot be, before servers start for nothing: output, source, model."""
    from tasks import registry, scoring, sources
    from tasks.ingestion.first_look import refuse_unreadable
    from tasks.store.outputs import Outputs

    scoring.Destination(out, form.partition_rows).check_name()
    outputs = Outputs(sources.local_paths(source), form.overwrite)
    scoring.Destination(out, form.partition_rows, form.raw_csv, outputs).check()
    sources.check_source(source)
    columns = table.column_map()
    named = bool(columns.text) or not columns.header  # else the model says how its columns are called
    refuse_unreadable(source, columns, table.encoding, columns_named=named)
    registry.choose(model or registry.CHAMPION_URI)
