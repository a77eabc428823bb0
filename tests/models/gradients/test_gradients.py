"""The gradient-flow doctor: it measures the network in use, and its verdicts at lag 100 are those of theory."""

import math
from dataclasses import replace
from functools import cache

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.gradients import Diagnosis, GateUse, LayerFlow, Verdict, advise
from models.gradients import diagnosis as thresholds
from models.gradients.lag import LagSettings, examine_lag
from models.gradients.measurement import examine, longest_documents, recurrent_layers
from models.gradients.recurrences import GruCell, LstmCell, SimpleCell
from models.recurrent import build_classifier, layers
from models.settings import ClassifierSettings

LAG = 100
KINDS = {"rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}
PAIRS = [(layers.SimpleRNN, SimpleCell), (layers.LSTM, LstmCell), (layers.GRU, GruCell)]


@cache
def at_lag(kind: str, **changes) -> LayerFlow:
    return examine_lag(LagSettings(kind=kind, lag=LAG, **changes)).layers[0]


# What each must be called, and where its share of the gradient must lie for theory to be right (see diagnosis.py).
EXPERIMENTS = {
    "a plain RNN": ({"kind": "rnn"}, Verdict.vanishing, (1e-9, 1e-3)),
    "its matrix scaled by 2": ({"kind": "rnn", "scale": 2.0}, Verdict.exploding, (1e3, 1e9)),
    "an LSTM with forget bias ln(lag)": (
        {"kind": "lstm", "forget_bias": math.log(LAG)},
        Verdict.healthy,
        (1 / math.e, 50),
    ),
    "Keras' default LSTM": ({"kind": "lstm"}, Verdict.vanishing, (0, 1e-6)),
    "Keras' default GRU": ({"kind": "gru"}, Verdict.vanishing, (0, 1e-6)),
    "a GRU with update bias ln(lag)": ({"kind": "gru", "forget_bias": math.log(LAG)}, Verdict.healthy, (0.3, 0.45)),
}


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_verdicts_at_lag_100_are_those_of_theory(name, seed):
    settings, verdict, (low, high) = EXPERIMENTS[name]
    layer = at_lag(**settings, seed=seed)
    assert layer.distance == LAG
    assert layer.verdict is verdict
    assert low <= layer.ratio <= high


@pytest.mark.parametrize("lost", [0.001, 0.02])
def test_no_verdict_hangs_on_the_exact_threshold(lost, monkeypatch):
    monkeypatch.setattr(thresholds, "LOST", lost)
    for settings, verdict, _ in EXPERIMENTS.values():
        assert at_lag(**settings).verdict is verdict


def test_the_default_lstm_is_told_to_open_its_forget_gate():
    advice = " ".join(advise(at_lag("lstm")))
    assert "bias of the forget gate at ln(100) = 4.6" in advice
    assert "0.73 at a step" in advice
    assert advise(at_lag("lstm", forget_bias=math.log(LAG))) == []


def test_the_plain_rnn_is_told_to_become_gated_and_the_exploding_one_to_clip():
    assert "gated cell" in advise(at_lag("rnn"))[0]
    exploding = " ".join(advise(at_lag("rnn", scale=2.0)))
    assert "Clip" in exploding
    assert "largest singular value is 2.00" in exploding
    assert any("0.50, so each step back shrinks" in advice for advice in advise(at_lag("rnn", scale=0.5)))


def test_a_gradient_that_overflows_is_exploding_and_can_be_told():
    layer = examine_lag(LagSettings(kind="rnn", lag=1200, scale=8.0)).layers[0]
    assert layer.verdict is Verdict.exploding
    assert not np.isfinite(layer.shares).all()
    assert "grows beyond all numbers" in layer.finding


def test_a_plain_rnn_has_no_forget_bias():
    with pytest.raises(ValueError, match="no forget gate"):
        at_lag("rnn", forget_bias=1.0)


def weighted(layer: keras.layers.Layer, seed: int) -> None:
    random = np.random.default_rng(seed)
    layer.set_weights([random.normal(0, 0.5, weight.shape) for weight in layer.get_weights()])


@pytest.mark.parametrize(("layer_type", "cell_type"), PAIRS)
def test_cells_in_numpy_are_the_layers_in_use_forward_and_back(layer_type, cell_type):
    """Every weight's gradient is a sum over the steps, so a wrong step would show in it."""
    inputs, layer = np.random.default_rng(1).normal(size=(3, 6, 2)), layer_type(4, return_sequences=True)
    layer.build(inputs.shape)
    weighted(layer, 2)
    with tf.GradientTape() as tape:
        states = layer(tf.constant(inputs, tf.float32))
        factors = np.cos(np.arange(states.numpy().size)).reshape(states.shape)
        loss = tf.reduce_sum(states * factors)
    kernel_gradient = tape.gradient(loss, layer.cell.kernel.value)
    cell = cell_type(*(weights.astype(float) for weights in layer.get_weights()))
    reading = cell.read(inputs.swapaxes(0, 1))
    np.testing.assert_allclose(reading.states.swapaxes(0, 1), states, atol=1e-5)
    flow = cell.back(reading, factors.swapaxes(0, 1))
    np.testing.assert_allclose(np.einsum("ntx,tnz->xz", inputs, flow.projected), kernel_gradient, atol=2e-5)


def stacked(kind: str) -> keras.Model:
    """Two bidirectional layers, one that reads backwards to its last state, pooling: whatever a network may hold."""
    ids = keras.Input((None,), dtype="int32")
    hidden = keras.layers.Embedding(20, 5, mask_zero=True, name="embedding")(ids)
    cell = KINDS[kind]
    for number in (1, 2):
        hidden = keras.layers.Bidirectional(cell(4, return_sequences=True, name=f"{kind}_{number}"))(hidden)
    pooled = layers.MaskedPooling("max-mean")(hidden)
    last = cell(3, go_backwards=True, name="backwards")(hidden)
    logit = keras.layers.Dense(1, name="logit")(keras.layers.Concatenate()([pooled, last]))
    return keras.Model(ids, keras.layers.Activation("sigmoid")(logit))


def documents(lengths: list[int]) -> tuple[np.ndarray, np.ndarray]:
    ids = np.random.default_rng(0).integers(1, 20, (len(lengths), max(lengths)))
    return np.where(np.arange(max(lengths)) < np.array(lengths)[:, None], ids, 0).astype(np.int32), np.arange(
        len(lengths)
    ) % 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_network_that_is_observed_is_the_network_in_use(kind, monkeypatch):
    """Loss and the gradient of the embedding, which is below all that is observed, agree with the plain network's."""
    from models.gradients import measurement

    model = stacked(kind)
    for layer in model.layers:
        weighted(layer, 3)
    ids, targets = documents([7, 4, 1, 6])

    def loss_and_gradient() -> tuple[float, np.ndarray]:
        head = keras.Model(model.input, model.get_layer("logit").output)
        table = model.get_layer("embedding").embeddings.value
        with tf.GradientTape() as tape:
            logits = tf.squeeze(head(tf.constant(ids), training=False), axis=1)
            loss = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(targets, tf.float32), logits))
        return float(loss), tf.convert_to_tensor(tape.gradient(loss, table)).numpy()

    loss, gradient = loss_and_gradient()
    observers = [measurement._Observer(layer, tf.constant(0.0)) for layer in recurrent_layers(model)]
    with measurement._observed(observers):
        observed_loss, observed_gradient = loss_and_gradient()
    assert observed_loss == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(observed_gradient, gradient, atol=2e-5 * np.abs(gradient).max())
    assert [layer.observer for layer in recurrent_layers(model)] == [None] * 5


