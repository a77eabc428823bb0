"""Why a classifier said what it said: what each word of a text adds to the log-odds of a disaster.

By occlusion (Zeiler & Fergus 2014; Li, Monroe & Jurafsky 2016): the text is scored once more without each word. That
asks nothing of a model but its probabilities, so bags of words, mean vectors and networks are explained alike and can
be compared. Gradients would need a differentiable model, and say what an endless small change would do, not the loss
of a word. What it does not show: two words that say the same thing cover for each other, so either alone counts little;
and contributions need not add up to the whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import logit

from models.classifiers.pipeline import TextClassifier
from models.text import Tokens, offsets_of

MOST_TOKENS = 400  # explained of one text: the work grows with their square
CERTAIN = 1e-15


@dataclass(frozen=True)
class Explanation:
    """The tokens as the model reads them, and by how much the log-odds fall when each is left out."""

    tokens: tuple[str, ...]
    contributions: tuple[float, ...]
    known: tuple[bool, ...]  # whether the model knows the word
    probability: float
    probability_of_nothing: float  # of a text without words: where the model stands before it reads
    unexplained: int  # tokens beyond MOST_TOKENS


def explain(
    classifier: TextClassifier, texts: Sequence[str | None], keywords: Sequence[str | None] | None = None
) -> list[Explanation]:
    """An explanation of each text, all of them from one batch of predictions."""
    given = None if keywords is None else pa.array(keywords, pa.string())
    tokens = classifier.tokenize(pa.array(texts, pa.string()), given)
    known = _known(classifier, tokens)
    log_odds, starts = _score_variants(classifier, tokens)
    words = tokens.words.to_pylist()
    explanations = []
    for document, start in enumerate(starts):
        codes = tokens.codes[tokens.offsets[document] : tokens.offsets[document + 1]]
        read = tuple(words[code] for code in codes[:MOST_TOKENS])
        whole, without = log_odds[start], log_odds[start + 1 : start + 1 + len(read)]
        explanations.append(
            Explanation(
                tokens=read,
                contributions=tuple(float(each) for each in whole - without),
                known=tuple(bool(known[code]) for code in codes[:MOST_TOKENS]),
                probability=_probability(whole),
                probability_of_nothing=_probability(log_odds[-1]),
                unexplained=len(codes) - len(read),
            )
        )
    return explanations


def _known(classifier: TextClassifier, tokens: Tokens) -> np.ndarray:
    """Which of the distinct words the classifier knows, bool (distinct words,); all, where it cannot say."""
    words = getattr(classifier, "known_words", None)  # models logged before this code carry no list
    if words is None:
        return np.ones(len(tokens.words), bool)
    known: np.ndarray = pc.is_in(tokens.words, words).to_numpy(zero_copy_only=False)
    return known


def _score_variants(classifier: TextClassifier, tokens: Tokens) -> tuple[np.ndarray, list[int]]:
    """Log-odds of every document, followed by it without each token, and last of a document without tokens.

    Also at which place each document stands.
    """
    variants: list[np.ndarray] = []
    starts = []
    for first, last in zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True):
        codes = tokens.codes[first:last]
        starts.append(len(variants))
        variants.append(codes)
        variants += [np.delete(codes, place) for place in range(min(len(codes), MOST_TOKENS))]
    variants.append(tokens.codes[:0])
    offsets = offsets_of(np.array([len(each) for each in variants]))
    # Not `Tokens(...)`: a logged model brings the class of its own day.
    documents = replace(tokens, offsets=offsets, codes=np.concatenate(variants))
    return logit(np.clip(classifier.predict(documents), CERTAIN, 1 - CERTAIN)), starts


def _probability(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))
