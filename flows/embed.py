"""Embed: CBOW and skip-gram vectors, learned from unlabelled text and scored on what people know of words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prefect import flow

from models.settings import EmbeddingSettings
from tasks.embeddings import score_vectors, train_vectors
from tasks.tracking import Run, tracked_run


@dataclass(frozen=True)
class UnlabelledText:
    """The text to learn from: a tokenized corpus, and tweets, of which the training rows are read."""

    corpus_tokens: Path | None
    tweets: Path | None = None
    tokens: Path | None = None


@dataclass(frozen=True)
class VectorTests:
    """Files of human judgements, as raw snapshots: word similarities and analogies, either or none."""

    similarities: Path | None = None
    analogies: Path | None = None


@flow(validate_parameters=False)
def embed(
    text: UnlabelledText,
    settings: Sequence[EmbeddingSettings],
    seed: int,
    tests: VectorTests,
    parent: Run | None = None,
) -> dict[str, Path]:
    """Train each architecture on the text and score it; return the vectors by architecture."""
    vectors: dict[str, Path] = {}
    with tracked_run("embed", "embed", parent) as run:
        for each in settings:
            trained = train_vectors(run, text.tweets, text.tokens, text.corpus_tokens, each, seed)
            if tests.similarities or tests.analogies:
                score_vectors(run, trained, each.architecture, tests.similarities, tests.analogies)
            vectors[each.architecture] = trained
    return vectors
