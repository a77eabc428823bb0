"""How many tokens a step may hold, and how far it may move each row, so that no settings and no corpus blow it up.

All pairs of a step start from the same point, so n of them move a row n times as far as one; once learning rate x n x
curvature passes about 2 the step overshoots, the next one overshoots back further, and numbers grow without end.
Frequent words are therefore slowed down to a bound; rare words, which are nearly all of them, never feel it. The bounds
were found by training on 216 tiny corpora and settings (3 to 200 words, steps of 128 to 16,384 tokens, learning rates
up to 1, windows of 2 and 10): all stay finite, no number above 4. With 4 times the bound on CBOW, a quarter of its
108 cases did not.

A text is read in pieces, and a step sees one piece only. So the bounds go by the frequencies of the piece, and are
stricter where these differ from the whole text's (`Piece.strictness`): rows come with vectors that grew long elsewhere,
and curvature grows with their square. What one step holds is counted in the step itself and may pass the
bounds by STEP_SLACK at most (`models.word2vec.limits`), for chance and clumps of a word; and a pair that is wrong by
a score above `fused.MOST_SCORE` pulls less the more it is wrong. Together: every row's rate times pairs is bounded in
every step. The property test in tests/models/word2vec/test_stability.py holds every row below 200, at learning rates up
to 1.
"""

from dataclasses import dataclass

import numpy as np

from models.settings import Architecture, EmbeddingSettings
from models.word2vec.sampling import CHUNK, GROUP, SHARED, groups_of
from models.word2vec.word_rows import WordRows

# How far one step may pass the bounds below, which hold for the average step of a piece. CBOW, where a clump of a word
# is a whole context, reached norms of 160 with 4; skip-gram loses .002 on WordSim-353 with 2.
STEP_SLACK: dict[Architecture, float] = {"skip-gram": 4.0, "cbow": 2.0}
LEAST_BOUND = 0.25  # part of the bounds in a piece of other words than the whole, whose rows come with long vectors
ALIKE = 0.999  # overlap of frequencies above which a piece is the whole text, but for rounding
MOST_MOVED = 2.5  # learning rate x pairs that move one row, or in CBOW the mean of a context, in one step
MOST_SLOWED = (
    2.0  # how far frequent words may be slowed down, in CBOW and with subwords, so that a step may hold more tokens
)
MOST_SHARED = 5.0  # the same for one row of CBOW, where each word is but a share of the mean
# The same for the mean of a word's rows with subwords. The slowest word slows all that share n-grams with it, so that
# the average word moves by half of this; steps pass it by WORD_SLACK at most, as far as they do without subwords.
MOST_WORDS, WORD_SLACK = 5.0, 2.0
MOST_PUSHED = 6.0  # the same for one shared negative, whose pairs all push one way


@dataclass(frozen=True)
class PieceScales:
    """Share of the learning rate (0-1) that each row gets in a piece of text: inputs, outputs float32 (vocabulary,)."""

    inputs: np.ndarray
    outputs: np.ndarray


def kept_frequency(kept: np.ndarray) -> np.ndarray:
    """Share (0-1) of each word in the tokens that survive subsampling, so many as are kept of each (vocabulary,)."""
    shares: np.ndarray = kept / max(kept.sum(), 1e-300)
    return shares


@dataclass(frozen=True)
class Piece:
    """What bounds depend on in a piece of text: how many tokens of each word are kept, and how often they repeat.

    kept (vocabulary,); repeats (vocabulary,): how many words within `window` of a token are the same word, on average;
    overlap (0-1): of its frequencies with those of the whole text, 1 where they are the same.
    """

    kept: np.ndarray
    repeats: np.ndarray
    overlap: float

    @classmethod
    def of(cls, rows: np.ndarray, keep: np.ndarray, whole: np.ndarray, settings: EmbeddingSettings) -> "Piece":
        """Rows int32 (tokens,), -1 for a word without one; keep, whole (vocabulary,): survival chances, counts."""
        rows = rows[rows >= 0]
        counts = np.bincount(rows, minlength=len(keep))
        repeats = np.zeros(len(keep))
        if settings.architecture == "cbow":
            for distance in range(1, settings.window + 1):
                same = rows[distance:][rows[distance:] == rows[:-distance]]
                repeats += 2 * np.bincount(same, minlength=len(keep))
        common = np.minimum(kept_frequency(counts * keep), kept_frequency(whole * keep)).sum()
        return cls(counts * keep, repeats / np.maximum(counts, 1), min(1.0, float(common)))

    @property
    def strictness(self) -> float:
        """What part of a bound holds here: all in a text of one piece, LEAST_BOUND in one of other words altogether."""
        return 1.0 if self.overlap > ALIKE else LEAST_BOUND + (1 - LEAST_BOUND) * self.overlap


