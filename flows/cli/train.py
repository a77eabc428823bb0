"""The commands that make models: retrain, and its stages one at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer

from flows.cli.render import models
from flows.cli.runner import AsJson, Debug, command, orchestration, show


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
Encoding = Annotated[str | None, typer.Option(help="Encoding of the file, e.g. latin-1.", rich_help_panel="Columns")]
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


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    for function in (retrain, ingest, featurize, embed, classify):
        app.command()(function)


def retrain(
    tweets: Tweets = None,
    corpus: Corpora = None,
    pretrain_on: PretrainOn = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    id_column: IdColumn = None,
    keyword_column: KeywordColumn = None,
    location_column: LocationColumn = None,
    positive_label: PositiveLabels = None,
    negative_label: NegativeLabels = None,
    encoding: Encoding = None,
    against: Against = None,
    recipe: RecipeName = "standard",
    seed: Seed = None,
    similarities: Similarities = None,
    analogies: Analogies = None,
    device: ComputeOn = Device.cpu,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Train and compare all models: the main job.

    Reads and checks the tweets, makes frequency vectors and word vectors, trains every classifier of the recipe,
    scores all of them on the same held-out tweets, and puts the best in use for `crisisflow score`. What was
    computed before from the same data, settings and code is reused.

    Example: crisisflow retrain --tweets train.csv --corpus wiki.train.tokens.zip
    """
    with (
        command(debug),
        computing_on(device),
        prepared(recipe, tweets, against, similarities, analogies, *(corpus or ()), *(pretrain_on or ())),
    ):
        from flows import retrain as stage

        names = (id_column, text_column, label_column, keyword_column, location_column)
        columns = columns_of(names, positive_label, negative_label)
        request = stage.RetrainRequest(
            tweets=tweet_source(tweets, columns, encoding, against),
            corpora=corpora_of(tweets, corpus),
            labelled_texts=tuple(pretrain_on or ()),
            recipe=recipe,
            seed=seed,
            similarities=similarities,
            analogies=analogies,
        )
        result = stage.retrain(request)
    show(result, as_json, models.retrained)


def ingest(
    source: Annotated[str, typer.Argument(metavar="SRC", help="What to read: a file, folder, glob or address.")],
    kind: Annotated[Kind, typer.Option(help="What the source holds.")] = Kind.tweets,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    id_column: IdColumn = None,
    keyword_column: KeywordColumn = None,
    location_column: LocationColumn = None,
    positive_label: PositiveLabels = None,
    negative_label: NegativeLabels = None,
    encoding: Encoding = None,
    against: Against = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Read, repair and check tweets or text; keep the good rows, and the bad ones with the reason.

    Every row is either kept or quarantined. A report page shows what was found.

    Example: crisisflow ingest train.csv --kind tweets --against test.csv
    """
    with command(debug), orchestration(source, against):
        from flows import ingest as stage

        if kind is Kind.tweets:
            names = (id_column, text_column, label_column, keyword_column, location_column)
            columns = columns_of(names, positive_label, negative_label)
            result = stage.ingest_and_report(tweet_source(source, columns, encoding, against))
        else:
            result = stage.ingest_corpus_and_report(source, text_column, encoding)
    show(result, as_json, models.ingested)


def featurize(
    tweets: Tweets = None,
    corpus: Corpora = None,
    recipe: RecipeName = "standard",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Make tokens, vocabulary and frequency vectors: one-hot, count, TF-IDF, co-occurrence.

    Example: crisisflow featurize --tweets train.csv
    """
    with command(debug), prepared(recipe, tweets, *(corpus or ())):
        from flows import featurize as stage

        result = stage.featurize_sources(tweet_source(tweets), corpora_of(tweets, corpus), recipe)
    show(result, as_json, models.artifacts)


def embed(
    corpus: Corpora = None,
    architecture: Annotated[Architecture, typer.Option(help="Predict context from word, or the reverse.")] = (
        Architecture.skip_gram
    ),
    dimensions: Dimensions = None,
    window: Window = None,
    negatives: Negatives = None,
    epochs: Epochs = None,
    min_count: MinCount = None,
    phrases: Phrases = 0,
    vectors_from: Annotated[Matrix, typer.Option(help="Input-hidden or hidden-output matrix, or their mean.")] = (
        Matrix.input
    ),
    seed: Seed = None,
    similarities: Similarities = None,
    analogies: Analogies = None,
    device: ComputeOn = Device.cpu,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Train word vectors on text and score them.

    Example: crisisflow embed --corpus wiki.train.tokens.zip --similarities wordsim353.tsv
    """
    with command(debug), computing_on(device), orchestration(similarities, analogies, *(corpus or ())):
        from flows import embed as stage

        given = {
            "architecture": architecture.value,
            "dimensions": dimensions,
            "window": window,
            "negatives": negatives,
            "epochs": epochs,
            "min_count": min_count,
            "phrases": {"passes": phrases},
            "vectors_from": vectors_from.value,
        }
        settings = stage.EmbeddingSettings(**{name: value for name, value in given.items() if value is not None})
        result = stage.embed_corpora(
            corpora_of(None, corpus), settings, 1 if seed is None else seed, similarities, analogies
        )
    show(result, as_json, models.embedded)


def classify(
    tweets: Tweets = None,
    corpus: Corpora = None,
    recipe: RecipeName = "standard",
    seed: Seed = None,
    device: ComputeOn = Device.cpu,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Train and compare the recipe's classifiers, without putting one in use.

    Example: crisisflow classify --tweets train.csv --recipe quick
    """
    with command(debug), computing_on(device), prepared(recipe, tweets, *(corpus or ())):
        from flows import retrain as stage

        request = stage.RetrainRequest(
            tweets=tweet_source(tweets), corpora=corpora_of(tweets, corpus), recipe=recipe, seed=seed, promote=False
        )
        result = stage.retrain(request)
    show(result, as_json, models.retrained)


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


def columns_of(names: Sequence[str | None], positive: list[str] | None, negative: list[str] | None) -> dict[str, Any]:
    named = dict(zip(("id", "text", "label", "keyword", "location"), names, strict=True))
    return {**named, "positive": tuple(positive or ()), "negative": tuple(negative or ())}


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
