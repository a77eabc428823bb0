"""Embed: CBOW and skip-gram vectors, learned from unlabelled text and scored on what people know of words."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from prefect import flow

from flows.external import read_external
from flows.ingest import ingest_corpora, snapshot
from flows.names import scheduled_name
from models.settings import EmbeddingSettings, ExternalVectorSettings, Representation, TextSettings
from tasks.cluster.units import side_by_side
from tasks.tracking import Run, tracked_run
from tasks.tracking.requests import record_request
from tasks.training.embeddings import (
    UnlabelledText,
    VectorTests,
    embedding_summary,
    score_vectors,
    train_vectors,
    vector_tests,
)
from tasks.training.features import tokenize_corpus


@flow(flow_run_name=scheduled_name, validate_parameters=False)
def embed(
    text: UnlabelledText,
    settings: Sequence[EmbeddingSettings],
    seed: int,
    tests: VectorTests,
    parent: Run | None = None,
    external: Path | None = None,
) -> dict[Representation, Path]:
    """Train each architecture on the text and score it; return the vectors by architecture.

    Those whose settings say so start from the external vectors.
    """

    def learn(each: EmbeddingSettings) -> Path:
        # Without a corpus, the tweets are all there is to read.
        read = text if each.read_tweets or not text.corpus_tokens else replace(text, tweets=None, tokens=None)
        trained = train_vectors(run, read, each, seed, tests, external if each.start == "external" else None)
        if tests.similarities or tests.analogies:
            score_vectors(run, trained, each.architecture, tests.similarities, tests.analogies)
        return trained

    with tracked_run("embed", "embed", parent) as run:
        learned = side_by_side(learn, settings)
    return {each.architecture: vectors for each, vectors in zip(settings, learned, strict=True)}


@flow(name="embed alone", flow_run_name=scheduled_name, validate_parameters=False)
def embed_corpora(
    corpora: Sequence[str],
    settings: EmbeddingSettings,
    seed: int,
    similarities: str | None,
    analogies: str | None,
    vectors: str | None = None,
) -> dict[str, Any]:
    """Ingest and tokenize corpora and train word vectors on nothing else; return what `--json` prints.

    With a file of vectors, training starts from them.
    """
    if vectors is not None:
        settings = EmbeddingSettings(**{**settings.model_dump(), "start": "external"})
    with tracked_run("embed", "embed", settings={**settings.model_dump(), "seed": seed}) as run:
        record_request(run)
        tests = vector_tests(run, snapshot(similarities), snapshot(analogies))
        external = read_external(vectors, ExternalVectorSettings(), run)
        tokens = tokenize_corpus(run, ingest_corpora(corpora, run), TextSettings())
        trained = embed(UnlabelledText(tokens), [settings], seed, tests, run, external)
    return embedding_summary(run, settings, trained[settings.architecture])
