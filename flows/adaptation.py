"""Adaptation: the models of a fold learn the event that it holds out, from a few of its labels."""

from collections.abc import Mapping
from pathlib import Path

from flows.classify import matrices_of
from flows.featurize import Features
from models.settings import Recipe, Representation
from models.settings.events import AdaptationSettings
from tasks.runtime.progress import say
from tasks.tracking import Run
from tasks.training.adaptation import adapt_linear, adapt_network
from tasks.training.labelled_tweets import LabelledInputs


def adapt(
    labelled: LabelledInputs,
    features: Features,
    vectors: Mapping[Representation, Path],
    models: Mapping[str, Path],
    recipe: Recipe,
    settings: AdaptationSettings,
    run: Run,
) -> list[Path]:
    """What each model says of the event after labels of it. An ensemble has no weights of its own: it is left out."""
    networks = {network.name: network for network in recipe.classifiers}
    matrices = {str(name): artifact for name, artifact in matrices_of(features, vectors).items()}
    adapted = []
    for name, model in models.items():
        kind, _, representation = name.partition("/")
        if name in networks:
            adapted.append(adapt_network(run, labelled, model, networks[name], settings, recipe.seed))
            continue
        matrix = matrices.get(representation)
        if kind not in ("logistic", "nb-svm") or matrix is None:
            say(f"  {name} is not adapted: it has no weights of its own")
            continue
        adapted.append(adapt_linear(run, labelled, model, matrix, name, settings, recipe.seed))
    return adapted
