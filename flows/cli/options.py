"""The options that several commands share, each declared once, and what they become."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.runner import orchestration

if TYPE_CHECKING:
    from flows.ingest import TweetSource
    from tasks.sources.columns import ColumnMap


class Kind(StrEnum):
    """What a source holds."""

    tweets = "tweets"
    corpus = "corpus"


class Quoting(StrEnum):
    """What quotes are in a delimited file."""

    none = "none"
    minimal = "minimal"
    all = "all"


class Escape(StrEnum):
    """What backslashes are in a delimited file."""

    backslash = "backslash"
    none = "none"


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
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kinds",
        metavar="SRC",
        help="Texts with labels of what kinds of information they hold (CrisisLexT26): the model tells these, too. "
        "Repeatable.",
        rich_help_panel="Data",
    ),
]
KindsColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--kinds-column",
        metavar="NAME",
        help="Of --kinds only this column; without --kinds a further label column of the tweets. Repeatable.",
        rich_help_panel="Data",
    ),
]
Vectors = Annotated[
    str | None,
    typer.Option(
        "--vectors",
        metavar="FILE",
        help="Word vectors from elsewhere to start from, alone and beside our own: GloVe, word2vec text or binary, "
        "fastText .vec or .bin, Parquet; also packed, or an address.",
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
LabelClasses = Annotated[
    list[str] | None,
    typer.Option(
        "--label-class",
        metavar="VALUE=WORDS",
        help="A class of a label of more than two, or the word in the column alone. Repeatable: all of them, in order.",
        rich_help_panel="Columns",
    ),
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
EscapeOption = Annotated[
    Escape | None,
    typer.Option(
        help="What backslashes are in a CSV file: escapes of the character after them, as MySQL and PostgreSQL write "
        "(backslash), or characters (none). Default: found.",
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
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="URI",
        help="A logged model: models:/crisisflow/3, models:/crisisflow@ALIAS or runs:/RUN_ID/classifier. "
        "Default: the champion.",
    ),
]
OverlapWith = Annotated[
    str | None,
    typer.Option(
        "--overlap-with",
        "--against",  # its name in 0.1, which scripts still use
        metavar="SRC",
        help="Report how many of these texts are in the tweets too.",
        rich_help_panel="Data",
    ),
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


def _check_cluster(text: str) -> str:
    """The value of --cluster; a usage error for one that cannot be."""
    from tasks.cluster.address import parse

    try:
        parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return text


OnCluster = Annotated[
    str,
    typer.Option(
        "--cluster",
        metavar="none|local:N|tls://HOST:PORT",
        envvar="CRISISFLOW_CLUSTER",
        callback=_check_cluster,
        help="Where work that can be cut up is computed: in this process, by N workers of this machine, or by those of "
        "`crisisflow cluster start`. The bytes are the same.",
    ),
]


@dataclass(frozen=True)
class TableForm:
    """What kind of table it is: its encoding, what separates and encloses its cells."""

    sheet: Sheet = None
    encoding: Encoding = None
    delimiter: Delimiter = None
    quoting: QuotingOption = None
    escape: EscapeOption = None
    no_header: NoHeader = False
    no_ids: NoIds = False

    def cells(self) -> dict[str, Any]:
        """How to find cells and ids; a usage error for a delimiter that cannot be one."""
        return {
            "sheet": self.sheet,
            "delimiter": self.delimiter_character(),
            "quoting": self.quoting and self.quoting.value,
            "escape": self.escape and self.escape.value,
            "ids": not self.no_ids,
        }

    def delimiter_character(self) -> str | None:
        """The delimiter as a character; a usage error for one that cannot be."""
        from tasks.sources.options import delimiter_of

        try:
            return delimiter_of(self.delimiter)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--delimiter") from None


@dataclass(frozen=True)
class TextTable(TableForm):
    """How a table of tweets is to be read: its columns, its encoding, and what kind of table it is."""

    text_column: TextColumn = None
    id_column: IdColumn = None
    keyword_column: KeywordColumn = None
    location_column: LocationColumn = None

    def column_map(self, **labels: Any) -> "ColumnMap":
        """All but the encoding; a usage error for a delimiter that cannot be one. `labels` are further fields."""
        from tasks.sources.columns import ColumnMap

        return ColumnMap(
            id=self.id_column,
            text=self.text_column,
            keyword=self.keyword_column,
            location=self.location_column,
            header=not self.no_header,
            **self.cells(),
            **labels,
        )


@dataclass(frozen=True)
class LabelledTable(TextTable):
    """The same of tweets with labels."""

    label_column: LabelColumn = None
    positive_label: PositiveLabels = None
    negative_label: NegativeLabels = None
    label_class: LabelClasses = None

    def column_map(self, **labels: Any) -> "ColumnMap":
        """The same, with the column of labels and what its words mean; a usage error for classes that cannot be."""
        from pydantic import ValidationError

        words = {"positive": tuple(self.positive_label or ()), "negative": tuple(self.negative_label or ())}
        classes = tuple(self.label_class or ())
        try:
            return super().column_map(label=self.label_column, **words, classes=classes, **labels)
        except ValidationError as error:
            said = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
            raise typer.BadParameter(said, param_hint="--label-class") from None


@dataclass(frozen=True)
class VectorTestFiles:
    """Files of human judgements that word vectors are scored on."""

    similarities: Similarities = None
    analogies: Analogies = None


@contextmanager
def computing_on(device: Device) -> Iterator[None]:
    """The block's device. Raises ValueError at once when it is not there."""
    from tasks.runtime import environment

    environment.use_device(device.value)
    yield


