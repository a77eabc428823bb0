"""The networks: padding changes nothing, equal seeds start alike, a saved model is the same model."""

import itertools

import keras
import numpy as np
import pytest

from models.recurrent import build_classifier, predict_probabilities
from models.recurrent.layers import AttentionPooling
from models.recurrent.network import reader_weights, take_reader_weights
from models.settings import ClassifierSettings

VOCABULARY = 50
KINDS = ["feed-forward", "rnn", "lstm", "gru"]
POOLINGS = ["last", "mean", "max", "max-mean"]


def settings(**changes) -> ClassifierSettings:
    return ClassifierSettings(**{"units": 6, "dimensions": 5, "max_length": 12, **changes})


def documents(count: int = 30, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(random.integers(1, 12, count))])
    return random.integers(1, VOCABULARY, offsets[-1]).astype(np.int32), offsets


def one_by_one(model: keras.Model, ids: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Each document alone, without padding, through the plain Keras call."""
    spans = itertools.pairwise(offsets)
    return np.array([float(model(ids[None, start:end])[0, 0]) for start, end in spans])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_and_neighbours_change_no_prediction(kind, bidirectional):
    for pooling in POOLINGS if kind == "lstm" else ["last", "max-mean"]:
        model = build_classifier(settings(kind=kind, bidirectional=bidirectional, pooling=pooling), VOCABULARY, None, 1)
        ids, offsets = documents(8)
        np.testing.assert_allclose(
            predict_probabilities(model, ids, offsets), one_by_one(model, ids, offsets), atol=1e-6, err_msg=pooling
        )


@pytest.mark.parametrize(
    "shape",
    [{"layers": 2}, {"pooling": "attention"}, {"convolution": 3}, {"layers": 2, "pooling": "last", "convolution": 2}],
    ids=["stacked", "attention", "convolution", "all, last state"],
)
def test_padding_changes_nothing_in_a_network_of_more_parts(shape):
    model = build_classifier(settings(**shape), VOCABULARY, None, 1)
    ids, offsets = documents(8)
    np.testing.assert_allclose(predict_probabilities(model, ids, offsets), one_by_one(model, ids, offsets), atol=1e-6)


def test_attention_weighs_states_by_the_softmax_of_their_scores():
    """Yang et al. 2016, eq. 5-7, in plain NumPy; the last step is padding."""
    layer, random = AttentionPooling(), np.random.default_rng(3)
    states, present = random.normal(size=(1, 4, 3)).astype(np.float32), np.array([[True, True, True, False]])
    layer.build(states.shape)
    kernel, bias, context = random.normal(size=(3, 3)), random.normal(size=3), random.normal(size=(3, 1))
    layer.set_weights([kernel, bias, context])
    scores = np.exp(np.tanh(states[0, :3] @ kernel + bias) @ context)
    expected = (scores / scores.sum() * states[0, :3]).sum(axis=0)
    np.testing.assert_allclose(layer(states, mask=present)[0], expected, rtol=1e-4)


def test_a_network_takes_over_another_of_its_shape_and_refuses_one_of_another():
    first, second = (build_classifier(settings(layers=2), VOCABULARY, None, seed) for seed in (1, 2))
    take_reader_weights(second, reader_weights(first))
    mine, taken = reader_weights(first), reader_weights(second)
    assert mine.keys() == taken.keys()
    assert all(np.array_equal(mine[name], taken[name]) for name in mine)
    assert not np.array_equal(first.get_layer("logit").get_weights()[0], second.get_layer("logit").get_weights()[0])
    with pytest.raises(ValueError, match="another shape"):
        take_reader_weights(build_classifier(settings(), VOCABULARY, None, 1), mine)


def test_equal_batches_give_equal_bits_and_reordered_ones_agree_to_a_millionth():
    model = build_classifier(settings(), VOCABULARY, None, 1)
    ids, offsets = documents(700)
    first = predict_probabilities(model, ids, offsets)
    assert first.dtype == np.float64
    assert first.tobytes() == predict_probabilities(model, ids, offsets).tobytes()
    half = predict_probabilities(model, ids[: offsets[350]], offsets[:351])
    np.testing.assert_allclose(half, first[:350], atol=1e-6)


def test_documents_without_tokens_and_no_documents_are_answered():
    model = build_classifier(settings(), VOCABULARY, None, 1)
    answers = predict_probabilities(model, np.array([3], np.int32), np.array([0, 0, 1, 1]))
    assert np.isfinite(answers).all()
    assert answers[0] == answers[2]
    assert predict_probabilities(model, np.array([], np.int32), np.array([0])).shape == (0,)


def test_tokens_beyond_the_longest_length_are_not_read():
    model = build_classifier(settings(max_length=3), VOCABULARY, None, 1)
    long, short = np.array([4, 5, 6, 7, 8], np.int32), np.array([4, 5, 6], np.int32)
    assert predict_probabilities(model, long, np.array([0, 5])) == predict_probabilities(model, short, np.array([0, 3]))
    assert float(model(long[None])[0, 0]) == float(model(short[None])[0, 0])


@pytest.mark.parametrize("kind", KINDS)
def test_equal_seeds_start_with_equal_weights_whatever_was_built_before(kind):
    first = build_classifier(settings(kind=kind), VOCABULARY, None, 3)
    build_classifier(settings(kind=kind, pooling="last"), VOCABULARY, None, 4)
    again = build_classifier(settings(kind=kind), VOCABULARY, None, 3)
    other = build_classifier(settings(kind=kind), VOCABULARY, None, 5)
    assert all(np.array_equal(a, b) for a, b in zip(first.get_weights(), again.get_weights(), strict=True))
    assert not np.array_equal(first.layers[-2].get_weights()[0], other.layers[-2].get_weights()[0])


def test_the_recurrence_starts_orthogonal_and_the_forget_gate_open():
    cell = build_classifier(settings(bidirectional=False), VOCABULARY, None, 1).get_layer("lstm").cell
    for gate in np.split(cell.recurrent_kernel.numpy(), 4, axis=1):
        np.testing.assert_allclose(gate @ gate.T, np.eye(6), atol=1e-6)
    np.testing.assert_array_equal(cell.bias.numpy(), np.repeat([0, 1, 0, 0], 6))


def test_given_vectors_start_the_embedding_and_words_without_one_start_at_random():
    vectors = np.random.default_rng(0).normal(size=(VOCABULARY, 7)).astype(np.float32)
    vectors[[0, 9]] = 0
    table = build_classifier(settings(), VOCABULARY, vectors, 1).get_layer("embedding").get_weights()[0]
    known = np.setdiff1d(np.arange(VOCABULARY), [0, 9])
    np.testing.assert_array_equal(table[known], vectors[known])
    assert not table[0].any()
    assert table[9].any()


def test_vectors_for_another_vocabulary_are_refused():
    with pytest.raises(ValueError, match="got 3 for 50 rows"):
        build_classifier(settings(), VOCABULARY, np.ones((3, 7), np.float32), 1)


@pytest.mark.parametrize("kind", ["feed-forward", "lstm"])
def test_a_saved_model_loads_without_help_and_predicts_the_same_bits(kind, tmp_path):
    model = build_classifier(settings(kind=kind), VOCABULARY, None, 1)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)
    ids, offsets = documents()
    assert predict_probabilities(loaded, ids, offsets).tobytes() == predict_probabilities(model, ids, offsets).tobytes()
