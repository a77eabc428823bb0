"""Word vectors from elsewhere, alone and beside our own: for networks and trainings to start from."""

from collections.abc import Collection, Mapping
from pathlib import Path

from flows.ingest import snapshot
from models.settings import Architecture, ExternalVectorSettings, Recipe, Representation
from tasks.runtime.progress import say
from tasks.tracking import Run
from tasks.training.external_vectors import (
    concatenate_vectors,
    describe_coverage,
    match_external_vectors,
    read_external_vectors,
)

EXTERNAL: Representation = "external"
BESIDE: dict[Representation, Architecture] = {"external-cbow": "cbow", "external-skip-gram": "skip-gram"}


def read_external(file: str | None, settings: ExternalVectorSettings, run: Run) -> Path | None:
    """The words and vectors of a file, None of none."""
    raw = snapshot(file)
    return None if raw is None else read_external_vectors(run, raw, settings.max_words)


def check_given(recipe: Recipe, vectors: str | None) -> None:
    """Raise ValueError when a training of the recipe starts from external vectors and none are given."""
    begun = [each.architecture for each in recipe.embeddings if each.start == "external"]
    if begun and vectors is None:
        raise ValueError(
            f"recipe {recipe.name} starts {' and '.join(begun)} vectors from external ones: give --vectors FILE"
        )


def start_vectors(recipe: Recipe, only: Collection[str] | None = None) -> set[Representation]:
    """What the networks of a recipe start from, or those of these names; pre-trained ones before their pre-training."""
    wanted = [each for each in recipe.classifiers if only is None or each.name in only]
    return {each.pretraining.vectors if each.features == "multi-task" else each.features for each in wanted}


def external_names(recipe: Recipe) -> set[str]:
    """The models that there are only where external vectors are given."""
    networks = {each.name for each in recipe.classifiers if start_vectors(recipe, [each.name]) & {EXTERNAL, *BESIDE}}
    return {f"logistic/{EXTERNAL}", *networks}


def add_external(
    vectors: Mapping[Representation, Path],
    external: Path | None,
    vocabulary: Path | None,
    recipe: Recipe,
    run: Run,
    only: Collection[str] | None = None,
) -> dict[Representation, Path]:
    """These vectors, and what is made of the external ones: alone, and beside ours where networks start from both.

    How much of the vocabulary they cover is said.
    """
    if external is None or vocabulary is None:
        return dict(vectors)
    matched = match_external_vectors(run, external, vocabulary, recipe.external, recipe.text.lowercase)
    say(f"  external vectors: {describe_coverage(matched)}")
    wanted = start_vectors(recipe, only)
    both = {
        name: concatenate_vectors(run, matched, vectors[architecture], architecture)
        for name, architecture in BESIDE.items()
        if name in wanted and architecture in vectors
    }
    if not wanted & {EXTERNAL, *BESIDE}:
        say(
            f"  no network of recipe {recipe.name} starts from external vectors, logistic/external alone uses them: "
            'give a classifier features = "external" or "external-skip-gram"'
        )
    return {**vectors, EXTERNAL: matched, **both}
