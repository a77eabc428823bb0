"""Encoder and decoder: one LSTM reads the source, another, started from its last state, writes the target.

While it writes it looks back at every place of the source (dot-product attention, Luong et al. 2015). In training it is
given the right target so far, whatever it would have written itself: teacher forcing. Afterwards it is given its own
words, the likeliest at each place: greedy decoding.

>>> from models.textbook.translation.numbers import number_in_digits, number_in_words
>>> Symbols.of([number_in_words(21)]).encode([number_in_words(21)]).tolist()
[[4, 3, 2]]
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from models.recurrent.network import draw_weights
from models.seeds import generator

PADDING, BEGIN, END = 0, 1, 2
Texts = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Symbols:
    """The symbols of one language; the id of the first is 3, after padding, begin and end."""

    symbols: tuple[str, ...]

    @classmethod
    def of(cls, texts: Texts) -> "Symbols":
        """All that occur in these texts, in alphabetical order."""
        return cls(tuple(sorted({symbol for text in texts for symbol in text})))

    def __len__(self) -> int:
        """The number of ids, the three reserved ones included."""
        return len(self.symbols) + END + 1

    def encode(self, texts: Texts, begin: bool = False) -> np.ndarray:
        """Ids int32 (texts, longest + 1 or 2), each text ended by END, on request begun by BEGIN, then padded.

        Raises KeyError for a symbol that this language has not.
        """
        ids = {symbol: number for number, symbol in enumerate(self.symbols, start=END + 1)}
        rows = [[*([BEGIN] if begin else []), *(ids[symbol] for symbol in text), END] for text in texts]
        padded = np.full((len(rows), max(map(len, rows))), PADDING, np.int32)
        for row, values in zip(padded, rows, strict=True):
            row[: len(values)] = values
        return padded

    def decode(self, ids: Sequence[int]) -> list[str]:
        """The symbols of these ids, none of them reserved."""
        return [self.symbols[each - END - 1] for each in ids]


def build_translator(source: int, target: int, units: int, seed: int) -> keras.Model:
    """A network from source ids (batch, S) and target ids so far (batch, T) to scores of the next (batch, T, target).

    `source` and `target` are the numbers of ids in either language.
    """
    keras.utils.clear_session(free_memory=False)
    read = keras.Input((None,), dtype="int32", name="source")
    written = keras.Input((None,), dtype="int32", name="target")
    encoder = keras.layers.LSTM(units, return_sequences=True, return_state=True, name="encoder")
    decoder = keras.layers.LSTM(units, return_sequences=True, name="decoder")
    memory, *last = encoder(keras.layers.Embedding(source, units, mask_zero=True, name="source_vectors")(read))
    states = decoder(
        keras.layers.Embedding(target, units, mask_zero=True, name="target_vectors")(written), initial_state=last
    )
    seen = keras.layers.Attention(name="attention")([states, memory])
    scores = keras.layers.Dense(target, name="scores")(keras.layers.Concatenate(name="both")([states, seen]))
    model = keras.Model([read, written], scores, name="translator")
    draw_weights(model, seed)
    for name in ("source_vectors", "target_vectors"):
        table = model.get_layer(name).embeddings
        table.assign(generator(seed, f"translation/{name}").uniform(-0.3, 0.3, tuple(table.shape)))
    return model


def train_translator(
    model: keras.Model, source: np.ndarray, target: np.ndarray, epochs: int, seed: int, batch_size: int = 32
) -> list[float]:
    """Fit by teacher forcing and return each epoch's mean loss per symbol; target ids begin with BEGIN.

    At place t the decoder has read target 0 ... t and is to say target t + 1; padding is not counted.
    """
    tf.config.experimental.enable_op_determinism()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, auto_scale_loss=False)
    losses = []
    for epoch in range(epochs):
        rows = generator(seed, f"translation/epoch-{epoch}").permutation(len(source))
        asked, given, answer = source[rows], target[rows, :-1], target[rows, 1:]
        weights = (answer != PADDING).astype(np.float32)
        fitted = model.fit([asked, given], answer, batch_size, sample_weight=weights, shuffle=False, verbose=0)
        losses.append(float(fitted.history["loss"][0]))
    return losses


def translate(model: keras.Model, source: np.ndarray, max_length: int) -> list[list[int]]:
    """Target ids of each source by greedy decoding: up to END, which is left out, or `max_length` of them."""
    written = np.full((len(source), max_length + 1), PADDING, np.int32)
    written[:, 0] = BEGIN
    running = np.ones(len(source), bool)
    for place in range(max_length):
        scores = model.predict_on_batch([source, written])[:, place]
        scores[:, [PADDING, BEGIN]] = -np.inf
        best = np.argmax(scores, axis=1)
        running &= best != END
        written[running, place + 1] = best[running]
        if not running.any():
            break
    return [row[row > END].tolist() for row in written]
