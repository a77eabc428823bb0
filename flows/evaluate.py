"""Evaluate: a recipe judged by folds of tweets or of whole events, every choice made on inner splits."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import flow
from pydantic import Field

from flows import event_folds
from flows.classify import ENSEMBLE, NB_SVM, model_names, pretrained_names, with_ensemble, with_members
from flows.external import check_given, external_names, read_external
from flows.fold import Evaluated, EventTexts, Fitted, fit_fold
from flows.ingest import TweetSource, ingest_corpora, ingest_labelled_texts, ingest_tweets, snapshot
from flows.names import scheduled_name
from models.settings import Recipe, Settings
from models.settings.events import AdaptationSettings
from models.splitting.events import EventFold
from models.splitting.folds import Fold
from tasks import tracking
from tasks.cluster.units import side_by_side
from tasks.evaluation import event_record, fold_tables, held_out_usage, record
from tasks.evaluation import learning_curve as evaluation_learning_curve
from tasks.evaluation.events import documents_by_event
from tasks.evaluation.fit_times import fit_seconds
from tasks.evaluation.leakage import exclude_texts
from tasks.recipes import load_recipe
from tasks.tracking.requests import record_request
from tasks.training.features import tokenize_corpus, tokenize_tweets

BASELINES = ("logistic/tf-idf", NB_SVM)
TRAINING_SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)
FOLDS = 5


class EvaluateRequest(Settings):
    """Which recipe to judge, on what, and how often."""

    tweets: TweetSource = TweetSource()
    corpora: tuple[str, ...] = Field((), description="Unlabelled text; documents with the text of a row are dropped.")
    labelled_texts: tuple[str, ...] = Field(
        (), description="Texts with labels of other tasks, to pre-train networks on."
    )
    exclude: tuple[str, ...] = Field((), description="Tweets whose texts are dropped from unlabelled text as well.")
    recipe: str = Field("quick", description="Name of a recipe, or path of a .toml file.")
    seed: int | None = Field(None, description="The first seed, instead of the recipe's own.")
    events: str | None = Field(
        None, description="How the event of a tweet is told: folders, files, or a column. Then events are held out."
    )
    hold_out: tuple[str, ...] = Field((), description="Hold out these events only; the others are always trained on.")
    apart: tuple[str, ...] = Field((), description="Events whose mean is reported apart from that of the others.")
    adapt: tuple[int, ...] = Field((), description="Numbers of labels of the held-out event to learn from afterwards.")
    folds: int | None = Field(
        None, ge=2, description="Parts that tweets (5) or events (each by itself) are dealt out to, each held out once."
    )
    seeds: int = Field(1, ge=1, description="How often: each seed is another partition and other draws in training.")
    models: tuple[str, ...] = Field((), description="What to train; by default the networks and the two baselines.")
    vectors: str | None = Field(None, description="Word vectors from elsewhere, to start networks and trainings from.")
    learning_curve: bool = Field(False, description="Also train on smaller shares of the training tweets.")


@flow(name="evaluate", flow_run_name=scheduled_name)
def evaluate(request: EvaluateRequest) -> dict[str, Any]:
    """Fit and score every model on every fold under every seed; return the summary that `--json` prints.

    Keys: `run_id`, `recipe`, `rows` (scored), `positives` and `quarantined` of them (of a label of several classes in
    place of positives `classes`, the rows of each, and every `f1` is the macro F1), `groups` of near-duplicates,
    `folds`, `seeds` (a list), `outer_evaluation` (which look at this table this is) and `outer_evaluation_of_recipe`,
    `recipe_digest`, `looks` (both in words), `budget_minutes`, `predictions` (path, see
    `tasks.evaluation.predictions.held_out`), `steps` (`run`, `cached`), `seconds`.
    `models`: `name`; `accuracy`, `f1` (positive class), `roc_auc`, `log_loss`, `brier`, `ece` pooled over all held-out
    rows; the same within `intervals` ([low, high], 95 %), `folds` (`mean` and `deviation` over all fits) and `seeds`
    (pooled, one value for each seed); `fit_seconds` (mean), `longest_fit_seconds`, `within_budget`.
    `comparisons`: `model`, `baseline`; `differences` of accuracy, f1, roc_auc and log_loss (`value`, `interval`, `p` of
    the paired bootstrap); `mcnemar`, for each seed `only_first` (rows that only the model has right), `only_second`,
    `exact` and `mid_p`.
    `learning_curve`: the fields of `tasks.evaluation.learning_curve.CurvePoint`; empty unless it was asked for.
    With events also `held_out` (how they are told) and what `tasks.evaluation.event_record.score` returns.
    """
    start = time.monotonic()
    check_request(request)
    recipe = load_recipe(request.recipe, request.seed)
    check_given(recipe, request.vectors)
    names = chosen_models(recipe, request.models, bool(request.labelled_texts), request.vectors is not None)
    with tracking.tracked_run(f"{recipe.name} evaluation", "evaluate", settings=recipe) as run:
        record_request(run)
        labelled = _labelled_tweets(request, recipe, run)
        looks = held_out_usage.register(run, labelled, recipe)
        labelled = _told_apart(labelled, request, run)
        folds = planned(request, recipe, labelled)
        evaluated = _evaluated(request, labelled, names, recipe, run)
        fitted = side_by_side(lambda fold: fit_fold(evaluated, recipe_of(recipe, fold), fold, run), folds)
        summary = {
            "run_id": run.run_id,
            **described(fitted, recipe),
            **looks.summary(),
            **score(run, fitted, recipe),
            **score_events(request, evaluated, fitted),
        }
        curve = learning_curve(fitted) if request.learning_curve else []
        record.record(run, summary, curve)
    return {
        **summary,
        "learning_curve": [vars(point) for point in curve],
        "steps": tracking.step_outcomes(run.run_id),
        "seconds": round(time.monotonic() - start, 1),
    }


def check_request(request: EvaluateRequest) -> None:
    """Raise ValueError for options of events without any, and for two that exclude each other."""
    if request.events is None:
        given = {"--hold-out": request.hold_out, "--apart": request.apart, "--adapt": request.adapt}
        if idle := [name for name, value in given.items() if value]:
            raise ValueError(f"{', '.join(idle)} needs events to hold out: say how they are told, --events COLUMN")
    if request.apart and request.folds is not None:
        raise ValueError("--apart names events, and --folds holds out several together: give one of them")


def _labelled_tweets(request: EvaluateRequest, recipe: Recipe, run: tracking.Run) -> Path:
    """The checked tweets that carry a label, one table for all folds."""
    tweets = ingest_tweets(request.tweets, recipe, run)
    run.log_dataset(tweets, "tweets", request.tweets.source)
    return fold_tables.gather_labelled(run, tweets)


def _told_apart(labelled: Path, request: EvaluateRequest, run: tracking.Run) -> Path:
    """The rows with the event of each, where events are held out."""
    if request.events is None:
        return labelled
    return event_folds.with_events(labelled, request.tweets, request.events, run)


def _evaluated(
    request: EvaluateRequest, labelled: Path, names: list[str], recipe: Recipe, run: tracking.Run
) -> Evaluated:
    """What every fold is fitted from: tweets with their tokens, further texts, the models to train."""
    tokens = tokenize_tweets(run, labelled, recipe.text)
    corpora = ingest_corpora(list(request.corpora), run)
    texts = ingest_labelled_texts(request.labelled_texts, run, request.events)
    external = read_external(request.vectors, recipe.external, run)
    unlabelled = unlabelled_texts(request, [*corpora, *texts], labelled, run)
    corpus = tokenize_corpus(run, [unlabelled], recipe.text) if unlabelled else None
    of_events = None
    if request.events and unlabelled:
        of_events = EventTexts(unlabelled, documents_by_event(run, [*corpora, *texts], request.events))
    adaptation = AdaptationSettings(labels=request.adapt) if request.adapt else None
    return Evaluated(labelled, tokens, corpus, names, texts, external, of_events, adaptation)


def chosen_models(recipe: Recipe, asked: Sequence[str], pretraining: bool = False, external: bool = False) -> list[str]:
    """The models to train, in the recipe's order. Raises ValueError naming those that the recipe has not.

    Without texts to pre-train on, networks that start from such a training are none of them; nor are models of
    external vectors where none are given.
    """
    absent = set() if pretraining else pretrained_names(recipe)
    if not external:
        absent |= with_ensemble(external_names(recipe), recipe)
    known = [name for name in model_names(recipe) if name not in absent]
    if unknown := [name for name in asked if name not in known]:
        raise ValueError(f"recipe {recipe.name} has no model {', '.join(unknown)}: use any of {', '.join(known)}")
    wanted = with_members(asked or [*BASELINES, *(network.name for network in recipe.classifiers), ENSEMBLE], recipe)
    return [name for name in known if name in wanted]


def unlabelled_texts(request: EvaluateRequest, sources: list[Path], labelled: Path, run: tracking.Run) -> Path | None:
    """Corpora and other tasks' texts without those that are scored or excluded; one for all folds."""
    if not sources:
        return None
    excluded = [path for path in map(snapshot, request.exclude) if path is not None]
    return exclude_texts(run, sources, labelled, excluded)


