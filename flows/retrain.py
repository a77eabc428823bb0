"""Retrain: the main job. From raw files to a tracked, compared set of models, the best of them in use."""

import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from pydantic import Field

from flows import champion_data
from flows.classify import OtherLabels, classify, pretrain
from flows.embed import embed
from flows.external import add_external, check_given, read_external
from flows.featurize import featurize
from flows.ingest import TweetSource, ingest_corpora, ingest_labelled_texts, ingest_tweets, snapshot
from flows.kinds import judge_kinds, read_kinds
from flows.names import scheduled_name
from flows.own_labels import add_own_labels
from flows.refit import Fitted, refit
from models.classifiers.target import refuse_costs
from models.settings import GateSettings, Recipe, Settings, ThresholdSettings
from tasks import lineage, tracking
from tasks.evaluation import choice, comparison
from tasks.evaluation.comparison_page import comparison_page
from tasks.evaluation.fold_tables import gather_labelled
from tasks.evaluation.leakage import exclude_texts, find_held_out, say_held_out
from tasks.ingestion.steps import tweet_counts
from tasks.labels.snapshot import OWN
from tasks.notifications import Event
from tasks.notifications.news import News, tell
from tasks.recipes import load_recipe
from tasks.registry import NOT_CHALLENGED, Decision
from tasks.registry.gate import challenge
from tasks.registry.promotion import Prepare, Served
from tasks.runtime import signals
from tasks.runtime.progress import say
from tasks.runtime.redaction import mask_secrets
from tasks.tracking.requests import record_request
from tasks.training.embeddings import UnlabelledText, vector_tests


class RetrainRequest(Settings):
    """What to retrain on, and how.

    When no tweets are named, on the data of the champion, and on the bundled sample where there is no other champion.
    """

    tweets: TweetSource | None = Field(None, description="Default: the champion's; without one the bundled sample.")
    corpora: tuple[str, ...] = Field((), description="Text to learn word vectors from, besides the training tweets.")
    labelled_texts: tuple[str, ...] = Field(
        (), description="Texts with labels of other tasks, to pre-train networks on."
    )
    kinds: tuple[str, ...] = Field(
        (), description="Texts with labels of what kinds of information they hold, for models that tell these too."
    )
    kinds_columns: tuple[str, ...] = Field(
        (), description="Which columns of these texts, or of the tweets where no others are named; all if none is."
    )
    recipe: str = Field("standard", description="Name of a recipe, or path of a .toml file.")
    seed: int | None = Field(None, description="Instead of the recipe's own.")
    miss_costs: float | None = Field(
        None, gt=0, description="What a missed disaster costs, in false alarms; instead of the recipe's threshold."
    )
    promote: bool = Field(True, description="Put the best model in use, if it is better than the one that is.")
    refit: bool | None = Field(
        None, description="Fit the best model again on all labels, promoted or not; None: as recipe and gate say."
    )
    replace_data: bool = Field(False, description="A champion of other tweets is meant to be replaced.")
    similarities: str | None = Field(None, description="Word pairs with human similarity scores, to score vectors on.")
    analogies: str | None = Field(None, description="Analogy questions, to score vectors on.")
    labels: str = Field(
        "own", description="Labels that people gave: those of the state folder, none, or an exported file."
    )
    vectors: str | None = Field(None, description="Word vectors from elsewhere, to start networks and trainings from.")
    trigger: str | None = Field(None, description="Why it began, where something else than a person began it.")


@flow(name="retrain", flow_run_name=scheduled_name)
def retrain(request: RetrainRequest) -> dict[str, Any]:
    """Ingest, featurize, embed, classify, compare, promote; return the summary that `--json` prints."""
    start = time.monotonic()
    recipe = recipe_of(request)
    with tracking.tracked_run(recipe.name, "retrain", settings=recipe) as run:
        request, source, words = with_data(request)
        check_given(recipe, request.vectors)
        record_request(run, {"request": request})
        run.tag(tweets_from=words, **({"trigger": request.trigger} if request.trigger else {}))
        refuse_costs(source.columns.class_names, recipe.threshold.miss_costs)
        tweets = add_own_labels(request.labels, ingest_tweets(source, recipe, run), run)
        run.log_dataset(tweets, "tweets", source.source)
        corpora = ingest_corpora(list(request.corpora), run)
        texts = ingest_labelled_texts(request.labelled_texts, run)
        kinds = read_kinds(run, request.kinds, request.kinds_columns, source, tweets, recipe.text)
        if texts:  # other data sets may hold the very tweets that will be scored
            corpora = [exclude_texts(run, [*corpora, *texts], gather_labelled(run, tweets), [], kinds)]
        elif corpora:
            say_held_out(find_held_out(run, corpora, tweets))
        features = featurize(tweets, corpora, recipe, run)
        tests = vector_tests(run, snapshot(request.similarities), snapshot(request.analogies))
        text = UnlabelledText(features.corpus_tokens, tweets, features.tokens)
        external = read_external(request.vectors, recipe.external, run)
        vectors = embed(text, recipe.embeddings, recipe.seed, tests, run, external)
        vectors = add_external(vectors, external, features.vocabulary, recipe, run)
        pretrained = {}
        if features.corpus_tokens is not None and texts:
            pretrained = pretrain(features.corpus_tokens, texts, vectors, recipe, run)
        others = OtherLabels(pretrained, kinds)
        models = classify(tweets, features, vectors, recipe, run, None, others)
        fitted = Fitted(tweets, features, vectors, models, others)
        result = conclude(run, fitted, request, recipe, start)
        return {**result, "tweets_from": words}