def piece_scales(
    piece: Piece, noise: np.ndarray, chunks: int, settings: EmbeddingSettings, known: WordRows
) -> PieceScales:
    """The scales of a piece of text: a step draws its chunks from one piece only; of a small one it holds all."""
    frequency, chunks = kept_frequency(piece.kept), min(chunks, -(-int(piece.kept.sum()) // CHUNK))
    return PieceScales(
        input_scale(frequency, chunks, settings, piece, known),
        output_scale(frequency, noise, chunks, settings, piece.strictness),
    )


def row_scale(pairs: np.ndarray, rate: float, most: float) -> np.ndarray:
    """Share of the learning rate (0-1, float32) that a row gets when so many pairs a step are expected to move it."""
    return np.minimum(1.0, most / np.maximum(rate * pairs, 1e-30)).astype(np.float32)


def mean_context(settings: EmbeddingSettings) -> int:
    """Context words of a token on average: on both sides 1 to `window`, each as likely."""
    return settings.window + 1


def token_pairs(settings: EmbeddingSettings) -> int:
    """Positive pairs of a token on average: one for each context word in skip-gram, one in all in CBOW."""
    return mean_context(settings) if settings.architecture == "skip-gram" else 1


def input_pairs(frequency: np.ndarray, tokens: int, settings: EmbeddingSettings) -> np.ndarray:
    """Pairs, negative ones included, whose error each input row takes in a step of so many tokens."""
    return tokens * frequency * mean_context(settings) * (1 + settings.negatives)


def choose_chunks(frequency: np.ndarray, settings: EmbeddingSettings, known: WordRows) -> int:
    """Chunks of a step, a power of two (see groups_of): at most `step_tokens`, fewer where words would have to slow.

    In CBOW they do as the mean of a context, with subwords by the n-grams that they share. frequency (vocabulary,) is
    that of the kept tokens.
    """
    most = settings.step_tokens // CHUNK
    if settings.architecture == "cbow" or settings.subwords.enabled:
        pairs = input_pairs(known.spread(frequency), CHUNK, settings)
        one_chunk = settings.starting_rate * (frequency * known.mean(pairs)).sum()
        # To the nearest power of two.
        most = min(most, max(round(np.sqrt(2) * MOST_SLOWED * MOST_MOVED / one_chunk), GROUP))
    return 1 << (most.bit_length() - 1)


def input_scale(
    frequency: np.ndarray, chunks: int, settings: EmbeddingSettings, piece: Piece, known: WordRows
) -> np.ndarray:
    """Share of the learning rate that each input row gets, float32 (rows,); frequency is that of words.

    In CBOW a row is bounded as its share of the mean (all of it where the context is one word over and over), and all
    rows together as the mean that they move when they move as one.
    """
    if settings.subwords.enabled:
        return subword_scale(frequency, chunks, settings, piece.strictness, known)
    rate, pairs = settings.starting_rate, input_pairs(frequency, chunks * CHUNK, settings)
    if settings.architecture == "skip-gram":
        return row_scale(pairs, rate, MOST_MOVED * piece.strictness)
    evenly = settings.window * frequency
    same = np.where(piece.repeats / 2 > 1 + 2 * evenly, piece.repeats / 2, evenly)
    share = (1 + same) / mean_context(settings)
    scale = row_scale(pairs * share, rate, MOST_SHARED * piece.strictness)
    together: np.ndarray = scale * row_scale((frequency * pairs * scale).sum(), rate, MOST_MOVED * piece.strictness)
    return together


def subword_scale(
    frequency: np.ndarray, chunks: int, settings: EmbeddingSettings, strictness: float, known: WordRows
) -> np.ndarray:
    """The same where a word is the mean of rows which other words share: float32 (rows,).

    A row is moved by the pairs of all its words, and a word by the mean of its rows. Each row is as slow as the slowest
    of its words must be, so that every word stays within its bound. In CBOW a word may be all of a context, by n-grams
    that its words have in common, so no word counts as a mere share of it.
    """
    rate, pairs = settings.starting_rate, input_pairs(known.spread(frequency), chunks * CHUNK, settings)
    words = row_scale(known.mean(pairs), rate, MOST_WORDS * strictness)
    scale = known.least(words)
    if settings.architecture == "skip-gram":
        return scale
    together: np.ndarray = scale * row_scale(
        (frequency * known.mean(pairs * scale)).sum(), rate, MOST_MOVED * strictness
    )
    return together


def output_scale(
    frequency: np.ndarray, noise: np.ndarray, chunks: int, settings: EmbeddingSettings, strictness: float
) -> np.ndarray:
    """Share of the learning rate that each output row gets, as a target and as a negative: float32 (vocabulary,)."""
    pairs = chunks * CHUNK * token_pairs(settings) * (frequency + settings.negatives * noise)
    return row_scale(pairs, settings.starting_rate, MOST_MOVED * strictness)


def noise_scale(chunks: int, settings: EmbeddingSettings) -> float:
    """Share of the learning rate that a row gets in the step that draws it as a negative for a whole group."""
    weight = settings.negatives / SHARED[settings.architecture]
    pairs = chunks // groups_of(chunks) * CHUNK * token_pairs(settings) * weight
    return float(row_scale(np.array(pairs), settings.starting_rate, MOST_PUSHED))
