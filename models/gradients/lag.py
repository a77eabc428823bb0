"""The experiment behind the verdicts: must a network remember the first word until the end, does it get the gradient?

Documents are random symbols, and the label says to which half of the alphabet the first one belongs, so all that is
to be learned lies `lag` steps before the end (Hochreiter & Schmidhuber 1997). Symbols are one-hot. The layer starts as
Keras starts it, unless settings say otherwise: Glorot kernel, orthogonal recurrent matrix, zero biases but for the
LSTM's forget gate, which is 1.
"""

import keras
import numpy as np
from pydantic import Field

from models.gradients.diagnosis import Diagnosis
from models.gradients.measurement import examine
from models.recurrent.layers import GRU, LSTM, SimpleRNN
from models.seeds import derive_seed, generator
from models.settings import Cell, Settings

SYMBOLS = 8
DOCUMENTS = 16
LAYERS = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}


class LagSettings(Settings):
    """One cell, freshly initialised, and how far back it must remember."""

    kind: Cell = Field("lstm", description="The recurrent cell.")
    lag: int = Field(100, ge=1, le=2_000, description="Steps from the word to be remembered to the last one.")
    units: int = Field(64, ge=1, le=1_024, description="Width of the state.")
    scale: float = Field(1.0, gt=0, description="Factor on the recurrent matrix after its orthogonal start.")
    forget_bias: float | None = Field(
        None, description="Bias of the gate that keeps the memory: the LSTM's forget gate, the GRU's update gate."
    )
    seed: int = Field(1, ge=0, description="Of the initial weights and the documents.")


def examine_lag(settings: LagSettings) -> Diagnosis:
    """How the gradient of the last state reaches the first word, before any training."""
    return examine(lag_network(settings), *lag_documents(settings.lag, settings.seed))


def lag_documents(lag: int, seed: int, count: int = DOCUMENTS) -> tuple[np.ndarray, np.ndarray]:
    """Ids int32 (count, lag + 1) from 1 to SYMBOLS, and the labels 0/1 that their first symbols give."""
    ids = generator(seed, "gradients/lag/documents").integers(1, SYMBOLS + 1, (count, lag + 1)).astype(np.int32)
    return ids, (ids[:, 0] > SYMBOLS // 2).astype(np.int8)


def lag_network(settings: LagSettings) -> keras.Model:
    """One-hot symbols, one recurrent layer read to its last state, a logit."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    one_hot = keras.layers.Embedding(SYMBOLS + 1, SYMBOLS, trainable=False, name="one_hot")
    layer = LAYERS[settings.kind](
        settings.units,
        kernel_initializer=keras.initializers.GlorotUniform(_seed(settings, "kernel")),
        recurrent_initializer=keras.initializers.Orthogonal(seed=_seed(settings, "recurrent")),
        name=settings.kind,
    )
    logit = keras.layers.Dense(
        1, kernel_initializer=keras.initializers.GlorotUniform(_seed(settings, "logit")), name="logit"
    )
    model = keras.Model(ids, logit(layer(one_hot(ids))), name=f"{settings.kind}_over_{settings.lag}_steps")
    one_hot.set_weights([np.eye(SYMBOLS + 1, SYMBOLS, k=-1)])
    _change_start(layer, settings)
    return model


def _seed(settings: LagSettings, name: str) -> int:
    return derive_seed(settings.seed, f"gradients/lag/{name}")


def _change_start(layer: keras.layers.RNN, settings: LagSettings) -> None:
    kernel, recurrent, bias = layer.get_weights()
    if settings.forget_bias is not None:
        if settings.kind == "rnn":
            raise ValueError("a plain RNN has no forget gate: use --kind lstm or gru with a forget bias")
        kept = bias[settings.units : 2 * settings.units] if settings.kind == "lstm" else bias[0, : settings.units]
        kept[:] = settings.forget_bias
    layer.set_weights([kernel, settings.scale * recurrent, bias])