def recipe_of(request: RetrainRequest) -> Recipe:
    """The recipe with what the request asks for instead."""
    recipe = load_recipe(request.recipe, request.seed)
    if request.miss_costs is None:
        return recipe
    threshold = ThresholdSettings(aim=recipe.threshold.aim, miss_costs=request.miss_costs)
    return recipe.model_copy(update={"threshold": threshold})


def with_data(request: RetrainRequest) -> tuple[RetrainRequest, TweetSource, str]:
    """The request with data named, its tweets, and in words where they come from; says so where nothing was named."""
    if request.tweets is not None:
        return request, request.tweets, f"named: {mask_secrets(request.tweets.source)}"
    data = champion_data.champion_data()
    say(f"no tweets are named: {data.words}")
    chosen: dict[str, Any] = {"tweets": data.tweets, "corpora": request.corpora or data.corpora}
    chosen["labelled_texts"] = request.labelled_texts or data.labelled_texts
    chosen["kinds"], chosen["kinds_columns"] = request.kinds or data.kinds, request.kinds_columns or data.kinds_columns
    chosen["vectors"] = request.vectors or data.vectors
    chosen["labels"] = data.labels if request.labels == OWN else request.labels
    return request.model_copy(update=chosen), data.tweets, data.words


def conclude(
    run: tracking.Run, fitted: Fitted, request: RetrainRequest, recipe: Recipe, start: float
) -> dict[str, Any]:
    """Choose among the models, let the best challenge the champion, and describe the run where people will look."""
    rows = comparison.model_rows(run.run_id)
    chosen = _choose(rows, fitted)
    best = chosen.row
    signals.raise_if_interrupted()
    kinds = judge_kinds(run, fitted, best.name, recipe)
    signals.raise_if_interrupted()  # no promotion after Ctrl-C
    prepare = refit_on_demand(run, best.name, fitted, request, recipe)
    decision = (
        _challenge(run, best, fitted.tweets, request, recipe.gate, prepare) if request.promote else NOT_CHALLENGED
    )
    if request.refit and prepare is not None:
        prepare()  # where the gate let none be made
    _record(run, rows, chosen, decision)
    _tell(run, decision)
    return {
        "run_id": run.run_id,
        "tracking_uri": tracking.public_uri(),
        **tweet_counts(fitted.tweets),
        "models": [row.summary() for row in rows],
        "best": best.name,
        "choice": chosen.summary(),
        "kinds": kinds,
        "promoted": decision.promoted,
        "decision": decision.reason,
        "refit": dict(decision.serves) or None,
        "reason": decision.verdict.reason if decision.verdict else decision.reason,
        "steps": tracking.step_outcomes(run.run_id),
        "seconds": round(time.monotonic() - start, 1),
    }


def _choose(rows: list[comparison.ModelRow], fitted: Fitted) -> choice.Chosen:
    """The choice among all models; where kinds of information were learned, among those that tell them."""
    if fitted.others.kinds is None:
        return choice.choose(rows)
    chosen = choice.choose([row for row in rows if fitted.tells_kinds(row.name)])
    best = choice.choose(rows).row.name
    passed = f"; of all models {best} would have been chosen, which tells none" if best != chosen.row.name else ""
    return replace(chosen, words=f"{chosen.words} (among the models that tell kinds of information{passed})")


def _record(run: tracking.Run, rows: list[comparison.ModelRow], chosen: choice.Chosen, decision: Decision) -> None:
    """Comparison, choice and decision on the run and in Prefect."""
    best = chosen.row
    comparison.record(run, rows, best, comparison_page(rows))
    chosen.record(run)
    lineage.record(run)
    table = comparison.comparison_markdown(rows, best.name)
    said = f"MLflow run `{run.run_id}`. {best.name} is chosen: {chosen.words}. {decision.reason}."
    create_markdown_artifact(
        key="comparison",
        markdown=f"{table}\n\n{said}",
        description="Models of this retraining on the held-out test rows",
    )
    run.tag(best=best.name, promoted=str(decision.promoted).lower(), decision=decision.reason)


def _tell(run: tracking.Run, decision: Decision) -> None:
    """Tell those who asked that a model is promoted, or why it is refused."""
    if decision.version:
        event: Event = "promotion" if decision.promoted else "refusal"
        title = f"version {decision.version} is {'champion' if decision.promoted else 'refused'}"
        tell(News(event, run.run_id, title, f"{decision.reason}. MLflow run {run.run_id}."))


def refit_on_demand(
    run: tracking.Run, name: str, fitted: Fitted, request: RetrainRequest, recipe: Recipe
) -> Prepare | None:
    """A function that refits the model of this name, once at most, and notes it on the run; None if none is wanted."""
    wanted = recipe.served.refit == "all" if request.refit is None else request.refit
    run.tag(refitted="false")
    if not wanted:
        return None

    @cache
    def prepare() -> Served:
        say(f"  {name} is fitted again on all labelled rows, to be served")
        made = refit(name, fitted, recipe, run)
        run.tag(refitted="true", **made.tags)
        return made

    return prepare


def _challenge(
    run: tracking.Run,
    best: comparison.ModelRow,
    tweets: Path,
    request: RetrainRequest,
    gate: GateSettings,
    prepare: Prepare | None,
) -> Decision:
    source = ""
    if request.tweets is not None:
        texts, files = (request.corpora, request.labelled_texts), (request.vectors, request.labels)
        source = champion_data.in_json(request.tweets, *texts, *files, request.kinds, request.kinds_columns)
    return challenge(run, best, tweets, gate, source, request.replace_data, prepare)
