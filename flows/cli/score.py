"""The command that scores tweets."""

from typing import Annotated

import typer

from flows.cli import options
from flows.cli.render import models
from flows.cli.runner import AsJson, Debug, command, orchestration, show


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(score)


def score(
    source: Annotated[str, typer.Argument(metavar="SRC", help="Tweets to score: whatever `ingest` reads.")],
    out: Annotated[
        str,
        typer.Option(metavar="PATH", help="File to write: .csv, .parquet or .jsonl; or a folder, with a / at its end."),
    ],
    model: Annotated[str | None, typer.Option(metavar="URI", help="An MLflow model. Default: the champion.")] = None,
    text_column: options.TextColumn = None,
    id_column: options.IdColumn = None,
    keyword_column: options.KeywordColumn = None,
    location_column: options.LocationColumn = None,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
    quoting: options.QuotingOption = None,
    no_header: options.NoHeader = False,
    no_ids: options.NoIds = False,
    partition_rows: Annotated[
        int | None, typer.Option(min=1, help="Rows of each part of a folder.", show_default="100,000")
    ] = None,
    raw_csv: options.RawCsv = False,
    overwrite: options.Overwrite = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Score tweets with the best model: one output row for every input row, in the same order.

    Columns: id, probability (of a real disaster), label (1 from the model's threshold on), model, version. Rows without
    a text to read go to scored.quarantine.parquet (or .csv, .jsonl) beside it, with the reason. A folder gets
    part-00000.parquet and so on, and manifest.json. Cut short, the same command goes on where it was. Columns are those
    that the model was trained with, unless named here.

    Example: crisisflow score tonight.csv --out scored.parquet
    """
    with command(debug):
        from tasks import scoring, sources
        from tasks.store.outputs import Outputs

        outputs = Outputs(sources.local_paths(source), overwrite)
        scoring.Destination(out, partition_rows, raw_csv, outputs).check()
        with orchestration(source):
            from flows import score as stage

            request = stage.ScoreRequest(
                source=source,
                out=out,
                model=model or stage.CHAMPION_URI,
                columns=stage.ColumnMap(
                    **{"text": text_column, "id": id_column, "keyword": keyword_column, "location": location_column},
                    **options.form_of(delimiter, quoting, no_header, no_ids),
                ),
                encoding=encoding,
                partition_rows=partition_rows,
                raw_csv=raw_csv,
                overwrite=overwrite,
            )
            result = stage.score(request)
    show(result, as_json, models.scored)
