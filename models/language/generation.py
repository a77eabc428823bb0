"""Text drawn from a language model, word by word, in plain NumPy: one step is a few small products.

A sampler needs the weights of the forward direction only and no TensorFlow, so that it is there at once.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from models.language.settings import LanguageSettings
from models.seeds import generator
from models.text.vocabulary import PADDING_ID, UNKNOWN_ID

NEVER = (PADDING_ID, UNKNOWN_ID)


class Layer(NamedTuple):
    """One LSTM layer in Keras' layout: kernel (width, 4 units), recurrent (units, 4 units), bias (4 units,)."""

    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray


class Sampler(NamedTuple):
    """The forward network: token vectors, LSTM layers, a projection where there is one, and the output."""

    embedding: np.ndarray  # (vocabulary + 1, dimensions); the last row is the mark's
    layers: list[Layer]
    projection: tuple[np.ndarray, np.ndarray] | None  # kernel (units, dimensions), bias (dimensions,)
    vectors: np.ndarray  # (vocabulary + 1, width of the states)
    bias: np.ndarray  # (vocabulary + 1,)

    @property
    def mark(self) -> int:
        """The id that begins a text when read and ends it when drawn."""
        return len(self.bias) - 1

    def next_scores(self, ids: np.ndarray, states: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Scores (texts, vocabulary + 1) of the token after these, ids (texts,), and the states to go on from.

        States are h and C of each layer, (texts, units) each, in a row.
        """
        values, later = self.embedding[ids], []
        for number, layer in enumerate(self.layers):
            values, carry = _lstm_step(layer, values, *states[2 * number : 2 * number + 2])
            later += [values, carry]
        if self.projection is not None:
            values = values @ self.projection[0] + self.projection[1]
        return values @ self.vectors.T + self.bias, later

    def first_states(self, texts: int) -> list[np.ndarray]:
        """Zeros: nothing has been read."""
        return [np.zeros((texts, len(layer.recurrent)), np.float32) for layer in self.layers for _ in "hC"]


def sampler_of(weights: Mapping[str, np.ndarray], settings: LanguageSettings) -> Sampler:
    """The sampler of a trained network's weights, by the paths of its variables.

    Raises ValueError for a model that reads backward only.
    """
    if "forward" not in settings.directions:
        raise ValueError("text is drawn from its start to its end: train with the direction forward")
    names = ("kernel", "recurrent_kernel", "bias")
    layers = [
        Layer(*(weights[f"forward_lstm_{number}/lstm_cell/{name}"] for name in names))
        for number in range(settings.layers)
    ]
    projection = None
    if "forward_projection/kernel" in weights:
        projection = weights["forward_projection/kernel"], weights["forward_projection/bias"]
    embedding = weights["embedding/embeddings"]
    return Sampler(
        embedding, layers, projection, weights.get("next_word/vectors", embedding), weights["next_word/bias"]
    )


def generate(
    sampler: Sampler,
    prompts: Sequence[Sequence[int]],
    seed: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    length: int = 30,
) -> list[list[int]]:
    """Ids drawn after each prompt's, up to `length` of them; a text ends before that where the mark is drawn.

    Scores are divided by `temperature` (0: always the likeliest token) and all but the `top_k` highest dropped. Unknown
    and padding are never drawn, and a text without a prompt never ends before its first word. Each text has draws of
    its own, so it does not depend on how many others are drawn. Raises ValueError for settings out of range.
    """
    _check(temperature, top_k, length)
    randoms = [generator(seed, f"generate/{number}") for number in range(len(prompts))]
    drawn: list[list[int]] = [[] for _ in prompts]
    for number, prompt in enumerate(prompts):
        scores, states = _read(sampler, prompt)
        while len(drawn[number]) < length:
            allowed = _allowed(scores[0], ends=bool(prompt or drawn[number]))
            token = draw_token(allowed, temperature, top_k, randoms[number])
            if token == sampler.mark:
                break
            drawn[number].append(token)
            scores, states = sampler.next_scores(np.array([token]), states)
    return drawn


def draw_token(scores: np.ndarray, temperature: float, top_k: int | None, random: np.random.Generator) -> int:
    """One token by scores (tokens,): the softmax at this temperature of the `top_k` highest; ties by id."""
    if temperature == 0:
        return int(np.argmax(scores))
    kept = np.argsort(-scores, kind="stable")[:top_k]
    kept = kept[np.isfinite(scores[kept])]
    spread = (scores[kept].astype(np.float64) - scores[kept[0]]) / temperature
    chances = np.cumsum(np.exp(spread))
    return int(kept[np.searchsorted(chances, random.random() * chances[-1], side="right")])


def _read(sampler: Sampler, prompt: Sequence[int]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Scores and states after the mark and the prompt."""
    scores, states = sampler.next_scores(np.array([sampler.mark]), sampler.first_states(1))
    for token in prompt:
        scores, states = sampler.next_scores(np.array([token]), states)
    return scores, states


def _allowed(scores: np.ndarray, ends: bool) -> np.ndarray:
    """The scores with what may not be drawn at minus infinity."""
    allowed = scores.copy()
    allowed[list(NEVER)] = -np.inf
    if not ends:
        allowed[-1] = -np.inf
    return allowed


def _lstm_step(layer: Layer, inputs: np.ndarray, state: np.ndarray, carry: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """h_t and C_t (texts, units) from inputs (texts, width), h_{t-1} and C_{t-1}."""
    i, f, g, o = np.split(inputs @ layer.kernel + state @ layer.recurrent + layer.bias, 4, axis=1)
    carry = _sigmoid(f) * carry + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(carry), carry


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return (1 + np.tanh(values / 2)) / 2  # never overflows


def _check(temperature: float, top_k: int | None, length: int) -> None:
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature must be 0 or more, got {temperature}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k must be >= 1, got {top_k}: leave it out to draw from all words")
    if length < 1:
        raise ValueError(f"length must be >= 1, got {length}")
