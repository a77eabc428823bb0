"""Why a classifier said what it said: what each word of a text adds to the log-odds of a disaster, or of a class.

By occlusion (Zeiler & Fergus 2014; Li, Monroe & Jurafsky 2016): the text is scored once more without each word. That
asks nothing of a model but its probabilities, so bags of words, mean vectors and networks are explained alike and can
be compared. Gradients would need a differentiable model, and say what an endless small change would do, not the loss
of a word. What it does not show: two words that say the same thing cover for each other, so either alone counts little;
and contributions need not add up to the whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

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


class Reasons(NamedTuple):
    """The explanations of one text: of its label, and by kind of information, where the classifier knows any.

    Of two classes the label has one explanation, of a disaster; of several, and of a kind, each class has one.
    """

    label: tuple[Explanation, ...]
    kinds: dict[str, tuple[Explanation, ...]]


def explain(
    classifier: TextClassifier, texts: Sequence[str | None], keywords: Sequence[str | None] | None = None
) -> list[Explanation]:
    """An explanation of each text, all of them from one batch of predictions; of several classes of the likeliest."""
    documents = _Variants.of(classifier, texts, keywords)
    explained = documents.explained(classifier.predict(documents.tokens))
    return [max(of_text, key=lambda each: each.probability) for of_text in explained]


def explain_classes(
    classifier: TextClassifier, texts: Sequence[str | None], keywords: Sequence[str | None] | None = None
) -> list[Reasons]:
    """An explanation of every class of label and kinds for each text, all of them from one batch of predictions."""
    documents = _Variants.of(classifier, texts, keywords)
    kinds = tuple(getattr(classifier, "kinds", ()))  # earlier releases know none
    if kinds and classifier.answer is not None:
        label, said = classifier.answer(documents.tokens)
    else:
        label, said = classifier.predict(documents.tokens), []
    by_kind = [documents.explained(of_classes) for of_classes in said]
    return [
        Reasons(of_label, {kind.name: of_kind[text] for kind, of_kind in zip(kinds, by_kind, strict=True)})
        for text, of_label in enumerate(documents.explained(label))
    ]


def _known(classifier: TextClassifier, tokens: Tokens) -> np.ndarray:
    """Which of the distinct words the classifier knows, bool (distinct words,); all, where it cannot say."""
    words = getattr(classifier, "known_words", None)  # models logged before this code carry no list
    if words is None:
        return np.ones(len(tokens.words), bool)
    known: np.ndarray = pc.is_in(tokens.words, words).to_numpy(zero_copy_only=False)
    return known


@dataclass(frozen=True)
class _Variants:
    """Every document, followed by it without each token, and last a document without tokens, as `tokens`.

    `starts` says at which place each document stands; `known` which of the distinct words the classifier knows.
    """

    documents: Tokens
    tokens: Tokens
    starts: Sequence[int]
    known: np.ndarray

    @classmethod
    def of(
        cls, classifier: TextClassifier, texts: Sequence[str | None], keywords: Sequence[str | None] | None
    ) -> "_Variants":
        """Those of raw texts."""
        given = None if keywords is None else pa.array(keywords, pa.string())
        tokens = classifier.tokenize(pa.array(texts, pa.string()), given)
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
        asked = replace(tokens, offsets=offsets, codes=np.concatenate(variants))
        return cls(tokens, asked, starts, _known(classifier, tokens))

    def explained(self, probabilities: np.ndarray) -> list[tuple[Explanation, ...]]:
        """The explanations of each document, from what was said of all variants, (variants,) or (variants, classes)."""
        log_odds = logit(np.clip(probabilities, CERTAIN, 1 - CERTAIN)).reshape(len(probabilities), -1)
        columns = [self._of_class(log_odds[:, each]) for each in range(log_odds.shape[1])]
        return list(zip(*columns, strict=True))

    def _of_class(self, log_odds: np.ndarray) -> list[Explanation]:
        tokens, words = self.documents, self.documents.words.to_pylist()
        explanations = []
        for document, start in enumerate(self.starts):
            codes = tokens.codes[tokens.offsets[document] : tokens.offsets[document + 1]]
            read = tuple(words[code] for code in codes[:MOST_TOKENS])
            whole, without = log_odds[start], log_odds[start + 1 : start + 1 + len(read)]
            explanations.append(
                Explanation(
                    tokens=read,
                    contributions=tuple(float(each) for each in whole - without),
                    known=tuple(bool(self.known[code]) for code in codes[:MOST_TOKENS]),
                    probability=_probability(whole),
                    probability_of_nothing=_probability(log_odds[-1]),
                    unexplained=len(codes) - len(read),
                )
            )
        return explanations


def _probability(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))
