"""The examples of words: one-hot rows, the tables of CBOW and skip-gram, the hidden layer, a step, word arithmetic."""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from models.settings import TextSettings
from models.text import tokenize_texts
from models.textbook.context_windows import cbow_examples, single_context_examples, skip_gram_examples
from models.textbook.worked import BY_HAND, Example, Line, numbers

if TYPE_CHECKING:
    from models.textbook.exact_word2vec import ExactWord2Vec

SENTENCE = "Hey, this is sample corpus using only one context word."
NAMES = ("<padding>", "hey", "this", "is", "sample", "corpus", "using", "only", "one", "context", "word")
OFFSETS = np.array([0, 10])
# The data points as the text numbers them, the heading "Hey" and the output "hey" folded.
POINTS = (
    "hey this", "this hey", "is this", "is sample", "sample is", "sample corpus", "corpus sample", "corpus using",
    "using corpus", "using only", "only using", "only one", "one only", "one context", "context one", "context word",
    "word context",
)  # fmt: skip
ONES = (0, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9)  # the column of the one in each of their printed rows
SKIP_GRAM = (
    "this <padding>", "hey is", "this sample", "is corpus", "sample corpus", "corpus only", "using one",
    "only context", "one word", "context <padding>",
)  # fmt: skip
WEIGHTS = np.arange(1.0, 41.0).reshape(10, 4)  # input-hidden, V = 10 by N = 4, as printed
# Royalty, sex, and what words of their kind have in common: made up, as the text gives no vectors.
ROYALTY = {
    "king": (2.0, 1.0, 0.1), "queen": (2.0, -1.0, 0.1), "man": (0.2, 1.0, 0.5), "woman": (0.2, -1.0, 0.5),
    "crown": (2.0, 0.0, -0.3), "bread": (-0.5, 0.1, 2.0),
}  # fmt: skip


def sentence_ids() -> np.ndarray:
    """The ids of the sentence's words, cut by the tokenizer that all tweets go through: int32 (10,), from 1 on."""
    words = tokenize_texts(pa.array([SENTENCE]), TextSettings(keep_punctuation=False)).to_lists()[0]
    return np.array([NAMES.index(word) for word in words], np.int32)


def one_hot() -> list[Line]:
    """Each data point of CBOW with the row of its input."""
    inputs, outputs = single_context_examples(sentence_ids(), OFFSETS, window=1)
    rows = np.eye(10, dtype=int)[inputs[:, 0] - 1]
    lines = []
    for word, target, row in zip(inputs[:, 0], outputs[:, 0], rows, strict=True):
        point = f"{NAMES[word]} {NAMES[target]}"
        ours = numbers(row, "{:.0f}")
        printed = numbers(np.eye(10)[ONES[POINTS.index(point)]], "{:.0f}") if point in POINTS else "–"
        lines.append(Line(f"input {NAMES[word]}, output {NAMES[target]}", printed, ours, _missing(point)))
    return [*lines, Line("target of (is, sample)", "0 0 0 1 0 0 0 0 0 0", numbers(np.eye(10)[3], "{:.0f}"))]


def _missing(point: str) -> str:
    return "" if point in POINTS else "left out by the text, so that it counts 17 data points instead of 18"


def cbow() -> list[Line]:
    """The data points with one context word, in the order of the text, beside its numbers."""
    inputs, outputs = single_context_examples(sentence_ids(), OFFSETS, window=1)
    pairs = [f"{NAMES[word]} {NAMES[target]}" for word, target in zip(inputs[:, 0], outputs[:, 0], strict=True)]
    late = "every number from 3 on is one too low: (this, is) is missing"
    lines = []
    for number, pair in enumerate(pairs, 1):
        printed = POINTS[number - 1] if number <= len(POINTS) else "–"
        lines.append(Line(f"data point {number}", printed, pair, "" if printed == pair else late))
    return lines


def skip_gram() -> list[Line]:
    """The table of skip-gram: each word with the two words around it."""
    words, contexts = skip_gram_examples(sentence_ids(), OFFSETS, window=1)
    slip = "the words around corpus are sample and using"
    lines = []
    for word, context, printed in zip(words[:, 0], contexts, SKIP_GRAM, strict=True):
        ours = " ".join(NAMES[each] for each in context)
        lines.append(Line(f"input {NAMES[word]}", printed, ours, "" if printed == ours else slip))
    return lines


