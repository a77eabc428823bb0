"""The commands that make models: retrain, and its stages one at a time."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from flows.cli.grouping import grouped
from flows.cli.options import (
    ComputeOn,
    Corpora,
    Device,
    Kind,
    Kinds,
    KindsColumns,
    LabelledTable,
    OnCluster,
    OverlapWith,
    PretrainOn,
    RecipeName,
    Seed,
    Tweets,
    Vectors,
    VectorTestFiles,
    computing_on,
    corpora_of,
    on_cluster,
    prepared,
    readable,
    tweet_source,
)
from flows.cli.render import models
from flows.cli.runner import AsJson, Debug, command, orchestration, show
from flows.cli.vector_options import CooccurrenceOptions, VectorOptions

ReplaceData = Annotated[
    bool, typer.Option("--replace-data", help="A champion that learned from other tweets is meant to be replaced.")
]

MissCosts = Annotated[
    float | None,
    typer.Option(
        "--miss-costs",
        min=0.001,
        metavar="N",
        help="A missed disaster costs as much as N false alarms: choose thresholds of least cost.",
        show_default="the recipe's threshold",
    ),
]


OwnLabels = Annotated[
    str,
    typer.Option(
        "--labels",
        metavar="own|none|FILE",
        help="Labels that people gave (`crisisflow label`): those of the state folder, none, or an exported file.",
        rich_help_panel="Data",
    ),
]


@dataclass(frozen=True)
class TrainingTexts:
    """The texts of a retraining."""

    tweets: Tweets = None
    corpus: Corpora = None
    pretrain_on: PretrainOn = None
    kinds: Kinds = None
    kinds_column: KindsColumns = None
    overlap_with: OverlapWith = None
    vectors: Vectors = None
    labels: OwnLabels = "own"

    def named(self) -> tuple[str | None, ...]:
        """Every source that was named."""
        from tasks.labels.snapshot import named_file

        files = (self.tweets, self.overlap_with, self.vectors, named_file(self.labels))
        return (*files, *(self.corpus or ()), *(self.pretrain_on or ()), *(self.kinds or ()))

    def fields(self, table: LabelledTable) -> dict[str, Any]:
        """The fields of a retraining's request; the table options say how the tweets are read."""
        return {
            "tweets": tweet_source(self.tweets, table, self.overlap_with),
            "corpora": corpora_of(self.tweets, self.corpus),
            "labelled_texts": tuple(self.pretrain_on or ()),
            "kinds": tuple(self.kinds or ()),
            "kinds_columns": tuple(self.kinds_column or ()),
            "vectors": self.vectors,
            "labels": self.labels,
        }


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    for function in (retrain, ingest, featurize, embed, classify):
        app.command()(grouped(function))


