"""The options that several commands share, each declared once, and what they become."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer

from flows.cli.runner import orchestration


class Kind(StrEnum):
    """What a source holds."""

    tweets = "tweets"
    corpus = "corpus"


class Architecture(StrEnum):
    """How word vectors are learned."""

    skip_gram = "skip-gram"
    cbow = "cbow"


class Matrix(StrEnum):
    """Which of word2vec's two matrices holds the word vectors."""

    input = "input"
    output = "output"
    mean = "mean"


class Quoting(StrEnum):
    """What quotes are in a delimited file."""

    none = "none"
    minimal = "minimal"
    all = "all"


class Device(StrEnum):
    """What networks compute on."""

    auto = "auto"
    cpu = "cpu"
    gpu = "gpu"


Tweets = Annotated[
    str | None,
    typer.Option(
        "--tweets",
        metavar="SRC",
        help="Labelled tweets: a file, folder, glob or http(s) address; CSV, TSV, JSON, JSON lines or Parquet, "
        "also .gz and .zip. Default: the bundled sample.",
        rich_help_panel="Data",
    ),
]
Corpora = Annotated[
    list[str] | None,
    typer.Option(
        "--corpus",
        metavar="SRC",
        help="Unlabelled text for word vectors: plain text, WikiExtractor, WikiText, CSV, JSON or Parquet. Repeatable.",
        rich_help_panel="Data",
    ),
]
PretrainOn = Annotated[
    list[str] | None,
    typer.Option(
        "--pretrain-on",
        metavar="SRC",
        help="Texts with labels of other tasks (CrisisLex, TweetEval), on all of which networks are trained first. "
        "Repeatable.",
        rich_help_panel="Data",
    ),
]
TextColumn = Annotated[str | None, typer.Option(help="Name of the text column.", rich_help_panel="Columns")]
LabelColumn = Annotated[str | None, typer.Option(help="Name of the label column.", rich_help_panel="Columns")]
IdColumn = Annotated[str | None, typer.Option(help="Name of the id column.", rich_help_panel="Columns")]
KeywordColumn = Annotated[str | None, typer.Option(help="Name of the keyword column.", rich_help_panel="Columns")]
LocationColumn = Annotated[str | None, typer.Option(help="Name of the location column.", rich_help_panel="Columns")]
PositiveLabels = Annotated[
    list[str] | None,
    typer.Option("--positive-label", help="A label word that means 1. Repeatable.", rich_help_panel="Columns"),
]
NegativeLabels = Annotated[
    list[str] | None,
    typer.Option("--negative-label", help="A label word that means 0. Repeatable.", rich_help_panel="Columns"),
]
Sheet = Annotated[
    str | None, typer.Option(help="Sheet of an Excel workbook to read, by its name.", rich_help_panel="Columns")
]
Encoding = Annotated[str | None, typer.Option(help="Encoding of the file, e.g. latin-1.", rich_help_panel="Columns")]
Delimiter = Annotated[
    str | None,
    typer.Option(help="Character between the cells of a CSV file, or tab. Default: found.", rich_help_panel="Columns"),
]
QuotingOption = Annotated[
    Quoting | None,
    typer.Option(
        help="What quotes are in a CSV file: characters (none), or around the cells that need it (minimal) or all. "
        "Default: found.",
        rich_help_panel="Columns",
    ),
]
NoHeader = Annotated[
    bool,
    typer.Option("--no-header", help="The first line is a row: columns are named 1, 2, ...", rich_help_panel="Columns"),
]
NoIds = Annotated[
    bool, typer.Option("--no-ids", help="Number the rows instead of reading ids.", rich_help_panel="Columns")
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite", help="Move a file that crisisflow did not write to NAME.bak; a source is never overwritten."
    ),
]
RawCsv = Annotated[
    bool,
    typer.Option("--raw-csv", help="Write cells that a spreadsheet would run as formulas as they are, in .csv files."),
]
Against = Annotated[
    str | None,
    typer.Option(metavar="SRC", help="Report how many of these texts are in the tweets too.", rich_help_panel="Data"),
]
RecipeName = Annotated[
    str,
    typer.Option("--recipe", envvar="CRISISFLOW_RECIPE", help="quick, standard, best, or the path of a .toml file."),
]
Seed = Annotated[
    int | None, typer.Option(min=0, envvar="CRISISFLOW_SEED", help="Instead of the recipe's own.", show_default=False)
]
Similarities = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Word pairs with human scores (WordSim-353).", rich_help_panel="Vector tests"),
]
Analogies = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Analogy questions (questions-words.txt).", rich_help_panel="Vector tests"),
]
ComputeOn = Annotated[
    Device,
    typer.Option(
        "--device",
        envvar="CRISISFLOW_DEVICE",
        help="What networks compute on; auto is the GPU where there is one. Equal bytes are promised on the CPU.",
    ),
]
Dimensions = Annotated[int | None, typer.Option(min=1, help="Width of a word vector.", show_default="100")]
Window = Annotated[
    int | None, typer.Option(min=1, max=50, help="Words to each side that count as context.", show_default="5")
]
Negatives = Annotated[int | None, typer.Option(min=1, help="Noise words for each real one.", show_default="5")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Passes over the corpus.", show_default="by its size: 5 to 30")]
MinCount = Annotated[int | None, typer.Option(min=1, help="Rarer words are dropped.", show_default="5")]
Phrases = Annotated[
    int, typer.Option(min=0, help="Passes that join words which stand together, new york as new_york; 0 is off.")
]


@contextmanager
def computing_on(device: Device) -> Iterator[None]:
    """The block's device. Raises ValueError at once when it is not there."""
    from tasks.runtime import environment

    environment.use_device(device.value)
    yield


@contextmanager
def prepared(recipe: str, *sources: str | None) -> Iterator[None]:
    """Prefect's server for the block, once recipe and sources are known to be there."""
    from tasks.recipes import load_recipe

    load_recipe(recipe)
    with orchestration(*sources):
        yield


def columns_of(
    names: Sequence[str | None], positive: list[str] | None, negative: list[str] | None, form: dict[str, Any]
) -> dict[str, Any]:
    named = dict(zip(("id", "text", "label", "keyword", "location"), names, strict=True))
    return {**named, "positive": tuple(positive or ()), "negative": tuple(negative or ()), **form}


def form_of(
    delimiter: str | None, quoting: Quoting | None, no_header: bool, no_ids: bool, sheet: str | None = None
) -> dict[str, Any]:
    """How a table is to be read, for a `ColumnMap`; a usage error for a delimiter that cannot be one."""
    from tasks.sources.options import delimiter_of

    try:
        delimiter = delimiter_of(delimiter)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--delimiter") from None
    given = {"delimiter": delimiter, "quoting": quoting and quoting.value}
    return {**given, "header": not no_header, "ids": not no_ids, "sheet": sheet}


def tweet_source(
    tweets: str | None, columns: dict[str, Any] | None = None, encoding: str | None = None, against: str | None = None
) -> Any:
    from flows.ingest import TweetSource
    from tasks.sources.columns import ColumnMap

    named = {"source": tweets} if tweets else {}
    return TweetSource(**named, columns=ColumnMap(**(columns or {})), encoding=encoding, against=against)


def corpora_of(tweets: str | None, corpora: list[str] | None) -> tuple[str, ...]:
    """The corpora that were named; the bundled one when nothing at all was."""
    from flows.ingest import SAMPLE_CORPUS

    if corpora:
        return tuple(corpora)
    return () if tweets else (str(SAMPLE_CORPUS),)