def planned(request: EvaluateRequest, recipe: Recipe, labelled: Path) -> Sequence[Fold]:
    """The folds of every seed, and of every share of the training tweets; the whole of them last."""
    shares = TRAINING_SHARES if request.learning_curve else TRAINING_SHARES[-1:]
    if request.events is not None:
        return event_folds.event_folds(request, recipe, labelled, shares)
    folds = request.folds or FOLDS
    return [
        Fold(
            folds=folds,
            number=number,
            seed=recipe.seed + seed,
            validation_share=recipe.split.validation_share,
            training_share=share,
        )
        for share in shares
        for seed in range(request.seeds)
        for number in range(1, folds + 1)
    ]


def recipe_of(recipe: Recipe, fold: Fold) -> Recipe:
    """The recipe with the fold's seed: another partition is also another start of every training."""
    return recipe.model_copy(update={"seed": fold.seed})


def described(fitted: Sequence[Fitted], recipe: Recipe) -> dict[str, Any]:
    """What was evaluated, on how many rows, folds and seeds."""
    return {
        "recipe": recipe.name,
        **fold_tables.scored_rows([each.table for each in fitted]),
        "folds": len({each.fold.number for each in fitted}),
        "seeds": sorted({each.fold.seed for each in fitted}),
    }


def score(run: tracking.Run, fitted: Sequence[Fitted], recipe: Recipe) -> dict[str, Any]:
    """The scores of the fits on all training rows."""
    whole = [each for each in fitted if each.fold.training_share == 1]
    costs = fit_seconds(run.run_id, [each.models for each in whole])
    return record.score([each.predictions for each in whole], costs, BASELINES, recipe.budget_minutes)


