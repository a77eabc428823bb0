"""Drill: past events replayed in order of time, under several policies, to see what pays."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from prefect import flow
from pydantic import Field

from flows.embed import embed
from flows.event_folds import with_events
from flows.fold import embeddings_for
from flows.ingest import TweetSource, ingest_corpora, ingest_labelled_texts, ingest_tweets
from flows.names import scheduled_name
from models.drill.policies import POLICIES
from models.settings import ClassifierSettings, Recipe, Settings
from models.settings.drill import DrillSettings
from tasks import tracking
from tasks.drill import results
from tasks.drill.replay import read, replay
from tasks.drill.tape import Tape, begin, read_tape
from tasks.evaluation import fold_tables
from tasks.evaluation.events import event_names, matching
from tasks.evaluation.leakage import exclude_texts
from tasks.recipes import load_recipe
from tasks.tracking.requests import record_request
from tasks.training.embeddings import UnlabelledText, VectorTests
from tasks.training.features import tokenize_corpus, tokenize_tweets


class DrillRequest(Settings):
    """Which events to replay, and how."""

    tweets: TweetSource = Field(..., description="Labelled tweets of several events, with the ids that Twitter gave.")
    events: str = Field("folders", description="How the event of a tweet is told: folders, files, or a column.")
    event: tuple[str, ...] = Field((), description="Score these events only; what was sent before them is labelled.")
    warm_up: int = Field(4, ge=1, description="Events that are labelled before the drill begins.")
    budget: int = Field(10, ge=1, description="Tweets that people are asked about in a night.")
    policies: tuple[str, ...] = Field((), description="Names of policies; by default all of them.")
    recipe: str = Field("quick", description="Recipe whose settings of TF-IDF, thresholds, splits and gate are used.")
    seed: int = Field(0, description="Of random draws.")
    network: bool = Field(False, description="Train the recipe's first network instead of logistic regression.")
    corpora: tuple[str, ...] = Field((), description="Unlabelled text for the network's word vectors.")
    labelled_texts: tuple[str, ...] = Field((), description="Texts with labels of other tasks, for the same.")
    retrain_after: tuple[int, ...] = Field((), description="Nights of an event at whose end to retrain; empty: all.")


@flow(name="drill", flow_run_name=scheduled_name)
def drill(request: DrillRequest) -> dict[str, Any]:
    """Replay the events under every policy; return what `--json` prints: see `tasks.drill.results.score`, and

    `run_id`, `tweets`, `nights`, `known` (labelled tweets sent before), `budget`, `model`, `steps` (`run`, `cached`),
    `seconds`.
    """
    start, chosen = time.monotonic(), chosen_policies(request.policies)
    recipe = load_recipe(request.recipe)
    network = chosen_network(request, recipe)
    with tracking.tracked_run("drill", "drill", settings=request) as run:
        record_request(run)
        labelled, tokens, settings = prepared(request, recipe, network, run)
        vectors = word_vectors(request, network, labelled, recipe, run) if network else None
        tape = read_tape(labelled, tokens, settings.split)
        first, events = begin(tape, settings.warm_up, settings.events)
        artifacts = {name: replay(run, labelled, tokens, name, POLICIES[name], settings, vectors) for name in chosen}
        summary = {
            "run_id": run.run_id,
            **_extent(tape, artifacts[chosen[0]], first),
            "budget": request.budget,
            "model": network.name if network else "logistic/tf-idf",
            **results.score(artifacts, results.cpu_seconds(run.run_id, artifacts), events, tape.target.names),
        }
        results.record(run, summary)
    steps = tracking.step_outcomes(run.run_id)
    return {**summary, "steps": steps, "seconds": round(time.monotonic() - start, 1)}


def prepared(
    request: DrillRequest, recipe: Recipe, network: ClassifierSettings | None, run: tracking.Run
) -> tuple[Path, Path, DrillSettings]:
    """The labelled tweets with their events, their tokens, and the settings of every replay."""
    tweets = ingest_tweets(request.tweets, recipe, run)
    run.log_dataset(tweets, "tweets", request.tweets.source)
    labelled = with_events(fold_tables.gather_labelled(run, tweets), request.tweets, request.events, run)
    known = sorted(set(event_names(labelled).to_pylist()))
    settings = DrillSettings(
        warm_up=request.warm_up,
        budget=request.budget,
        events=tuple(sorted(matching(known, request.event, "--event"))),
        seed=request.seed,
        retrain_after=request.retrain_after,
        network=network,
        vocabulary=recipe.vocabulary,
        frequency=recipe.frequency,
        logistic=recipe.logistic,
        threshold=recipe.threshold,
        split=recipe.split,
        gate=recipe.gate,
    )
    return labelled, tokenize_tweets(run, labelled, recipe.text), settings


def chosen_network(request: DrillRequest, recipe: Recipe) -> ClassifierSettings | None:
    """The first network of the recipe that starts from its own word vectors, if one is asked for.

    Raises ValueError for a recipe without, and where no text is given to learn the vectors from.
    """
    if not request.network:
        return None
    if not request.corpora and not request.labelled_texts:
        raise ValueError("--network needs text for its word vectors that is not of the events: give --corpus SRC")
    trained = {each.architecture for each in recipe.embeddings}
    network = next((each for each in recipe.classifiers if each.features in trained), None)
    if network is None:
        raise ValueError(f"recipe {recipe.name} has no network that starts from its own word vectors: use quick")
    return network


def word_vectors(
    request: DrillRequest, network: ClassifierSettings, labelled: Path, recipe: Recipe, run: tracking.Run
) -> Path:
    """The vectors that every network of the drill starts from, of texts without those of the tape."""
    texts = [*ingest_corpora(list(request.corpora), run), *ingest_labelled_texts(request.labelled_texts, run)]
    tokens = tokenize_corpus(run, [exclude_texts(run, texts, labelled, [])], recipe.text)
    learned = embed.fn(UnlabelledText(tokens), embeddings_for([network.name], recipe), recipe.seed, VectorTests(), run)
    return learned[network.features]


def chosen_policies(names: tuple[str, ...]) -> list[str]:
    """The policies to replay, in the order of the list. Raises ValueError for a name that is none."""
    unknown = [name for name in names if name not in POLICIES]
    if unknown:
        raise ValueError(f"there is no policy {unknown[0]!r}: there are {'; '.join(POLICIES)}")
    return [name for name in POLICIES if name in names or not names]


def _extent(tape: Tape, artifact: Path, first: int) -> dict[str, int]:
    scores, nights = read(artifact)
    return {"tweets": len(scores), "nights": len(nights), "known": int(np.sum(tape.nights < first))}
