"""Tokens, vocabulary and frequency vectors: read, call the pure function, save."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from models.settings import (
    CharacterSettings,
    CooccurrenceSettings,
    FrequencySettings,
    TextSettings,
    VocabularySettings,
)
from models.text import Tokens
from tasks.steps import step
from tasks.store import artifact_store, formats
from tasks.tracking import Run
from tasks.training import bags, counting

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from models.vectors import WordVectors

CHARACTERS = "characters.json"


@step("tokenize tweets")
def tokenize_tweets(run: Run, tweets: Path, text: TextSettings) -> Path:
    """Cut every kept tweet into tokens, in the order of the table."""
    ids = pq.read_table(tweets / "tweets.parquet", columns=["id"])["id"].combine_chunks()
    tokens = counting.tokenize_table(tweets, text)
    _log_token_counts(run, len(tokens), len(tokens.codes))
    return formats.write_tokens([(ids, tokens)])


@step("tokenize corpus")
def tokenize_corpus(run: Run, corpora: list[Path], text: TextSettings) -> Path:
    """Cut every document of the corpora into tokens, shard by shard."""
    shards = [shard for corpus in corpora for shard in formats.shards(corpus)]
    with artifact_store.new_artifact("tokens") as draft:
        documents, tokens = counting.tokenize_shards(shards, text, draft.folder)
    _log_token_counts(run, documents, tokens)
    return draft.final


def _log_token_counts(run: Run, documents: int, tokens: int) -> None:
    run.log_metrics({"documents": documents, "tokens": tokens})


@step("build vocabulary")
def build_vocabulary(run: Run, tweets: Path, tokens: Path, settings: VocabularySettings) -> Path:
    """Count the tokens of the training tweets and give the frequent ones an id."""
    from models.text.vocabulary import fit_vocabulary

    vocabulary = fit_vocabulary(_training_tokens(tweets, tokens), settings)
    run.log_metrics({"vocabulary": len(vocabulary)})
    return formats.write_artifact("vocabulary", {"vocabulary.parquet": vocabulary.to_table()})


def _training_tokens(tweets: Path, tokens: Path) -> Tokens:
    return formats.read_tokens(tokens).take(formats.rows_in(formats.read_tweets(tweets), "train"))


@step("count words", hardware=True)
def count_words(run: Run, tweets: Path, tokens: Path, settings: FrequencySettings) -> Path:
    """Fit the bag-of-words features on training tweets; save one-hot, count and TF-IDF vectors of all tweets."""
    from scipy import sparse

    space, matrices = bags.bag_of_words(tweets, tokens, settings)
    count = matrices["count"]
    run.log_metrics({"features": count.shape[1], "nonzero_per_document": count.nnz / max(count.shape[0], 1)})
    with artifact_store.new_artifact("bag-of-words") as draft:
        formats.write_part(draft / "features.parquet", space.to_table())
        for name, matrix in matrices.items():
            sparse.save_npz(draft / f"{name}.npz", matrix)
    return draft.final


@step("count characters", hardware=True)
def count_characters(run: Run, tweets: Path, tokens: Path, settings: CharacterSettings) -> Path:
    """Fit the character n-grams that are features on training tweets; save which occur in each tweet."""
    from scipy import sparse

    from models.frequencies import character_ngrams, fit_features, one_hot_matrix

    single = FrequencySettings(max_ngram=1, min_document_frequency=settings.min_document_frequency)
    space = fit_features(character_ngrams(_training_tokens(tweets, tokens), settings), single)
    matrix = one_hot_matrix(character_ngrams(formats.read_tokens(tokens), settings), space)
    run.log_metrics({"features": matrix.shape[1], "nonzero_per_document": matrix.nnz / max(matrix.shape[0], 1)})
    with artifact_store.new_artifact("characters") as draft:
        formats.write_part(draft / "features.parquet", space.to_table())
        formats.write_part(draft / CHARACTERS, settings.model_dump())
        sparse.save_npz(draft / "characters.npz", matrix)
    return draft.final


@step("count co-occurrences", hardware=True)
def count_cooccurrences(
    run: Run, tweets: Path, tokens: Path, corpus_tokens: Path | None, settings: CooccurrenceSettings, seed: int
) -> Path:
    """Count which words stand near which, in corpus and training tweets; save the matrix and its word vectors."""
    from models.vectors.formats import to_table

    counter = counting.count_pairs(counting.text_pieces_of(tweets, tokens, corpus_tokens), settings)
    matrix = counter.matrix()
    run.log_metrics({"vocabulary": matrix.shape[0], "nonzero": matrix.nnz})
    with artifact_store.new_artifact("co-occurrence") as draft, ThreadPoolExecutor(1) as pool:
        written = pool.submit(formats.write_sparse, draft / "matrix.npz", matrix)  # while vectors are made of it
        vectors = _cooccurrence_vectors(counter.words, matrix, settings, seed)
        formats.write_part(draft / "vectors.parquet", to_table(vectors))
        written.result()
    return draft.final


def _cooccurrence_vectors(
    words: pa.StringArray, matrix: "csr_matrix", settings: CooccurrenceSettings, seed: int
) -> "WordVectors":
    from models.frequencies import cooccurrence_vectors, ppmi
    from models.vectors import WordVectors
    from models.vectors.postprocessing import all_but_the_top

    information = ppmi(matrix, settings.context_smoothing, settings.shift)
    numbers = cooccurrence_vectors(information, settings.dimensions, seed, settings.singular_power)
    return all_but_the_top(WordVectors(words, numbers), settings.remove_components)


def unlabelled_tokens(tweets: Path | None, tokens: Path | None, corpus_tokens: Path | None) -> Iterator[Tokens]:
    """All text that vectors may learn from: the corpus, the training tweets without their labels, or both."""
    for piece in counting.text_pieces_of(tweets, tokens, corpus_tokens):
        yield piece.read()
