"""Classify: one model for each representation and network, all on the same rows."""

from collections.abc import Mapping
from pathlib import Path

from prefect import flow

from flows.featurize import Features
from models.settings import Recipe, Representation
from tasks.classifiers import train_logistic, train_network
from tasks.tracking import Run, tracked_run


@flow(validate_parameters=False)
def classify(
    tweets: Path, features: Features, vectors: Mapping[Representation, Path], recipe: Recipe, parent: Run | None = None
) -> dict[str, Path]:
    """Train logistic regression on every representation, then the recipe's networks; return the models by name."""
    representations: dict[Representation, Path] = {
        "one-hot": features.bag_of_words,
        "count": features.bag_of_words,
        "tf-idf": features.bag_of_words,
        "co-occurrence": features.cooccurrence,
        **vectors,
    }
    models = {}
    with tracked_run("classify", "classify", parent) as run:
        for name, artifact in representations.items():
            models[f"logistic/{name}"] = train_logistic(
                run, tweets, features.tokens, artifact, name, recipe.logistic, recipe.text
            )
        for network in recipe.classifiers:
            models[network.name] = train_network(
                run,
                tweets,
                features.tokens,
                features.vocabulary,
                vectors.get(network.features),
                network,
                recipe.text,
                recipe.seed,
            )
    return models
