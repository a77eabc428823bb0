"""Classify: one model for each representation and network, all on the same rows."""

from collections.abc import Collection, Mapping
from pathlib import Path

from prefect import flow

from flows.featurize import Features
from models.settings import Recipe, Representation
from tasks.classifiers import train_logistic, train_nb_svm, train_network
from tasks.tracking import Run, tracked_run

BAGS: tuple[Representation, ...] = ("one-hot", "count", "tf-idf")
NB_SVM = "nb-svm/one-hot"


def model_names(recipe: Recipe) -> list[str]:
    """The names of all models of a recipe, in the order in which they are trained."""
    vectors = (each.architecture for each in recipe.embeddings)
    logistic = [f"logistic/{name}" for name in (*BAGS, "co-occurrence", *vectors)]
    return [*logistic, NB_SVM, *(network.name for network in recipe.classifiers)]


@flow(validate_parameters=False)
def classify(
    tweets: Path,
    features: Features,
    vectors: Mapping[Representation, Path],
    recipe: Recipe,
    parent: Run | None = None,
    only: Collection[str] | None = None,
) -> dict[str, Path]:
    """Train linear models on every representation, then the recipe's networks; return the models by name.

    `only` limits what is trained to the models of these names.
    """
    wanted = set(model_names(recipe) if only is None else only)
    representations = {**dict.fromkeys(BAGS, features.bag_of_words), "co-occurrence": features.cooccurrence, **vectors}
    models = {}
    with tracked_run("classify", "classify", parent) as run:
        for name, artifact in representations.items():
            if f"logistic/{name}" in wanted:
                models[f"logistic/{name}"] = train_logistic(
                    run, tweets, features.tokens, _made(artifact), name, recipe.logistic, recipe.text
                )
        if NB_SVM in wanted:
            models[NB_SVM] = train_nb_svm(
                run, tweets, features.tokens, _made(features.bag_of_words), "one-hot", recipe.nb_svm, recipe.text
            )
        for network in recipe.classifiers:
            if network.name in wanted:
                models[network.name] = train_network(
                    run,
                    tweets,
                    features.tokens,
                    _made(features.vocabulary),
                    vectors.get(network.features),
                    network,
                    recipe.text,
                    recipe.seed,
                )
    return models


def _made(artifact: Path | None) -> Path:
    """The artifact, once it is sure that featurization was asked to make it."""
    if artifact is None:
        raise ValueError("a model needs features that were not made: featurize for the models that are trained")
    return artifact
