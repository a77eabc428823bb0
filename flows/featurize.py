"""Featurize: tokens, vocabulary, and the frequency vectors of documents and words."""

from dataclasses import dataclass
from pathlib import Path

from prefect import flow

from models.settings import Recipe
from tasks.frequencies import build_vocabulary, count_cooccurrences, count_words, tokenize_corpus, tokenize_tweets
from tasks.tracking import Run, tracked_run


@dataclass(frozen=True)
class Features:
    """What featurization made, by artifact."""

    tokens: Path
    corpus_tokens: Path | None
    vocabulary: Path
    bag_of_words: Path
    cooccurrence: Path


@flow(validate_parameters=False)
def featurize(tweets: Path, corpora: list[Path], recipe: Recipe, parent: Run | None = None) -> Features:
    """Tokenize tweets and corpora; fit vocabulary, bag of words and co-occurrence on what may be learned from."""
    with tracked_run("featurize", "featurize", parent) as run:
        tokens = tokenize_tweets(run, tweets, recipe.text)
        corpus_tokens = tokenize_corpus(run, corpora, recipe.text) if corpora else None
        return Features(
            tokens=tokens,
            corpus_tokens=corpus_tokens,
            vocabulary=build_vocabulary(run, tweets, tokens, recipe.vocabulary),
            bag_of_words=count_words(run, tweets, tokens, recipe.frequency),
            cooccurrence=count_cooccurrences(run, tweets, tokens, corpus_tokens, recipe.cooccurrence, recipe.seed),
        )
