"""Featurize: tokens, vocabulary, and the frequency vectors of documents and words."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from prefect import flow

from flows.ingest import TweetSource, ingest_corpora, ingest_tweets
from flows.names import scheduled_name
from models.settings import CooccurrenceSettings, Recipe
from tasks.recipes import load_recipe
from tasks.tracking import Run, tracked_run
from tasks.tracking.requests import record_request
from tasks.training.features import (
    build_vocabulary,
    count_characters,
    count_cooccurrences,
    count_words,
    tokenize_corpus,
    tokenize_tweets,
)


@dataclass(frozen=True)
class Features:
    """What featurization made, by artifact."""

    tokens: Path
    corpus_tokens: Path | None
    vocabulary: Path | None
    bag_of_words: Path | None
    cooccurrence: Path | None
    characters: Path | None = None


def needs_characters(recipe: Recipe) -> bool:
    """Whether any model of the recipe reads character n-grams."""
    return "characters" in recipe.nb_svm.representations


@flow(flow_run_name=scheduled_name, validate_parameters=False)
def featurize(tweets: Path, corpora: list[Path], recipe: Recipe, parent: Run | None = None) -> Features:
    """Tokenize tweets and corpora; fit vocabulary, bag of words and co-occurrence on what may be learned from."""
    with tracked_run("featurize", "featurize", parent) as run:
        tokens = tokenize_tweets(run, tweets, recipe.text)
        corpus_tokens = tokenize_corpus(run, corpora, recipe.text) if corpora else None
        return Features(
            tokens=tokens,
            corpus_tokens=corpus_tokens,
            vocabulary=build_vocabulary(run, tweets, tokens, recipe.vocabulary),
            bag_of_words=count_words(run, tweets, tokens, recipe.frequency),
            cooccurrence=count_cooccurrences(run, tweets, tokens, corpus_tokens, recipe.cooccurrence, recipe.seed),
            characters=count_characters(run, tweets, tokens, recipe.characters) if needs_characters(recipe) else None,
        )


@flow(name="featurize alone", flow_run_name=scheduled_name, validate_parameters=False)
def featurize_sources(
    tweets: TweetSource, corpora: Sequence[str], recipe_name: str, cooccurrence: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Ingest and featurize; return what `--json` prints. `cooccurrence` are settings instead of the recipe's."""
    recipe = load_recipe(recipe_name)
    chosen = CooccurrenceSettings(**{**recipe.cooccurrence.model_dump(), **(cooccurrence or {})})
    recipe = recipe.model_copy(update={"cooccurrence": chosen})
    with tracked_run("featurize", "featurize", settings=recipe) as run:
        record_request(run)
        features = featurize(ingest_tweets(tweets, recipe, run), ingest_corpora(corpora, run), recipe, run)
    made = {name: str(path) for name, path in asdict(features).items() if path is not None}
    return {"run_id": run.run_id, "artifacts": made}
