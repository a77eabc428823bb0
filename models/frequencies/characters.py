"""Character n-grams of words, as tokens: what misspelt, inflected and compound words have in common."""

import numpy as np
import pyarrow as pa

from models.settings import CharacterSettings
from models.text import Tokens

EDGE = "\u2581"  # stands before and after a word, so that its first and last letters are told from those within


def character_ngrams(tokens: Tokens, settings: CharacterSettings) -> Tokens:
    """The same documents with the character n-grams of their words for tokens, word by word.

    A word that is a mask (`<url>`), or with its edges no longer than the shortest n-gram, stays whole.

    >>> grams = character_ngrams(Tokens.from_lists([["fire", "<url>"]]), CharacterSettings(shortest=3, longest=4))
    >>> [gram.replace(EDGE, "|") for gram in grams.to_lists()[0]]
    ['|fi', 'fir', 'ire', 're|', '|fir', 'fire', 'ire|', '<url>']
    """
    used = np.unique(tokens.codes)
    grams = [_of_word(word, settings) for word in tokens.words.take(pa.array(used)).to_pylist()]
    counts = np.zeros(len(tokens.words), np.int64)
    counts[used] = [len(each) for each in grams]
    starts = np.concatenate([[0], np.cumsum(counts)])
    encoded = pa.array([gram for each in grams for gram in each], pa.string()).dictionary_encode()
    of_token = counts[tokens.codes]
    ends = np.concatenate([[0], np.cumsum(of_token)])
    places = np.arange(ends[-1]) - np.repeat(ends[:-1], of_token) + np.repeat(starts[tokens.codes], of_token)
    return Tokens(ends[tokens.offsets], encoded.indices.to_numpy()[places], encoded.dictionary)


def _of_word(word: str, settings: CharacterSettings) -> list[str]:
    edged = f"{EDGE}{word}{EDGE}"
    if word.startswith("<") or len(edged) <= settings.shortest:
        return [word]
    return [
        edged[start : start + length]
        for length in range(settings.shortest, min(settings.longest, len(edged)) + 1)
        for start in range(len(edged) - length + 1)
    ]
