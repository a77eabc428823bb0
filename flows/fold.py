"""One fold of an evaluation: what the models asked for need, and the models, on the fold's own training rows."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from flows.classify import BAGS, NB_SVM, classify, pretrain, with_members
from flows.embed import embed
from flows.external import BESIDE, EXTERNAL, add_external, start_vectors
from flows.featurize import Features
from models.settings import EmbeddingSettings, Recipe
from models.splitting.folds import Fold
from tasks.evaluation.fold_tables import fold_table
from tasks.evaluation.predictions import record_fold
from tasks.tracking import Run, tracked_run
from tasks.training.embeddings import UnlabelledText, VectorTests
from tasks.training.features import build_vocabulary, count_characters, count_cooccurrences, count_words

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


@dataclass(frozen=True)
class Fitted:
    """The table of a fold, the models fitted on its training rows, and what they say of the rows held out."""

    fold: Fold
    table: Path
    models: dict[str, Path]
    predictions: "pa.Table"


def fit_fold(evaluated: Evaluated, recipe: Recipe, fold: Fold, parent: Run) -> Fitted:
    """Fit the models on one fold, everything they need included, in runs below one of the fold's own."""
    title = f"fold {fold.number} of {fold.folds}, seed {fold.seed}"
    share = f", {fold.training_share:.0%} of training" if fold.training_share < 1 else ""
    with tracked_run(title + share, "fold", parent, fold) as opened:
        run = opened.model_copy(update={"fold": title + share})
        table = fold_table(run, evaluated.labelled, fold)
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
        models = classify.fn(table, features, vectors, recipe, run, evaluated.models, pretrained)
        return Fitted(fold, table, models, record_fold(run, table, fold, models))


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
