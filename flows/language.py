"""Language: a model of which word follows, learned from unlabelled text, and text drawn from it."""

from collections.abc import Sequence
from typing import Any

from prefect import flow

from flows.ingest import TweetSource, ingest_corpora, ingest_tweets
from flows.names import scheduled_name
from models.language.settings import LanguageSettings
from models.settings import Recipe
from tasks.tracking import Run, tracked_run
from tasks.tracking.requests import record_request
from tasks.training.embeddings import UnlabelledText
from tasks.training.features import tokenize_corpus, tokenize_tweets
from tasks.training.language_model import language_summary, train_language_model


@flow(name="language model", flow_run_name=scheduled_name, validate_parameters=False)
def language_model(
    corpora: Sequence[str], tweets: TweetSource | None, settings: LanguageSettings, seed: int
) -> dict[str, Any]:
    """Train a language model on corpora, on the training rows of tweets, or on both; return what `--json` prints."""
    with tracked_run("language model", "language", settings={**settings.model_dump(), "seed": seed}) as run:
        record_request(run)
        text = read_text(corpora, tweets, run)
        model = train_language_model(run, text, settings, Recipe().text, seed)
    return language_summary(run, settings, model)


def read_text(corpora: Sequence[str], tweets: TweetSource | None, run: Run) -> UnlabelledText:
    """Corpora and tweets, ingested and tokenized, whichever is given."""
    recipe = Recipe()
    corpus_tokens = tokenize_corpus(run, ingest_corpora(corpora, run), recipe.text) if corpora else None
    if tweets is None:
        return UnlabelledText(corpus_tokens)
    table = ingest_tweets(tweets, recipe, run)
    return UnlabelledText(corpus_tokens, table, tokenize_tweets(run, table, recipe.text))