def test_every_recurrent_layer_is_found_wherever_it_is():
    model = stacked("lstm")
    ids, targets = documents([7, 4, 6])
    names = ["forward_lstm_1", "backward_lstm_1", "forward_lstm_2", "backward_lstm_2", "backwards"]
    assert sorted(layer.name for layer in examine(model, ids, targets).layers) == sorted(names)


def test_a_network_that_reads_nothing_in_order_is_refused():
    settings = ClassifierSettings(kind="feed-forward", dimensions=3, units=2)
    with pytest.raises(ValueError, match="no recurrent layer"):
        examine(build_classifier(settings, 9, None, 1), *documents([3]))


@pytest.mark.parametrize("pooling", ["last", "max-mean"])
def test_more_padding_changes_nothing(pooling):
    model = build_classifier(ClassifierSettings(dimensions=5, units=4, pooling=pooling), 20, None, 1)
    ids, targets = documents([7, 4, 6])
    told, retold = (examine(model, np.pad(ids, ((0, 0), (0, more))), targets) for more in (0, 5))
    for layer, again in zip(told.layers, retold.layers, strict=True):
        np.testing.assert_allclose(layer.shares, again.shares, rtol=1e-5)
        np.testing.assert_allclose(layer.norms, again.norms, rtol=1e-5)
        for name, gate in layer.gates.items():
            assert again.gates[name].passes == pytest.approx(gate.passes, rel=1e-6)


