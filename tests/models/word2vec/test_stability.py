"""No text and no settings blow word vectors up, however unlike each other the pieces are that the text is read in."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from models.settings import EmbeddingSettings
from models.word2vec import TrainingHooks, train_on_shards
from models.word2vec.trainer import Shard

MOST_NORM = 200.0  # of a row of either table; the longest one seen is stated in models.word2vec.stability
MOST_LOSS = (
    6.0  # times that of the same text shuffled: what was learned from the first piece is partly lost by the last
)
SENTENCE = 20

Piece = np.ndarray  # of word numbers, documents of SENTENCE words one after the other


def languages(number: int, tokens: int, random: np.random.Generator) -> Piece:
    """Each piece has 200 words of its own, by Zipf's law, and some names that all have."""
    own = 100 + 200 * number + random.zipf(1.3, tokens) % 200
    return np.where(random.random(tokens) < 0.05, random.integers(0, 100, tokens), own)


def subjects(number: int, tokens: int, random: np.random.Generator) -> Piece:
    """All pieces share their words, but each has five that are a third of it."""
    return np.where(
        random.random(tokens) < 0.3, 5 * number + random.integers(0, 5, tokens), random.zipf(1.2, tokens) % 2000
    )


def one_sentence(number: int, tokens: int, _random: np.random.Generator) -> Piece:
    """A sentence of each piece over and over."""
    return np.resize(7 * number + np.arange(7), tokens)


def one_word(number: int, tokens: int, _random: np.random.Generator) -> Piece:
    """One word of each piece and hardly another one."""
    return np.where(np.arange(tokens) % 19 == 0, 0, number + 1)


def clumps(number: int, tokens: int, random: np.random.Generator) -> Piece:
    """Every document says one word over and over, another one each time."""
    return np.repeat(50 * number + random.integers(0, 50, -(-tokens // SENTENCE)), SENTENCE)[:tokens]


def last_word(number: int, tokens: int, random: np.random.Generator) -> Piece:
    """Ordinary text, but that from the 2nd piece on every second word is one that none before had."""
    text = 50 + random.zipf(1.2, tokens) % 2000
    return np.where(random.random(tokens) < 0.5, number, text) if number else text


KINDS = [languages, subjects, one_sentence, one_word, clumps, last_word]


def shards_of(pieces: list[Piece]) -> tuple[list[Shard], pa.StringArray]:
    """The pieces as ids, cut into documents, and their words; ids 0 and 1 are reserved."""
    size = 2 + max(int(piece.max()) for piece in pieces) + 1
    cut = [np.append(np.arange(0, len(piece), SENTENCE), len(piece)) for piece in pieces]
    return [((piece + 2).astype(np.int32), offsets) for piece, offsets in zip(pieces, cut, strict=True)], pa.array(
        ["<pad>", "<unk>", *(f"w{number}" for number in range(size - 2))]
    )


def shuffled(shards: list[Shard], random: np.random.Generator) -> list[Shard]:
    """All documents in one piece, in random order."""
    documents = [ids[a:b] for ids, cut in shards for a, b in pairwise(cut)]
    mixed = [documents[place] for place in random.permutation(len(documents))]
    return [(np.concatenate(mixed), np.cumsum([0, *map(len, mixed)]))]


def largest_norm_and_last_loss(
    shards: list[Shard], words: pa.StringArray, settings: EmbeddingSettings
) -> tuple[float, float]:
    """Of a training: the longest row at the end of any epoch, and the loss at the end."""
    seen: list[dict[str, float]] = []
    train_on_shards(shards, words, settings, 1, TrainingHooks(on_check=lambda _, each: seen.append(each)))
    return max(each["norm"] for each in seen), seen[-1]["loss"]


ASKED = st.builds(
    EmbeddingSettings,
    architecture=st.sampled_from(["skip-gram", "cbow"]),
    dimensions=st.sampled_from([2, 16, 100]),
    window=st.sampled_from([1, 2, 5, 10]),
    negatives=st.sampled_from([1, 5, 20]),
    subsample=st.sampled_from([0, 1e-3]),
    min_count=st.sampled_from([1, 5]),
    epochs=st.sampled_from([1, 3]),
    learning_rate=st.sampled_from([None, 0.005, 0.1, 1.0]),
    step_tokens=st.sampled_from([128, 700, 4096, 65536]),
)
TEXTS = {"kind": st.sampled_from(KINDS), "pieces": st.sampled_from([2, 5, 50]), "tokens": st.just(1000)}


@given(**TEXTS, asked=ASKED)
@examples(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_pieces_unlike_each_other_train_as_well_as_the_same_text_shuffled(
    kind: Callable[..., Piece], pieces: int, tokens: int, asked: EmbeddingSettings
) -> None:
    random = np.random.default_rng(0)
    text, words = shards_of([kind(number, tokens, random) for number in range(pieces)])
    norm, loss = largest_norm_and_last_loss(text, words, asked)
    assert norm < MOST_NORM
    _, mixed = largest_norm_and_last_loss(shuffled(text, random), words, asked)
    assert loss < MOST_LOSS * mixed
