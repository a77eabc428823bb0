"""The commands that make models: retrain, and its stages one at a time."""

from typing import Annotated

import typer

from flows.cli.options import (
    Against,
    Analogies,
    Architecture,
    ComputeOn,
    Corpora,
    Delimiter,
    Device,
    Dimensions,
    Encoding,
    Epochs,
    IdColumn,
    KeywordColumn,
    Kind,
    LabelColumn,
    LocationColumn,
    Matrix,
    MinCount,
    NegativeLabels,
    Negatives,
    NoHeader,
    NoIds,
    Phrases,
    PositiveLabels,
    PretrainOn,
    QuotingOption,
    RecipeName,
    Seed,
    Sheet,
    Similarities,
    TextColumn,
    Tweets,
    Window,
    columns_of,
    computing_on,
    corpora_of,
    form_of,
    prepared,
    tweet_source,
)
from flows.cli.render import models
from flows.cli.runner import AsJson, Debug, command, orchestration, show


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
    sheet: Sheet = None,
    positive_label: PositiveLabels = None,
    negative_label: NegativeLabels = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    quoting: QuotingOption = None,
    no_header: NoHeader = False,
    no_ids: NoIds = False,
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
        columns = columns_of(
            names, positive_label, negative_label, form_of(delimiter, quoting, no_header, no_ids, sheet)
        )
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
    sheet: Sheet = None,
    positive_label: PositiveLabels = None,
    negative_label: NegativeLabels = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    quoting: QuotingOption = None,
    no_header: NoHeader = False,
    no_ids: NoIds = False,
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
            columns = columns_of(
                names, positive_label, negative_label, form_of(delimiter, quoting, no_header, no_ids, sheet)
            )
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
