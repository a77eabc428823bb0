"""Several vectors for one word, one for each of its senses: two for apple, the company and the fruit.

Multi-sense skip-gram, after Neelakantan et al. 2014 and AdaGram (Bartunov et al. 2016): every occurrence of a word has
one sense, unseen, which its context gives away. Skip-gram with the full softmax says how likely a word c is in a
context of sense k: as likely as around the word at large, times exp(tilt_k . u_c), up to a constant that makes
probabilities of it; u_c is the word's vector as context, learned before, and kept. A sense is the word's one vector
moved by its tilt. Words right beside it get tilts of their own, for there order matters (Ling et al. 2015).

Senses and tilts are found by expectation maximisation over all occurrences at once, so nothing depends on their order,
from clusters of contexts, as Neelakantan's; and a document tends to keep to one sense (Gale, Church, Yarowsky 1992).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.senses.clusters import first_beliefs
from models.senses.context_positions import Zone
from models.senses.contexts import ABSENT, NEAR, ZONES, WordSpace, columns, context_rows, word_weights
from models.training.divergence import MOST_NORM, TrainingWatch, longest_row

ROUNDS = 15
LEAST_SHARE = 1e-6  # of a sense that nothing speaks for: its logarithm stays finite
DISCOURSE = 2.0  # how many occurrences of its document what is known of a sense at large is worth
CERTAINTY = 0.3  # words of a context repeat one another: taken as independent, log loss was .85 on four pairs, so .35


@dataclass(frozen=True, eq=False)
class Senses:
    """The senses of one word, the most frequent first."""

    row: int  # of the word
    shares: np.ndarray  # float64 (senses,), of its occurrences
    tilts: np.ndarray  # float64 (zones, senses, width)
    normalizers: np.ndarray  # float64 (zones, senses): logarithms of the constants that make probabilities

    def vectors(self, space: WordSpace) -> np.ndarray:
        """The vectors of the senses, float32 (senses, width), in the space of the word vectors."""
        vectors: np.ndarray = (space.inputs[self.row] + self.tilts[NEAR]).astype(np.float32)
        return vectors

    def probabilities(self, contexts: np.ndarray, space: WordSpace) -> np.ndarray:
        """How likely each sense is in each context, float64 (occurrences, senses), by the context alone.

        contexts int (occurrences, 2 REACH) as `context_rows` gives them; without any known word, the shares.
        """
        evidence = np.zeros((len(contexts), len(self.shares)))
        weights = word_weights(space)
        for (distances, factor), tilts, normalizers in zip(ZONES, self.tilts, self.normalizers, strict=True):
            rows = contexts[:, columns(distances)]
            word_evidence = (space.outputs @ tilts.T - normalizers)[rows]  # (occurrences, places, senses)
            share = np.where(rows == ABSENT, 0, factor * (weights[rows] if len(distances) > 1 else 1))
            evidence += (word_evidence * share[..., None]).sum(axis=1)
        return softmax(np.log(np.maximum(self.shares, LEAST_SHARE)) + CERTAINTY * evidence)


def learn_senses(
    rows: np.ndarray,
    offsets: np.ndarray,
    row: int,
    space: WordSpace,
    senses: int = 2,
    seed: int = 1,
    on_round: Callable[[int, float], None] | None = None,
) -> tuple[Senses, np.ndarray]:
    """The senses of the word of this row in a corpus, and how likely each is at each occurrence, in reading order.

    rows int32 (tokens,) and offsets (documents + 1,) as for `context_rows`. `on_round(round, loss)` hears the loss of a
    round: minus the mean logarithm of how likely the contexts are, up to a constant. Raises ValueError when the word
    occurs too seldom to tell so many senses apart, DivergenceError when loss or tilts are not numbers or out of range.
    """
    positions = _positions(rows, row, senses)
    contexts = context_rows(rows, offsets, positions)
    documents = np.unique(np.searchsorted(offsets, positions, side="right"), return_inverse=True)[1]
    zones = [Zone.over(contexts, place, space, senses) for place in range(len(ZONES))]
    beliefs = first_beliefs(contexts, space, senses, seed)
    watch = TrainingWatch("senses", "Train the word vectors again: look at the norms of its run.", most_norm=MOST_NORM)
    watch.check("before the first round", 0.0, max(longest_row(space.inputs), longest_row(space.outputs)))
    for number in range(ROUNDS):
        evidence = sum(zone.learn(beliefs) for zone in zones) + discourse(beliefs, documents)
        beliefs, loss = softmax(evidence), -float(np.mean(np.logaddexp.reduce(evidence, axis=1)))
        if on_round:
            on_round(number, loss)
        watch.check(f"in round {number + 1}", loss, max(longest_row(zone.tilts.numpy()) for zone in zones))
    order = np.argsort(-beliefs.sum(axis=0), kind="stable")
    tilts = np.stack([zone.tilts.numpy()[order] for zone in zones])
    normalizers = np.stack([zone.normalizers()[order] for zone in zones])
    return Senses(row, beliefs.mean(axis=0)[order], tilts, normalizers), beliefs[:, order]


def _positions(rows: np.ndarray, row: int, senses: int) -> np.ndarray:
    """Where the word of this row stands. Raises ValueError when that is too seldom for so many senses."""
    positions = np.flatnonzero(rows == row)
    if senses < 2 or len(positions) < 10 * senses:
        raise ValueError(
            f"telling {senses} senses apart takes at least 2 senses and {10 * senses} occurrences, "
            f"got {len(positions)} occurrences: give more text or choose a more frequent word"
        )
    return positions


def discourse(beliefs: np.ndarray, documents: np.ndarray) -> np.ndarray:
    """Logarithm of how likely each sense is by the other occurrences of its document: (occurrences, senses)."""
    together = np.stack([np.bincount(documents, belief) for belief in beliefs.T], axis=1)
    others = together[documents] - beliefs
    share = np.maximum(beliefs.mean(axis=0), LEAST_SHARE)
    scores: np.ndarray = np.log((others + DISCOURSE * share) / (others.sum(axis=1, keepdims=True) + DISCOURSE))
    return scores


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return shares
