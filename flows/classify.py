"""Classify: one model for each representation and network, all on the same rows; an ensemble of them on top."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from prefect import flow

from flows.external import EXTERNAL, external_names
from flows.featurize import Features
from flows.names import scheduled_name
from models.settings import ClassifierSettings, Recipe, Representation
from tasks.cluster.units import side_by_side
from tasks.tracking import Run, tracked_run
from tasks.training.answers import Use
from tasks.training.classifiers import combine_models, train_logistic, train_nb_svm, train_network, try_network
from tasks.training.labelled_tweets import LabelledInputs
from tasks.training.network import Start
from tasks.training.pretraining import pretrain_network

BAGS: tuple[Representation, ...] = ("one-hot", "count", "tf-idf")
NB_SVM = "nb-svm/one-hot"
ENSEMBLE = "ensemble/average"
MULTI_TASK = "multi-task"


class OtherLabels(NamedTuple):
    """What labels of other tasks give: networks to start from, by classifier, and texts with labels of kinds."""

    pretrained: Mapping[str, Path]
    kinds: Path | None = None


def model_names(recipe: Recipe) -> list[str]:
    """The names of all models of a recipe, in the order in which they are trained."""
    vectors = (each.architecture for each in recipe.embeddings)
    logistic = [f"logistic/{name}" for name in (*BAGS, "co-occurrence", *vectors, EXTERNAL)]
    nb_svm = [f"nb-svm/{name}" for name in recipe.nb_svm.representations]
    networks = [network.name for network in recipe.classifiers]
    return [*logistic, *nb_svm, *networks, *([ENSEMBLE] if recipe.ensemble.members else [])]


def pretrained_names(recipe: Recipe) -> set[str]:
    """The models that there are only where networks are pre-trained on other people's labels."""
    networks = {network.name for network in recipe.classifiers if network.features == MULTI_TASK}
    return with_ensemble(networks, recipe)


def with_ensemble(names: set[str], recipe: Recipe) -> set[str]:
    """These models, and the ensemble where one of them is a member of it."""
    return names | ({ENSEMBLE} if names & set(recipe.ensemble.members) else set())


def with_members(names: Collection[str], recipe: Recipe) -> set[str]:
    """These models, and those that the ensemble is made of when it is among them.

    Raises ValueError for members that the recipe does not train.
    """
    if ENSEMBLE not in names or not recipe.ensemble.members:
        return set(names)
    known = model_names(recipe)
    if unknown := [name for name in recipe.ensemble.members if name not in known or name == ENSEMBLE]:
        raise ValueError(
            f"the ensemble of recipe {recipe.name} has no {', '.join(unknown)}: use any of {', '.join(known)}"
        )
    return {*names, *recipe.ensemble.members}


@flow(name="pre-train", flow_run_name=scheduled_name, validate_parameters=False)
def pretrain(
    tokens: Path,
    labelled: list[Path],
    vectors: Mapping[Representation, Path],
    recipe: Recipe,
    parent: Run | None = None,
    only: Collection[str] | None = None,
) -> dict[str, Path]:
    """Train a network on other people's labels for each classifier that starts from one; return them by classifier."""
    absent = set() if EXTERNAL in vectors else external_names(recipe)
    wanted = [
        each
        for each in recipe.classifiers
        if each.features == MULTI_TASK and (only is None or each.name in only) and each.name not in absent
    ]

    def learn(each: ClassifierSettings) -> Path:
        start, settings = vectors.get(each.pretraining.vectors), each.pretraining
        return pretrain_network(run, tokens, labelled, start, each.reader(), settings, recipe.seed)

    with tracked_run("pre-train", "pretrain", parent) as run:
        made = side_by_side(learn, wanted)
    return {each.name: network for each, network in zip(wanted, made, strict=True)}


