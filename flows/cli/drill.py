"""The command that replays past events, to see which way of retraining and of asking for labels pays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from flows.cli import options
from flows.cli.grouping import grouped
from flows.cli.render.terminal import figures_table, wide_console
from flows.cli.runner import AsJson, Debug, command, show
from models.wording import counted


@dataclass(frozen=True)
class Replays:
    """Which events are scored, under which policies, and what people answer."""

    event: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Score these only, as `*flood*`: what was sent before is labelled. Repeatable."
        ),
    ] = None
    warm_up: Annotated[int, typer.Option(min=1, help="Events that are labelled before the drill begins.")] = 4
    budget: Annotated[int, typer.Option(min=1, help="Tweets that people are asked about in a night.")] = 10
    policy: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Replay these policies only, by their whole names. Repeatable."),
    ] = None
    seed: Annotated[int, typer.Option(help="Of random draws.")] = 0
    retrain_after: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...", help="Retrain at the end of these nights of an event only, the first one being 1."
        ),
    ] = None

    def given(self) -> dict[str, Any]:
        """The fields of the request that these options fill."""
        numbers = {"warm_up": self.warm_up, "budget": self.budget, "seed": self.seed}
        chosen = {"event": tuple(self.event or ()), "policies": tuple(self.policy or ())}
        return {**numbers, **chosen, "retrain_after": options.whole_numbers(self.retrain_after, "--retrain-after")}


@dataclass(frozen=True)
class Network:
    """Whether a network is trained, and the text that its word vectors come from."""

    network: Annotated[
        bool,
        typer.Option(
            "--network", help="Train the recipe's first network instead of logistic regression; needs text for vectors."
        ),
    ] = False
    corpus: options.Corpora = None
    pretrain_on: options.PretrainOn = None

    def given(self) -> dict[str, Any]:
        """The fields of the request that these options fill."""
        texts = {"corpora": tuple(self.corpus or ()), "labelled_texts": tuple(self.pretrain_on or ())}
        return {"network": self.network, **texts}


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(grouped(drill))


def drill(
    *,
    tweets: Annotated[str, typer.Argument(metavar="SRC", help="Labelled tweets of several events.")],
    events: Annotated[
        str,
        typer.Option(
            metavar="COLUMN|folders|files", help="How the event of a tweet is told: folder, file, or a column."
        ),
    ] = "folders",
    replays: Replays,
    network: Network,
    table: options.LabelledTable,
    recipe: options.RecipeName = "quick",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Replay past events in order of time: what do retraining, drift alarms and chosen labels bring?

    Tweets arrive as they were sent (their ids tell when), and are judged by the model that is in use in that hour. At
    the end of each night a policy watches for drift, asks people about some tweets (the labels of the file answer),
    retrains logistic regression on TF-IDF (or, with --network, the recipe's first network), and lets the gate decide.
    Policies: never retrained; on drift or nightly, with the labels that the queue chooses; nightly, with random labels
    or three times as many; and nightly with a gate that asks for no loss, or without one. The same bytes each time; cut
    short, the same command goes on with the policy that it was at.

    Of a label of several classes (--label-class) macro F1 is the mean over the classes; there are no alerts, which are
    about real reports.

    Example: `crisisflow drill 'events/*/*.csv' --events folders --budget 10`

    Example: `crisisflow drill 'events/*/*.csv' --network --corpus wiki.txt --event '*flood*' --retrain-after 1,2,4,8`
    """
    with command(debug), options.readable(tweets, table), options.prepared(recipe, tweets):
        from flows import drill as stage

        source, given = options.tweet_source(tweets, table), {**replays.given(), **network.given()}
        request = stage.DrillRequest(tweets=source, events=events, recipe=recipe, **given)
        result = stage.drill(request)
    show(result, as_json, _drilled)


def _drilled(result: Mapping[str, Any]) -> None:
    """What was replayed, a line for each policy, the differences, and where to look."""
    from tasks.drill import results

    console = wide_console()
    console.print(results.facts(result), soft_wrap=True)
    console.print(figures_table("Policies", results.head(result), results.rows(result), 1, wrapped=True))
    console.print(
        figures_table("Differences on the same events", results.AGAINST, results.against(result), 2, wrapped=True)
    )
    steps = result["steps"]
    console.print(
        f"{counted(steps['run'], 'step')} computed, {steps['cached']:,} reused, {result['seconds']:.0f} s in all."
    )
    console.print(f"Page: drill.html of run {result['run_id']} in MLflow.", soft_wrap=True)
