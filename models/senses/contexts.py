"""What stands around a word: rows of vectors to both sides, and how much each counts."""

from dataclasses import dataclass

import numpy as np

from models.word2vec.sampling import keep_probabilities

ABSENT = -1  # in contexts: no word here, or one without a vector
REACH = 15  # words to each side that are looked at
RARE = 1e-3  # relative frequency from which on words count less: as in subsampling, and in SIF (Arora et al. 2017)
# Parts of a context, by distance, and how much a word in it counts. Without the words right beside, two in a
# hundred more occurrences of two words merged into one went to the wrong sense.
ZONES: tuple[tuple[tuple[int, ...], float], ...] = (
    ((-2,), 1.0),
    ((-1,), 1.0),
    ((1,), 1.0),
    ((2,), 1.0),
    (tuple(d for d in range(-5, 6) if d), 1.0),
    (tuple(d for d in range(-REACH, REACH + 1) if abs(d) > 5), 0.3),
)
NEAR = 4  # the zone of skip-gram's own window: its tilts are those of the senses' vectors


@dataclass(frozen=True, eq=False)
class WordSpace:
    """What is known of words: float32 (vocabulary, width) each, and how often each word occurs (vocabulary,).

    inputs are the word vectors; outputs the vectors of words as context: the hidden-output matrix, or the inputs again,
    which tell senses apart as well (.905 against .905 of occurrences) but give them somewhat rarer neighbours.
    """

    inputs: np.ndarray
    outputs: np.ndarray
    counts: np.ndarray


def columns(distances: tuple[int, ...]) -> np.ndarray:
    """Where words at these distances stand in a context."""
    return np.array([d + REACH if d < 0 else d + REACH - 1 for d in distances])


def context_rows(rows: np.ndarray, offsets: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """The REACH words before and after each position, in their order: int32 (positions, 2 REACH).

    rows int32 (tokens,) with ABSENT for words without a vector; offsets (documents + 1,): contexts end at borders of
    documents. The word itself, where it stands again nearby, is ABSENT: it says nothing of its sense.
    """
    distances = np.concatenate([np.arange(-REACH, 0), np.arange(1, REACH + 1)])
    places = positions[:, None] + distances
    document = np.searchsorted(offsets, positions, side="right")
    inside = (places >= offsets[document - 1][:, None]) & (places < offsets[document][:, None])
    around = rows[np.clip(places, 0, len(rows) - 1)]
    return np.where(inside & (around != rows[positions][:, None]), around, ABSENT).astype(np.int32)


def word_weights(space: WordSpace) -> np.ndarray:
    """How much a word anywhere in the context counts, 0-1 (vocabulary,): the frequent ones little."""
    return keep_probabilities(space.counts, RARE)