def test_documents_of_unequal_length_are_lined_up_at_their_ends():
    """Each counts from its own last word; a distance is measured where at least half of the documents reach."""
    model = build_classifier(
        ClassifierSettings(kind="rnn", dimensions=5, units=4, bidirectional=False, pooling="last"), 20, None, 1
    )
    ids, targets = documents([7, 3, 5])
    together = examine(model, ids, targets).layers[0]
    alone = [
        examine(model, ids[n : n + 1, :length], targets[n : n + 1]).layers[0] for n, length in enumerate([7, 3, 5])
    ]
    assert together.distance == 4
    np.testing.assert_allclose(together.norms[:3], np.median([each.norms[:3] for each in alone], axis=0), rtol=1e-4)
    np.testing.assert_allclose(
        together.norms[3:], np.mean([alone[0].norms[3:5], alone[2].norms[3:]], axis=0), rtol=1e-4
    )


def test_pooling_gives_early_words_a_gradient_that_the_recurrence_does_not():
    settings = ClassifierSettings(kind="gru", dimensions=5, units=4, bidirectional=False, pooling="mean")
    ids, targets = documents([40, 40, 40])
    layer = examine(build_classifier(settings, 20, None, 1), ids, targets).layers[0]
    assert layer.pooled
    assert layer.verdict is Verdict.vanishing
    assert layer.norms[-1] > 0.1 * layer.norms[0]
    assert "Pooling gives every word a way of its own" in advise(layer)[-1]


def test_the_longest_documents_are_taken_cut_as_the_network_cuts_them():
    offsets, labels = np.array([0, 2, 7, 8, 12]), np.array([0, 1, 0, 1])
    ids, taken = longest_documents(np.arange(1, 13, dtype=np.int32), offsets, labels, max_length=4, count=2)
    assert ids.tolist() == [[3, 4, 5, 6], [9, 10, 11, 12]]
    assert taken.tolist() == [1, 1]


def test_looking_leaves_weights_and_random_numbers_as_they_were():
    model = build_classifier(ClassifierSettings(dimensions=5, units=4), 20, None, 1)
    before = [variable.numpy().copy() for variable in model.variables]
    examine(model, *documents([7, 4]))
    assert all(np.array_equal(was, now.numpy()) for was, now in zip(before, model.variables, strict=True))


def flow_with(shares: list[float], **changes) -> LayerFlow:
    values = np.array(shares)
    layer = LayerFlow("lstm", "lstm", values, values, {"forget": GateUse(0.0, 0.5, 0.9)}, 1.0, False)
    return replace(layer, **changes)


@pytest.mark.parametrize(
    ("shares", "verdict", "reach"),
    [
        ([1.0], "healthy", 0),
        ([1.0, 0.5, 0.02], "healthy", 2),
        ([1.0, 0.5, 0.009], "vanishing", 1),
        ([1.0, 0.005, 0.5], "healthy", 0),
        ([1.0, 101.0, 0.5], "exploding", 2),
        ([1.0, 200.0, 0.0], "exploding", 1),
        ([1.0, np.inf], "exploding", 1),
        ([1.0, np.nan], "exploding", 0),
    ],
)
def test_verdicts_follow_the_stated_thresholds(shares, verdict, reach):
    layer = flow_with(shares)
    assert (layer.verdict, layer.reach) == (verdict, reach)


def test_a_network_is_as_ill_as_its_worst_layer_and_its_figures_have_names():
    diagnosis = Diagnosis((flow_with([1.0, 0.5]), flow_with([1.0, 0.001], name="second")))
    assert diagnosis.verdict is Verdict.vanishing
    figures = diagnosis.metrics()
    assert figures["train_gradients/second/ratio"] == 0.001
    assert figures["train_gates/lstm/saturation"] == 0.5


def test_gates_near_zero_and_one_are_counted():
    use = GateUse.of(np.array([0.05, 0.5, 0.95, 0.99]))
    assert (use.low, use.high, use.saturation) == (0.25, 0.5, 0.75)
    assert use.passes == pytest.approx((0.05 * 0.5 * 0.95 * 0.99) ** 0.25)


def test_shut_gates_are_named_where_the_forget_gate_is_not_to_blame():
    gates = {"forget": GateUse(0.0, 1.0, 0.99), "output": GateUse(0.9, 0.0, 0.01)}
    (first, _) = advise(flow_with([1.0, 0.001], gates=gates))
    assert "90% of the output gates" in first
