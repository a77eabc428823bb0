"""The command that judges a recipe: grouped cross-validation, against baselines on the same rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from flows.cli import options
from flows.cli.grouping import grouped
from flows.cli.render.terminal import figures_table, wide_console
from flows.cli.runner import AsJson, Debug, command, show
from models.wording import counted

EVENTS = "Events"
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--models",
        metavar="NAME",
        help="Train these only, as lstm/skip-gram. Repeatable, or several with commas between. "
        "Default: the recipe's networks, logistic/tf-idf and nb-svm/one-hot.",
    ),
]
Excluded = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="SRC",
        help="Tweets whose texts may not be learned from, not even unlabelled. Repeatable.",
        rich_help_panel="Data",
    ),
]


@dataclass(frozen=True)
class Fits:
    """What is fitted, and how often."""

    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Parts of the tweets (default: 5), or of the events (default: each by itself); each is held out once.",
        ),
    ] = None
    seeds: Annotated[int, typer.Option(min=1, help="Partitions into folds, each with other draws in training.")] = 1
    seed: options.Seed = None
    models: Models = None
    learning_curve: Annotated[
        bool, typer.Option("--learning-curve", help="Also train on 10, 20, 40 and 70 % of the training tweets.")
    ] = False

    def given(self) -> dict[str, Any]:
        """The fields of the request that these options fill."""
        return {**vars(self), "models": _split(self.models)}


@dataclass(frozen=True)
class Events:
    """Which events are held out, and what is asked of them."""

    events: Annotated[
        str | None,
        typer.Option(
            "--events",
            metavar="COLUMN|folders|files",
            help="Hold out whole events: the rows of a folder, a file, or a value of a column; of every source.",
            rich_help_panel=EVENTS,
        ),
    ] = None
    hold_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Hold out these only, as `*flood*`; the others are always trained on. Repeatable, or with commas.",
            rich_help_panel=EVENTS,
        ),
    ] = None
    apart: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Report the mean of these apart from the others, as events in another language. Repeatable.",
            rich_help_panel=EVENTS,
        ),
    ] = None
    adapt: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="Then learn from so many labels of the event, as 10,25,50, and score the other half of it.",
            rich_help_panel=EVENTS,
        ),
    ] = None

    def given(self) -> dict[str, Any]:
        """The fields of the request that these options fill. Raises a usage error for what are not numbers."""
        return {
            "events": self.events,
            "hold_out": _split(self.hold_out),
            "apart": _split(self.apart),
            "adapt": options.whole_numbers(self.adapt, "--adapt"),
        }


def _split(names: list[str] | None) -> tuple[str, ...]:
    return tuple(name.strip() for each in names or () for name in each.split(",") if name.strip())


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(grouped(evaluate))


def evaluate(
    *,
    tweets: options.Tweets = None,
    corpus: options.Corpora = None,
    exclude: Excluded = None,
    pretrain_on: options.PretrainOn = None,
    vectors: options.Vectors = None,
    table: options.LabelledTable,
    recipe: options.RecipeName = "quick",
    fits: Fits,
    events: Events,
    device: options.ComputeOn = options.Device.cpu,
    cluster: options.OnCluster = "none",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Judge a recipe on rows, or on events, that it has not seen, beside TF-IDF + logistic regression and NB-SVM.

    Every row with a text and a label is scored by fits that did not see it nor a near-duplicate of it, quarantined
    rows included, which no fit learns from. Thresholds, epochs and strengths are chosen on inner splits. Nothing is
    put in use. Fits that were made before are reused.

    A label of more than two classes has each of them named, by --label-class; then macro F1 stands for F1.

    With --events, whole events are held out, of every source and with all copies of their texts, for a desk meets
    events that no training row has seen; macro F1 is told for each event, and as a mean over events.

    Example: crisisflow evaluate --tweets train.csv --exclude test.csv --recipe quick --seeds 3

    Example: `crisisflow evaluate --tweets 'events/*/*.csv' --events folders --adapt 10,50,300`
    """
    sources = (tweets, vectors, *(corpus or ()), *(exclude or ()), *(pretrain_on or ()))
    look = options.readable(tweets, table, None)
    place = options.on_cluster(cluster)
    with command(debug), options.computing_on(device), look, place, options.prepared(recipe, *sources):
        from flows import evaluate as stage

        request = stage.EvaluateRequest(
            tweets=options.tweet_source(tweets, table),
            corpora=options.corpora_of(tweets, corpus),
            exclude=tuple(exclude or ()),
            labelled_texts=tuple(pretrain_on or ()),
            vectors=vectors,
            recipe=recipe,
            **fits.given() | events.given(),
        )
        result = stage.evaluate(request)
    show(result, as_json, evaluated)


def evaluated(result: Mapping[str, Any]) -> None:
    """What was scored, a line for each model, each against the baselines, and where to look."""
    from tasks.evaluation import page
    from tasks.evaluation.event_tables import event_tables

    console = wide_console()
    console.print(page.facts(result))
    console.print(figures_table("Models, on rows held out", page.columns(result), page.rows(result["models"])))
    for each in event_tables(result):
        console.print(figures_table(each.title, each.head, each.rows))
    if "unlabelled" in result:
        console.print(result["unlabelled"])
    if result["comparisons"]:
        head, title = page.columns_against(result), "Against the baselines, on the same rows"
        console.print(figures_table(title, head, page.against(result["comparisons"])))
    for point in result["learning_curve"]:
        console.print(
            f"{point['training_rows']:7,.0f} training rows: {point['model']} accuracy {point['accuracy']:.4f}, "
            f"{page.f1_of(result)} {point['f1']:.4f}"
        )
    steps = result["steps"]
    console.print(
        f"{counted(steps['run'], 'step')} computed, {steps['cached']:,} reused, {result['seconds']:.0f} s in all."
    )
    console.print(f"Run {result['run_id']}; out-of-fold predictions: {result['predictions']}", soft_wrap=True)
