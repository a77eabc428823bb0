"""The four kinds of RNN, each on a task small enough to see: one word, a text, a verdict, a translation."""

from typing import TYPE_CHECKING

import numpy as np

from models.textbook.context_windows import single_context_examples
from models.textbook.words import NAMES, OFFSETS, sentence_ids
from models.textbook.worked import Example, Line

if TYPE_CHECKING:
    from models.textbook.translation.network import Symbols

SEED = 1
ASKED = (7, 48, 312, 590, 999)  # learned by none of the networks
DIGITS = tuple("0123456789")


def four_kinds() -> list[Line]:
    """What each kind is given, and what it answers after training."""
    return [_one_to_one(), _one_to_many(), *_many_to_one(), *_many_to_many()]


def _one_to_one() -> Line:
    """One input, one output, no state: the word that follows."""
    from models.textbook.exact_word2vec import ExactWord2Vec, fit_exact

    model = ExactWord2Vec(11, 8, seed=SEED)
    inputs, outputs = single_context_examples(sentence_ids(), OFFSETS, 1)
    fit_exact(model, inputs, outputs, epochs=60, learning_rate=0.5)
    likeliest = NAMES[int(np.argmax(model.probabilities(np.array([1]))))]
    return Line("one to one: a word, its neighbour", "hey", likeliest)


def _one_to_many() -> Line:
    """One input, many outputs: a language model writes on from the mark that begins a text."""
    from models.language.documents import Documents
    from models.language.generation import generate, sampler_of
    from models.language.network import build_language_model, weights_by_path
    from models.language.settings import LanguageSettings
    from models.language.training import train_language_model

    ids = sentence_ids() + 1  # behind padding and unknown
    settings = LanguageSettings(dimensions=16, units=16, dropout=0, epochs=60, patience=60, learning_rate=0.03)
    model = build_language_model(settings, np.array([0, 0, *[1] * 10]), SEED)
    text = Documents(ids, OFFSETS)
    train_language_model(model, text, text, settings, SEED)
    drawn = generate(sampler_of(weights_by_path(model), settings), [[]], SEED, temperature=0.0, length=12)[0]
    return Line("one to many: a mark, a text", "(begin)", " ".join(NAMES[each - 1] for each in drawn))


def _many_to_one() -> list[Line]:
    """Many inputs, one output: the words of a number, and whether it is even."""
    import keras

    from models.recurrent.layers import LSTM
    from models.recurrent.network import draw_weights
    from models.textbook.translation.numbers import number_in_words

    words, learned = _number_words(), _learned()
    read = keras.Input((None,), dtype="int32")
    states = LSTM(8)(keras.layers.Embedding(len(words), 8, mask_zero=True)(read))
    model = keras.Model(read, keras.layers.Dense(1, activation="sigmoid")(states))
    draw_weights(model, SEED)
    model.compile(keras.optimizers.Adam(0.03), "binary_crossentropy")
    given = words.encode([number_in_words(number) for number in learned])
    model.fit(given, (learned % 2 == 0).astype(np.float32), 64, epochs=3, shuffle=False, verbose=0)
    asked = [number_in_words(number) for number in ASKED]
    even = model.predict_on_batch(words.encode(asked))[:, 0] >= 0.5
    return [
        Line("many to one: a number, its parity", " ".join(text), "even" if each else "odd")
        for text, each in zip(asked, even, strict=True)
    ]


def _many_to_many() -> list[Line]:
    """Many inputs, many outputs: the words of a number, translated into its digits."""
    from models.textbook.translation.network import Symbols, build_translator, train_translator, translate
    from models.textbook.translation.numbers import number_in_digits, number_in_words

    words, digits, learned = _number_words(), Symbols(DIGITS), _learned()
    model = build_translator(len(words), len(digits), 32, SEED)
    source = words.encode([number_in_words(number) for number in learned])
    target = digits.encode([number_in_digits(number) for number in learned], begin=True)
    train_translator(model, source, target, epochs=10, seed=SEED)
    asked = [number_in_words(number) for number in ASKED]
    written = translate(model, words.encode(asked), max_length=5)
    return [
        Line("many to many: a number, translated", " ".join(text), "".join(digits.decode(ids)))
        for text, ids in zip(asked, written, strict=True)
    ]


def _number_words() -> "Symbols":
    from models.textbook.translation.network import Symbols
    from models.textbook.translation.numbers import number_in_words

    return Symbols.of([number_in_words(number) for number in range(1000)])


def _learned() -> np.ndarray:
    """800 of the numbers below a thousand, those that are asked left out, in an order drawn once."""
    drawn = np.random.default_rng(0).permutation(1000)
    return np.array([number for number in drawn if number not in ASKED])[:800]


EXAMPLES = (
    Example(
        "four-kinds",
        "The four kinds of RNN",
        "Trained on the spot, in a minute. None learned these numbers, and few of one word: seven may go wrong.",
        four_kinds,
        "given",
        "answered",
    ),
)