def hidden_activation() -> list[Line]:
    """A one-hot row times the printed matrix; and the mean of several words, whose picture the text has lost."""
    model = _printed_network()
    ids = sentence_ids()
    contexts, targets = cbow_examples(ids, OFFSETS, window=1)
    several = contexts[2]  # of "is": this, sample
    this = np.eye(10)[1]
    names = " and ".join(NAMES[each] for each in several)
    lost = "the matrix of several context words is lost with its picture: the mean of their rows"
    return [
        Line("row of this", "0 1 0 0 0 0 0 0", numbers(this, "{:.0f}"), "8 places, where the vocabulary has 10 words"),
        Line("this times the matrix", "5 6 7 8", numbers(this @ WEIGHTS, "{:.0f}")),
        Line("the network's hidden layer", "5 6 7 8", numbers(model.hidden(np.array([[2]])).numpy(), "{:.0f}")),
        Line(f"{names}, to predict {NAMES[targets[2, 0]]}", "–", numbers(model.hidden(several[None]), "{:.0f}"), lost),
    ]


def _printed_network() -> "ExactWord2Vec":
    from models.textbook.exact_word2vec import ExactWord2Vec

    model = ExactWord2Vec(11, 4)
    model(np.array([[1]]))
    model.set_weights([np.vstack([np.zeros((1, 4)), WEIGHTS]), model.get_weights()[1]])
    return model


def cbow_step() -> list[Line]:
    """One step of CBOW: (this, sample) predict is."""
    return _step(context=[2, 4], targets=[3])


def skip_gram_step() -> list[Line]:
    """One step of skip-gram: corpus predicts sample and using, whose errors are added."""
    return _step(context=[5], targets=[4, 6])


def _step(context: list[int], targets: list[int], rate: float = 0.1) -> list[Line]:
    """Forward, error, and both matrices afterwards; by hand, and as the network trains."""
    from models.textbook.exact_word2vec import ExactWord2Vec, fit_exact

    random = np.random.default_rng(0)
    first, second = random.normal(0, 0.3, (11, 4)), random.normal(0, 0.3, (4, 11))
    model = ExactWord2Vec(11, 4)
    model(np.array([context]))
    model.set_weights([first, second])
    hidden = first[context].mean(axis=0)
    chances = np.exp(hidden @ second) / np.exp(hidden @ second).sum()
    error = sum(chances - np.eye(11)[target] for target in targets)
    seen = numbers(model.hidden(np.array([context])))
    given = numbers(model.probabilities(np.array(context))[1:])
    losses = fit_exact(model, np.array([context]), np.array([targets]), epochs=1, learning_rate=rate)
    stepped_in = first[context[0]] - rate * (second @ error) / len(context)
    stepped_out = (second - rate * np.outer(hidden, error))[:, targets[0]]
    after_in, after_out = model.get_weights()
    word, target = NAMES[context[0]], NAMES[targets[0]]
    added = (second[:, targets[0]] - after_out[:, targets[0]]) / rate / hidden
    return [
        Line("hidden layer", numbers(hidden), seen),
        Line("probability of each word", numbers(chances[1:]), given),
        Line("loss, added over the targets", numbers(-np.log(chances[targets]).sum()), numbers(np.array(losses))),
        Line(f"error at {target}", numbers(error[targets[0]]), numbers(added.mean())),
        Line(f"input row of {word} afterwards", numbers(stepped_in), numbers(after_in[context[0]])),
        Line(f"output column of {target} afterwards", numbers(stepped_out), numbers(after_out[:, targets[0]])),
    ]


def arithmetic() -> list[Line]:
    """The cosine of every other word with king - man + woman, by hand and as `crisisflow analogy` computes it."""
    from models.vectors import WordVectors

    vectors = WordVectors(pa.array(list(ROYALTY)), np.array(list(ROYALTY.values()), np.float32))
    units = {word: np.array(value) / np.linalg.norm(value) for word, value in ROYALTY.items()}
    asked = units["king"] - units["man"] + units["woman"]
    return [
        Line(word, f"{units[word] @ asked / np.linalg.norm(asked):.3f}", f"{cosine:.3f}")
        for word, cosine in vectors.analogy("man", "king", "woman")
    ]


EXAMPLES = (
    Example("one-hot", "One-hot rows", f'The data points of "{SENTENCE}", window 1, each input as a row.', one_hot),
    Example("cbow", "The CBOW table", "The same data points by their numbers.", cbow),
    Example("hidden", "The hidden activation", "A one-hot row copies its row of the matrix.", hidden_activation),
    Example(
        "cbow-step", "One step of CBOW by hand", "(this, sample) predict is; learning rate 0.1.", cbow_step, **BY_HAND
    ),
    Example("skip-gram", "The skip-gram table", "Each word with the words before and after it.", skip_gram),
    Example(
        "skip-gram-step",
        "One step of skip-gram by hand",
        "corpus predicts sample and using; the errors are added element by element.",
        skip_gram_step,
        **BY_HAND,
    ),
    Example(
        "arithmetic",
        "King - man + woman",
        "Cosines with the sum; the vectors are made up, for the text gives none.",
        arithmetic,
        "by hand, in NumPy",
        "by crisisflow analogy",
    ),
)
