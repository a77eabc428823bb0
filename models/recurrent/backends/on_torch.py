"""PyTorch: operations as they come, gradients by its own tape."""

import keras
import numpy as np
import torch

from models.recurrent.backends.base import GRADIENT_NORM, Logits, TrainingStep, refuse_adversarial
from models.recurrent.backends.dense_adam import adam, clip_together, moments_for, tables_among
from models.recurrent.layers import reading_beyond
from models.recurrent.losses import Objective


def training_step(network: keras.Model, objective: Objective, adversarial: float = 0.0) -> TrainingStep:
    """One step of lazy Adam."""
    refuse_adversarial(adversarial)
    torch.use_deterministic_algorithms(True)
    weights, moments = network.trainable_variables, moments_for(network.trainable_variables)
    tables = tables_among(network)

    def run(ids: np.ndarray, targets: np.ndarray, rate: float) -> torch.Tensor:
        outputs = network(ids, training=True)
        loss = objective.losses(outputs, torch.as_tensor(targets, device=outputs.device)).mean()
        gradients = torch.autograd.grad(loss, [weight.value for weight in weights])
        with torch.no_grad():
            values = [[variable.value for variable in group] for group in (weights, moments)]
            new = adam(values[0], clip_together(gradients, GRADIENT_NORM), values[1], tables, rate)
            for variable, value in zip([*weights, *moments], [*new[0], *new[1]], strict=True):
                variable.assign(value)
        return loss.detach()

    return TrainingStep(run, moments)


def logits(network: keras.Model) -> Logits:
    """Ids (batch, length) -> logits (batch, width)."""

    def answer(ids: np.ndarray, beyond: np.ndarray | None = None) -> np.ndarray:
        further = None if beyond is None else keras.ops.convert_to_tensor(beyond)
        with torch.no_grad(), reading_beyond(network, further):
            values: np.ndarray = network(ids, training=False).cpu().numpy()
            return values

    return answer
