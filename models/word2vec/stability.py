"""How many tokens a step may hold, and how far it may move each row, so that no settings and no corpus blow it up.

All pairs of a step start from the same point, so n of them move a row n times as far as one; once learning rate x n x
curvature passes about 2 the step overshoots, the next one overshoots back further, and numbers grow without end.
Frequent words are therefore slowed down to a bound; rare words, which are nearly all of them, never feel it. The bounds
were found by training on 216 tiny corpora and settings (3 to 200 words, steps of 128 to 16,384 tokens, learning rates
up to 1, windows of 2 and 10): all stay finite, no number above 4. With 4 times the bound on CBOW, a quarter of its
108 cases did not.
"""

import numpy as np

from models.settings import EmbeddingSettings
from models.word2vec.sampling import CHUNK, GROUP, SHARED, groups_of

MOST_MOVED = 2.5  # learning rate x pairs that move one row, or in CBOW the mean of a context, in one step
MOST_SLOWED = 2.0  # how far CBOW may slow its frequent words down so that a step may hold more tokens
MOST_SHARED = 5.0  # the same for one row of CBOW, where each word is but a share of the mean
MOST_PUSHED = 6.0  # the same for one shared negative, whose pairs all push one way


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


def choose_chunks(frequency: np.ndarray, settings: EmbeddingSettings) -> int:
    """Chunks of a step, a power of two (see groups_of): at most `step_tokens`, fewer where CBOW would have to slow.

    frequency (vocabulary,) is that of the kept tokens.
    """
    most = settings.step_tokens // CHUNK
    if settings.architecture == "cbow":
        one_chunk = settings.starting_rate * (frequency * input_pairs(frequency, CHUNK, settings)).sum()
        # To the nearest power of two.
        most = min(most, max(round(np.sqrt(2) * MOST_SLOWED * MOST_MOVED / one_chunk), GROUP))
    return 1 << (most.bit_length() - 1)


def input_scale(frequency: np.ndarray, chunks: int, settings: EmbeddingSettings) -> np.ndarray:
    """Share of the learning rate that each input row gets, float32 (vocabulary,).

    In CBOW a row is bounded as its share of the mean (all of it where the context is one word over and over), and all
    rows together as the mean that they move when they move as one.
    """
    rate, pairs = settings.starting_rate, input_pairs(frequency, chunks * CHUNK, settings)
    if settings.architecture == "skip-gram":
        return row_scale(pairs, rate, MOST_MOVED)
    share = (1 + settings.window * frequency) / mean_context(settings)
    scale = row_scale(pairs * share, rate, MOST_SHARED)
    return scale * row_scale((frequency * pairs * scale).sum(), rate, MOST_MOVED)


def output_scale(frequency: np.ndarray, noise: np.ndarray, chunks: int, settings: EmbeddingSettings) -> np.ndarray:
    """Share of the learning rate that each output row gets, as a target and as a negative: float32 (vocabulary,)."""
    pairs = chunks * CHUNK * token_pairs(settings) * (frequency + settings.negatives * noise)
    return row_scale(pairs, settings.starting_rate, MOST_MOVED)


def noise_scale(chunks: int, settings: EmbeddingSettings) -> float:
    """Share of the learning rate that a row gets in the step that draws it as a negative for a whole group."""
    weight = settings.negatives / SHARED[settings.architecture]
    pairs = chunks // groups_of(chunks) * CHUNK * token_pairs(settings) * weight
    return float(row_scale(np.array(pairs), settings.starting_rate, MOST_PUSHED))
