"""One fold of an evaluation: what the models asked for need, and the models, on the fold's own training rows."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from flows.adaptation import adapt
from flows.classify import BAGS, NB_SVM, OtherLabels, classify, pretrain, with_members
from flows.embed import embed
from flows.external import BESIDE, EXTERNAL, add_external, start_vectors
from flows.featurize import Features
from models.settings import EmbeddingSettings, Recipe
from models.settings.events import AdaptationSettings
from models.splitting.events import EventFold
from models.splitting.folds import Fold
from tasks.evaluation.events import event_table, hold_out_texts
from tasks.evaluation.fold_tables import fold_table
from tasks.evaluation.predictions import record_fold
from tasks.tracking import Run, tracked_run
from tasks.training.embeddings import UnlabelledText, VectorTests
from tasks.training.features import (
    build_vocabulary,
    count_characters,
    count_cooccurrences,
    count_words,
    tokenize_corpus,
)
from tasks.training.labelled_tweets import LabelledInputs

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Evaluated:
    """What is the same in all folds: the labelled rows, their tokens, the tokens of unlabelled text, the models."""

    labelled: Path
    tokens: Path
    corpus_tokens: Path | None
    models: Collection[str]
    pretraining_texts: list[Path] = field(default_factory=list)
    external: Path | None = None
    events: "EventTexts | None" = None
    adaptation: AdaptationSettings | None = None


@dataclass(frozen=True)
class EventTexts:
    """Unlabelled documents, and which of them are of which event: for folds to leave events out."""

    unlabelled: Path
    of_events: Path


@dataclass(frozen=True)
class Fitted:
    """The table of a fold, the models fitted on its training rows, and what they say of the rows held out."""

    fold: Fold
    table: Path
    models: dict[str, Path]
    predictions: "pa.Table"
    adapted: list[Path] = field(default_factory=list)


def table_of(run: Run, labelled: Path, fold: Fold) -> Path:
    """The labelled rows with the splits of a fold of either kind."""
    return event_table(run, labelled, fold) if isinstance(fold, EventFold) else fold_table(run, labelled, fold)


def corpus_of(evaluated: Evaluated, recipe: Recipe, fold: Fold, run: Run) -> Path | None:
    """The tokens of unlabelled text that the fold may learn from: without the events that it holds out."""
    texts = evaluated.events
    if not isinstance(fold, EventFold) or texts is None:
        return evaluated.corpus_tokens
    rest = hold_out_texts(run, texts.unlabelled, texts.of_events, fold)
    return tokenize_corpus(run, [rest], recipe.text)


def fit_fold(evaluated: Evaluated, recipe: Recipe, fold: Fold, parent: Run) -> Fitted:
    """Fit the models on one fold, everything they need included, in runs below one of the fold's own."""
    with tracked_run(fold.title, "fold", parent, fold) as opened:
        run = opened.model_copy(update={"fold": fold.title})
        table = table_of(run, evaluated.labelled, fold)
        evaluated = replace(evaluated, corpus_tokens=corpus_of(evaluated, recipe, fold, run))
        features = features_for(evaluated, table, recipe, run)
        text = UnlabelledText(evaluated.corpus_tokens, table, evaluated.tokens)
        wanted = with_members(evaluated.models, recipe)
        external = evaluated.external
        vectors = embed.fn(text, embeddings_for(wanted, recipe), recipe.seed, VectorTests(), run, external)
        vectors = add_external(vectors, external, features.vocabulary, recipe, run, wanted)
        pretrained = {}
        if evaluated.corpus_tokens is not None and evaluated.pretraining_texts:
            texts = evaluated.pretraining_texts
            pretrained = pretrain.fn(evaluated.corpus_tokens, texts, vectors, recipe, run, wanted)
        models = classify.fn(table, features, vectors, recipe, run, evaluated.models, OtherLabels(pretrained))
        adapted = []
        if evaluated.adaptation is not None:
            inputs = LabelledInputs(table, evaluated.tokens)
            adapted = adapt(inputs, features, vectors, models, recipe, evaluated.adaptation, run)
        return Fitted(fold, table, models, record_fold(run, table, fold, models), adapted)


def features_for(evaluated: Evaluated, table: Path, recipe: Recipe, run: Run) -> Features:
    """The features that the models need, fitted on the fold's training rows; what none needs is None."""
    names, tokens, corpus = with_members(evaluated.models, recipe), evaluated.tokens, evaluated.corpus_tokens
    bags = names & {NB_SVM, *(f"logistic/{name}" for name in BAGS)}
    vocabulary = f"logistic/{EXTERNAL}" in names or any(network.name in names for network in recipe.classifiers)
    pairs = "logistic/co-occurrence" in names
    return Features(
        tokens=tokens,
        corpus_tokens=corpus,
        vocabulary=build_vocabulary(run, table, tokens, recipe.vocabulary) if vocabulary else None,
        bag_of_words=count_words(run, table, tokens, recipe.frequency) if bags else None,
        cooccurrence=count_cooccurrences(run, table, tokens, corpus, recipe.cooccurrence, recipe.seed)
        if pairs
        else None,
        characters=count_characters(run, table, tokens, recipe.characters) if "nb-svm/characters" in names else None,
    )


def embeddings_for(models: Collection[str], recipe: Recipe) -> list[EmbeddingSettings]:
    """The word vectors that the models start from or average."""
    of_networks = {BESIDE.get(name, name) for name in start_vectors(recipe, models)}
    return [
        each
        for each in recipe.embeddings
        if each.architecture in of_networks or f"logistic/{each.architecture}" in models
    ]