@contextmanager
def on_cluster(cluster: str) -> Iterator[None]:
    """The block's work is computed where this value of --cluster says. Raises ValueError when it cannot be."""
    from tasks.cluster.using import using

    with using(cluster):
        yield


@contextmanager
def readable(tweets: str | None, table: TextTable, labelled: bool | None = True) -> Iterator[None]:
    """The block, once the beginning of the tweets was read: before servers start for nothing.

    Raises ValueError for a file that cannot be read, and for one without a column that it must have.
    """
    from tasks.ingestion.first_look import refuse_unreadable

    if tweets is not None:
        refuse_unreadable(tweets, table.column_map(), table.encoding, labelled)
    yield


@contextmanager
def prepared(recipe: str, *sources: str | None) -> Iterator[None]:
    """Prefect's server for the block, once recipe and sources are known to be there."""
    from tasks.recipes import load_recipe

    load_recipe(recipe)
    with orchestration(*sources):
        yield


def tweet_source(tweets: str | None, table: LabelledTable | None = None, against: str | None = None) -> "TweetSource":
    """The tweets to read, the bundled ones where none are named."""
    from flows.ingest import TweetSource

    table, named = table or LabelledTable(), {"source": tweets} if tweets else {}
    return TweetSource(**named, columns=table.column_map(), encoding=table.encoding, against=against)


def whole_numbers(written: str | None, option: str) -> tuple[int, ...]:
    """The numbers of a list such as 10,25,50, in order, each once. Raises a usage error for what is not one."""
    try:
        numbers = tuple(int(each) for each in (written or "").split(",") if each.strip())
    except ValueError:
        numbers = (0,)
    if any(number < 1 for number in numbers):
        raise typer.BadParameter(f"{written!r} is not a list of numbers: write 10,25,50", param_hint=option)
    return tuple(sorted(set(numbers)))


def corpora_of(tweets: str | None, corpora: list[str] | None) -> tuple[str, ...]:
    """The corpora that were named; the bundled one when nothing at all was."""
    from flows.ingest import SAMPLE_CORPUS

    if corpora:
        return tuple(corpora)
    return () if tweets else (str(SAMPLE_CORPUS),)
