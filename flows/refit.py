"""Refit: a model that the gate has promoted, fitted again on every labelled row, and served beside its judged twin."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from prefect import flow

from flows.classify import BAGS, ENSEMBLE, OtherLabels, matrices_of
from flows.featurize import Features
from flows.names import scheduled_name
from models.settings import Recipe, Representation
from tasks.packaging.mlflow_model import read_about
from tasks.registry.promotion import Served
from tasks.registry.versions import REFIT, SERVED_WHY, SERVES
from tasks.runtime.progress import say
from tasks.tracking import Run, tracked_run
from tasks.training.features import build_vocabulary, count_characters, count_words
from tasks.training.labelled_tweets import LabelledInputs
from tasks.training.network import Start
from tasks.training.served import (
    combine_refits,
    compare_refit,
    gather_every_label,
    log_served,
    read_comparison,
    refit_linear,
    refit_network,
)


@dataclass(frozen=True)
class Fitted:
    """All that a retraining made before the gate: its tweets, what was learned from them, and the models by name."""

    tweets: Path
    features: Features
    vectors: Mapping[Representation, Path]
    models: Mapping[str, Path]
    others: OtherLabels = field(default_factory=lambda: OtherLabels({}))

    @property
    def labelled(self) -> LabelledInputs:
        """Tweets and tokens, as trainings read them."""
        return LabelledInputs(self.tweets, self.features.tokens)

    def tells_kinds(self, name: str) -> bool:
        """Whether the model of this name says what kinds of information a text holds."""
        return bool(read_about(self.models[name] / "classifier").get("kinds"))


@flow(flow_run_name=scheduled_name, validate_parameters=False)
def refit(name: str, fitted: Fitted, recipe: Recipe, parent: Run | None = None) -> Served:
    """Fit the model of this name again on all labelled rows, every choice kept; return what is to be served.

    That is the refit, with its twin to be judged, if it agrees with the twin; else the twin itself.

    Vocabulary, n-grams and their weights are counted on all rows, too. Word vectors, co-occurrences and pre-trained
    networks stay: they learned from no label.
    """
    start = time.monotonic()
    with tracked_run("refit", "refit", parent, recipe.served) as run:
        model, twin = _refit(run, name, fitted, recipe), fitted.models[name]
        corpus = fitted.features.corpus_tokens
        comparison = compare_refit(run, fitted.labelled, corpus, twin, model, recipe.served, recipe.seed)
        found = read_comparison(comparison)
        tags = {REFIT: f"{model.parent.name}/{model.name}", SERVES: found["served"], SERVED_WHY: found["why"]}
        run.tag(twin=f"{twin.parent.name}/{twin.name}", **tags)
        uri = log_served(run, fitted.labelled, twin, model) if found["served"] == "refit" else ""
    words = "a refit on all labelled rows is served" if uri else f"the judged model itself is served: {found['why']}"
    loud = f"refit of {name}" if uri else f"THE REFIT OF {name} IS NOT SERVED"
    say(f"  {loud}: {words}; it took {time.monotonic() - start:.1f} s")
    return Served(uri, tags, words)


def _refit(run: Run, name: str, fitted: Fitted, recipe: Recipe) -> Path:
    twin = fitted.models[name]
    if name == ENSEMBLE:
        members = [_refit(run, member, fitted, recipe) for member in recipe.ensemble.members]
        return combine_refits(run, members, name, twin)
    everything = gather_every_label(run, fitted.tweets)
    for network in recipe.classifiers:
        if network.name == name:
            words = build_vocabulary(run, everything, fitted.features.tokens, recipe.vocabulary)
            start = Start(words, fitted.vectors.get(network.features), fitted.others.pretrained.get(name))
            kinds = fitted.others.kinds if fitted.tells_kinds(name) else None
            return refit_network(run, replace(fitted.labelled, kinds=kinds), start, network, recipe.seed, twin)
    features = _features(run, name.partition("/")[2], everything, fitted, recipe)
    return refit_linear(run, fitted.labelled, features, name, twin, recipe.nb_svm)


def _features(run: Run, representation: Any, everything: Path, fitted: Fitted, recipe: Recipe) -> Path:
    """The document vectors of this representation, counted on all rows; those of word vectors as they are."""
    if representation in BAGS:
        return count_words(run, everything, fitted.features.tokens, recipe.frequency)
    if representation == "characters":
        return count_characters(run, everything, fitted.features.tokens, recipe.characters)
    made = matrices_of(fitted.features, fitted.vectors)[representation]
    if made is None:
        raise ValueError(f"nothing was made of {representation}")
    return made