@flow(flow_run_name=scheduled_name, validate_parameters=False)
def classify(
    tweets: Path,
    features: Features,
    vectors: Mapping[Representation, Path],
    recipe: Recipe,
    parent: Run | None = None,
    only: Collection[str] | None = None,
    others: OtherLabels | None = None,
) -> dict[str, Path]:
    """Train linear models on every representation, then the recipe's networks; return the models by name.

    `only` limits what is trained to the models of these names. Networks that start from others are left out where
    there is none to start from, and models of external vectors where there are none of these. Kinds of information are
    learned by the networks that the recipe names, and told by these and by an ensemble of them.
    """
    wanted = with_members(model_names(recipe) if only is None else only, recipe)
    if EXTERNAL not in vectors:
        wanted = wanted - external_names(recipe)
    labelled, others = LabelledInputs(tweets, features.tokens), others or OtherLabels({})
    networks = [
        each
        for each in recipe.classifiers
        if each.name in wanted and (each.features != MULTI_TASK or each.name in others.pretrained)
    ]
    told = kinds_told_by(networks, recipe) if others.kinds else set()
    with tracked_run("classify", "classify", parent) as run:
        trainings = _linear_models(run, labelled, features, vectors, recipe, wanted)
        for network in networks:
            vocabulary, pretrained = _made(features.vocabulary), others.pretrained.get(network.name)
            start = Start(vocabulary, vectors.get(network.features), pretrained)
            inputs = replace(labelled, kinds=others.kinds) if network.name in told else labelled
            trainings[network.name] = partial(_network, run, inputs, start, network, recipe)
        made = side_by_side(lambda train: train(), list(trainings.values()))
        models = dict(zip(trainings, made, strict=True))
        if ENSEMBLE in wanted and all(name in models for name in recipe.ensemble.members):
            members = [models[name] for name in recipe.ensemble.members]
            models[ENSEMBLE] = combine_models(run, labelled, members, ENSEMBLE, recipe.ensemble, use_of(recipe))
    return models


def kinds_told_by(networks: Sequence[ClassifierSettings], recipe: Recipe) -> set[str]:
    """The names of the networks that learn kinds of information: those that the recipe names, else the last one.

    Raises ValueError where none of them is trained.
    """
    trained = [each.name for each in networks]
    if lost := [name for name in recipe.kinds.networks if name not in trained]:
        raise ValueError(
            f"recipe {recipe.name} has {lost[0]} learn kinds, which is not trained: use any of {', '.join(trained)}"
        )
    if not trained:
        raise ValueError(f"recipe {recipe.name} trains no network that could learn kinds: give one under classifiers")
    return set(recipe.kinds.networks or trained[-1:])


def _linear_models(
    run: Run,
    labelled: LabelledInputs,
    features: Features,
    vectors: Mapping[Representation, Path],
    recipe: Recipe,
    wanted: Collection[str],
) -> dict[str, Callable[[], Path]]:
    """What trains logistic regression on every representation, NB-SVM on the recipe's, of those wanted; by name."""
    matrices, use = matrices_of(features, vectors), use_of(recipe)
    trainings: dict[str, Callable[[], Path]] = {}
    for name, artifact in matrices.items():
        if f"logistic/{name}" in wanted:
            trainings[f"logistic/{name}"] = partial(
                train_logistic, run, labelled, _made(artifact), name, recipe.logistic, use
            )
    for name in recipe.nb_svm.representations:
        if f"nb-svm/{name}" in wanted:
            trainings[f"nb-svm/{name}"] = partial(
                train_nb_svm, run, labelled, _made(matrices[name]), name, recipe.nb_svm, use
            )
    return trainings


def matrices_of(features: Features, vectors: Mapping[Representation, Path]) -> dict[Representation, Path | None]:
    """The artifact that holds each representation of documents, by its name; None where it was not made."""
    counted: dict[Representation, Path | None] = dict.fromkeys(BAGS, features.bag_of_words)
    return {**counted, "characters": features.characters, "co-occurrence": features.cooccurrence, **vectors}


def _network(run: Run, labelled: LabelledInputs, start: Start, network: ClassifierSettings, recipe: Recipe) -> Path:
    """The trained network; where it is refitted, tried out first."""
    tried = try_network(run, labelled, start, network, recipe.seed) if network.refit else None
    return train_network(run, labelled, start, network, use_of(recipe), recipe.seed, tried)


def use_of(recipe: Recipe) -> Use:
    """How the recipe's models are used."""
    return Use(recipe.text, recipe.threshold)


def _made(artifact: Path | None) -> Path:
    """The artifact, once it is sure that featurization was asked to make it."""
    if artifact is None:
        raise ValueError("a model needs features that were not made: featurize for the models that are trained")
    return artifact