def score_events(request: EvaluateRequest, evaluated: Evaluated, fitted: Sequence[Fitted]) -> dict[str, Any]:
    """The scores by event, and after labels of the event; nothing where rows and not events were held out."""
    if request.events is None:
        return {}
    whole = [each for each in fitted if each.fold.training_share == 1]
    folds = [each.fold for each in whole if isinstance(each.fold, EventFold)]
    found = (
        event_folds.also_in(evaluated.labelled, evaluated.events.of_events, request.events) if evaluated.events else {}
    )
    return {
        "held_out": request.events,
        "unlabelled": event_folds.unlabelled_words(request, found),
        "also_in": found,
        **event_record.score(
            [each.predictions for each in whole],
            {fold.number: fold.unit for fold in folds},
            BASELINES,
            event_folds.apart(request, evaluated.labelled, folds),
            [path for each in whole for path in each.adapted],
            fold_tables.classes_of(evaluated.labelled),
        ),
    }


def learning_curve(fitted: Sequence[Fitted]) -> list[evaluation_learning_curve.CurvePoint]:
    """The scores at every share of the training rows, the smallest first."""
    points = []
    for share in TRAINING_SHARES:
        chosen = [each for each in fitted if each.fold.training_share == share]
        rows = evaluation_learning_curve.training_rows([each.table for each in chosen])
        points += evaluation_learning_curve.curve_points([each.predictions for each in chosen], share, rows)
    return points
