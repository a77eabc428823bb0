"""Retrain: the main job. From raw files to a tracked, compared set of models, the best of them in use."""

import time
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from pydantic import Field

from flows.classify import classify, pretrain
from flows.embed import embed
from flows.featurize import featurize
from flows.ingest import TweetSource, ingest_corpora, ingest_labelled_texts, ingest_tweets, snapshot
from flows.names import scheduled_name
from models.settings import GateSettings, Settings
from tasks import lineage, tracking
from tasks.evaluation import comparison
from tasks.evaluation.fold_tables import gather_labelled
from tasks.evaluation.leakage import exclude_texts
from tasks.ingestion.steps import tweet_counts
from tasks.recipes import load_recipe
from tasks.registry import NOT_CHALLENGED
from tasks.registry.gate import challenge
from tasks.runtime import signals
from tasks.runtime.redaction import mask_secrets
from tasks.tracking.requests import record_request
from tasks.training.embeddings import UnlabelledText, VectorTests


class RetrainRequest(Settings):
    """What to retrain on, and how. The bundled sample when no tweets are named."""

    tweets: TweetSource = TweetSource()
    corpora: tuple[str, ...] = Field((), description="Text to learn word vectors from, besides the training tweets.")
    labelled_texts: tuple[str, ...] = Field(
        (), description="Texts with labels of other tasks, to pre-train networks on."
    )
    recipe: str = Field("standard", description="Name of a recipe, or path of a .toml file.")
    seed: int | None = Field(None, description="Instead of the recipe's own.")
    promote: bool = Field(True, description="Put the best model in use, if it is better than the one that is.")
    similarities: str | None = Field(None, description="Word pairs with human similarity scores, to score vectors on.")
    analogies: str | None = Field(None, description="Analogy questions, to score vectors on.")


@flow(name="retrain", flow_run_name=scheduled_name)
def retrain(request: RetrainRequest) -> dict[str, Any]:
    """Ingest, featurize, embed, classify, compare, promote; return the summary that `--json` prints."""
    start = time.monotonic()
    recipe = load_recipe(request.recipe, request.seed)
    with tracking.tracked_run(f"retrain {recipe.name}", "retrain", settings=recipe) as run:
        record_request(run)
        tweets = ingest_tweets(request.tweets, recipe, run)
        run.log_dataset(tweets, "tweets", request.tweets.source)
        corpora = ingest_corpora(list(request.corpora), run)
        texts = ingest_labelled_texts(request.labelled_texts, run)
        if texts:  # other data sets may hold the very tweets that will be scored
            corpora = [exclude_texts(run, [*corpora, *texts], gather_labelled(run, tweets), [])]
        features = featurize(tweets, corpora, recipe, run)
        tests = VectorTests(snapshot(request.similarities), snapshot(request.analogies))
        text = UnlabelledText(features.corpus_tokens, tweets, features.tokens)
        vectors = embed(text, recipe.embeddings, recipe.seed, tests, run)
        pretrained = {}
        if features.corpus_tokens is not None and texts:
            pretrained = pretrain(features.corpus_tokens, texts, vectors, recipe, run)
        classify(tweets, features, vectors, recipe, run, None, pretrained)
        return conclude(run, tweets, recipe.gate if request.promote else None, start)


def conclude(run: tracking.Run, tweets: Path, gate: GateSettings | None, start: float) -> dict[str, Any]:
    """Compare the models, let the best challenge the champion, and describe the run where people will look for it."""
    rows = comparison.model_rows(run.run_id)
    best = comparison.best_row(rows)
    signals.raise_if_interrupted()  # no promotion after Ctrl-C
    decision = challenge(run, best, tweets, gate) if gate else NOT_CHALLENGED
    comparison.record(run, rows, best)
    lineage.record(run)
    create_markdown_artifact(
        key="comparison",
        markdown=comparison.comparison_markdown(rows, best.name) + f"\n\nMLflow run `{run.run_id}`. {decision.reason}.",
        description="Models of this retraining on the held-out test rows",
    )
    run.tag(best=best.name, promoted=str(decision.promoted).lower(), decision=decision.reason)
    return {
        "run_id": run.run_id,
        "tracking_uri": mask_secrets(tracking.tracking_uri()),
        **tweet_counts(tweets),
        "models": [row.summary() for row in rows],
        "best": best.name,
        "promoted": decision.promoted,
        "decision": decision.reason,
        "steps": tracking.step_outcomes(run.run_id),
        "seconds": round(time.monotonic() - start, 1),
    }