def retrain(
    *,
    texts: TrainingTexts,
    table: LabelledTable,
    recipe: RecipeName = "standard",
    seed: Seed = None,
    tests: VectorTestFiles,
    miss_costs: MissCosts = None,
    replace_data: ReplaceData = False,
    device: ComputeOn = Device.cpu,
    cluster: OnCluster = "none",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Train and compare all models: the main job.

    Reads and checks the tweets, makes frequency vectors and word vectors, trains every classifier of the recipe,
    scores all of them on the same held-out tweets, and puts the best in use for `crisisflow score`. What was
    computed before from the same data, settings and code is reused.

    Labels that people gave (`crisisflow label`) join the tweets; what is used, and what is not, is printed.

    A model of other tweets than the champion's must also be as good on the champion's own, unless --replace-data says
    that the change is meant. A model of the bundled sample never replaces one of other tweets.

    With --kinds, or --kinds-column for further columns of the tweets, the model also tells what kinds of information a
    tweet holds; it is chosen among those that do.

    A label of more than two classes has each of them named, by --label-class; then macro F1 stands for F1.

    Example: crisisflow retrain --tweets train.csv --corpus wiki.train.tokens.zip
    """
    sources = (*texts.named(), *vars(tests).values())
    look = readable(texts.tweets, table)
    with command(debug), computing_on(device), look, on_cluster(cluster), prepared(recipe, *sources):
        from flows import retrain as stage

        request = stage.RetrainRequest(
            **texts.fields(table),
            recipe=recipe,
            seed=seed,
            miss_costs=miss_costs,
            replace_data=replace_data,
            **vars(tests),
        )
        result = stage.retrain(request)
    show(result, as_json, models.retrained)


def ingest(
    *,
    source: Annotated[str, typer.Argument(metavar="SRC", help="What to read: a file, folder, glob or address.")],
    kind: Annotated[Kind, typer.Option(help="What the source holds.")] = Kind.tweets,
    table: LabelledTable,
    overlap_with: OverlapWith = None,
    cluster: OnCluster = "none",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Read, repair and check tweets or text; keep the good rows, and the bad ones with the reason.

    Every row is either kept or quarantined. A report page shows what was found.

    Example: crisisflow ingest train.csv --kind tweets --overlap-with test.csv
    """
    look = readable(source if kind is Kind.tweets else None, table, None)
    with command(debug), look, on_cluster(cluster), orchestration(source, overlap_with):
        from flows import ingest as stage

        if kind is Kind.tweets:
            result = stage.ingest_and_report(tweet_source(source, table, overlap_with))
        else:
            result = stage.ingest_corpus_and_report(source, table.text_column, table.encoding)
    show(result, as_json, models.ingested)


def featurize(
    *,
    tweets: Tweets = None,
    corpus: Corpora = None,
    recipe: RecipeName = "standard",
    cooccurrence: CooccurrenceOptions,
    cluster: OnCluster = "none",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Make tokens, vocabulary and frequency vectors: one-hot, count, TF-IDF, co-occurrence.

    Co-occurrence vectors can be asked and scored by their file: `evaluate-vectors --vectors FOLDER/vectors.parquet`.

    Example: crisisflow featurize --tweets train.csv
    """
    look = readable(tweets, LabelledTable())
    with command(debug), look, on_cluster(cluster), prepared(recipe, tweets, *(corpus or ())):
        from flows import featurize as stage

        sources = tweet_source(tweets), corpora_of(tweets, corpus)
        result = stage.featurize_sources(*sources, recipe, cooccurrence.given())
    show(result, as_json, models.artifacts)


def embed(
    *,
    corpus: Corpora = None,
    vectors: Vectors = None,
    training: VectorOptions,
    seed: Seed = None,
    tests: VectorTestFiles,
    device: ComputeOn = Device.cpu,
    cluster: OnCluster = "none",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Train word vectors on text and score them; with --vectors, go on from those of a file.

    Example: crisisflow embed --corpus wiki.train.tokens.zip --similarities wordsim353.tsv
    """
    sources = (vectors, *vars(tests).values(), *(corpus or ()))
    with command(debug), computing_on(device), on_cluster(cluster), orchestration(*sources):
        from flows import embed as stage

        corpora, seed = corpora_of(None, corpus), 1 if seed is None else seed
        result = stage.embed_corpora(corpora, training.settings(), seed, **vars(tests), vectors=vectors)
    show(result, as_json, models.embedded)


def classify(
    *,
    texts: TrainingTexts,
    table: LabelledTable,
    recipe: RecipeName = "standard",
    seed: Seed = None,
    miss_costs: MissCosts = None,
    device: ComputeOn = Device.cpu,
    cluster: OnCluster = "none",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Train and compare the recipe's classifiers, without putting one in use.

    Example: crisisflow classify --tweets train.csv --recipe quick
    """
    look = readable(texts.tweets, table)
    with command(debug), computing_on(device), look, on_cluster(cluster), prepared(recipe, *texts.named()):
        from flows import retrain as stage

        request = stage.RetrainRequest(
            **texts.fields(table),
            recipe=recipe,
            seed=seed,
            miss_costs=miss_costs,
            promote=False,
        )
        result = stage.retrain(request)
    show(result, as_json, models.retrained)
