"""Text from a language model: the sampler against the network, and what temperature, top-k, seed and marks do."""

import numpy as np
import pytest

from models.language.generation import Layer, Sampler, draw_token, generate, sampler_of
from models.language.network import build_language_model, weights_by_path
from models.language.settings import LanguageSettings

VOCABULARY = 9
SCORES = np.array([0.0, 3.0, 1.0, 2.0, -1.0, 0.5, 0.0, 0.0, 0.0, 0.0])


def constant(scores: np.ndarray) -> Sampler:
    """A sampler that gives the same scores whatever it reads."""
    layer = Layer(np.zeros((2, 12)), np.zeros((3, 12)), np.zeros(12))
    return Sampler(np.zeros((len(scores), 2)), [layer], None, np.zeros((len(scores), 3)), scores)


@pytest.mark.parametrize("changes", [{}, {"tied": True, "layers": 2}, {"directions": ("backward", "forward")}])
def test_the_sampler_gives_the_scores_of_the_network(changes: dict) -> None:
    settings = LanguageSettings(dimensions=4, units=6, **changes)
    model = build_language_model(settings, np.ones(VOCABULARY), 1)
    random = np.random.default_rng(0)
    model.set_weights([random.normal(0, 0.7, weights.shape) for weights in model.get_weights()])
    read = np.array([[VOCABULARY, 3, 5, 2], [VOCABULARY, 7, 7, 4]], np.int32)
    outputs = model([read] * len(settings.directions))
    expected = outputs[settings.directions.index("forward")] if len(settings.directions) > 1 else outputs
    expected = np.reshape(expected, (2, 4, VOCABULARY + 1))
    sampler = sampler_of(weights_by_path(model), settings)
    states = sampler.first_states(2)
    for place in range(4):
        scores, states = sampler.next_scores(read[:, place], states)
        np.testing.assert_allclose(scores, expected[:, place], rtol=1e-4, atol=1e-5)


def test_the_share_of_draws_is_the_softmax_at_the_temperature() -> None:
    random = np.random.default_rng(0)
    draws = np.array([draw_token(SCORES, 2.0, None, random) for _ in range(20_000)])
    expected = np.exp(SCORES / 2) / np.exp(SCORES / 2).sum()
    np.testing.assert_allclose(np.bincount(draws, minlength=len(SCORES)) / 20_000, expected, atol=0.01)


def test_top_k_leaves_only_the_highest_scores_and_temperature_zero_only_one() -> None:
    random = np.random.default_rng(0)
    assert {draw_token(SCORES, 5.0, 3, random) for _ in range(300)} == {1, 3, 2}
    assert {draw_token(SCORES, 0.0, None, random) for _ in range(5)} == {1}


def test_the_same_seed_gives_the_same_texts_and_each_text_has_draws_of_its_own() -> None:
    sampler = constant(np.zeros(VOCABULARY + 1))
    texts = generate(sampler, [[], [], []], 7)
    assert texts == generate(sampler, [[], [], []], 7)
    assert texts[:1] == generate(sampler, [[]], 7)
    assert texts != generate(sampler, [[], [], []], 8)
    assert texts[0] != texts[1]


def test_padding_and_unknown_are_never_drawn_and_no_text_is_empty() -> None:
    likely = np.full(VOCABULARY + 1, 0.0)
    likely[[0, 1, VOCABULARY]] = 4.0
    texts = generate(constant(likely), [[]] * 200, 1, length=10)
    drawn = {token for text in texts for token in text}
    assert drawn == set(range(2, VOCABULARY))
    assert all(texts)
    assert np.mean([len(text) for text in texts]) < 2  # the mark soon ends them


def test_a_text_stops_at_the_length_asked_for() -> None:
    never_ends = np.zeros(VOCABULARY + 1)
    never_ends[-1] = -50
    assert [len(text) for text in generate(constant(never_ends), [[], [3]], 1, length=12)] == [12, 12]


@pytest.mark.parametrize(
    ("options", "words"),
    [({"temperature": -1.0}, "temperature"), ({"temperature": np.nan}, "temperature"), ({"top_k": 0}, "top_k"),
     ({"length": 0}, "length")],
)  # fmt: skip
def test_settings_out_of_range_are_refused(options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        generate(constant(SCORES), [[]], 1, **options)


def test_a_model_that_reads_backward_only_draws_no_text() -> None:
    with pytest.raises(ValueError, match="direction forward"):
        sampler_of({}, LanguageSettings(directions=("backward",)))
