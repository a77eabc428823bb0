"""Verdicts on how gradients flow back through time, and the thresholds behind them.

The gradient at the last state of a document reaches the state k steps earlier as a product of k Jacobians
(Hochreiter 1991; Bengio et al. 1994; Pascanu et al. 2013), and its norm there is a share r(k) of the norm at the end.
A weight changes by the sum over all steps, so two shares part the verdicts:

- r below 1/100: the step is less than a hundredth of the last one's part in the sum, under the noise from one batch
  to the next. What stands there is not learned. VANISHING, when that is so at the longest distance.
- r above 100: the same the other way round, the last step is lost beside the early one. Clipping to a norm then
  shrinks it to nothing, and without clipping the update overshoots. EXPLODING, when that is so at any distance.

HEALTHY is all between. What theory expects for k = 100: an orthogonal recurrent matrix gives r <= 1, below 1 by as
much as tanh bends; an LSTM with the usual forget bias of 1 passes sigmoid(1)^100 = 3e-14 along C_t and little more
along h_t; with bias ln(k) it passes 1 - 1/k at a step (Tallec & Ollivier 2018) and 1/e in all; a random matrix scaled
by 2 is chaotic (Sompolinsky et al. 1988) and r grows exponentially. tests/models/gradients/ confirms each, and that
thresholds ten times as wide, or half as wide, give the same verdicts.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from models.wording import counted

LOST = 0.01
# A sigmoid has 36 % of its largest slope at 0.1 and 0.9 (as Karpathy et al. 2015 count), and less beyond.
NEAR_ZERO, NEAR_ONE = 0.1, 0.9


class Verdict(StrEnum):
    """How the gradient flows through time."""

    healthy = "healthy"
    vanishing = "vanishing"
    exploding = "exploding"


@dataclass(frozen=True)
class GateUse:
    """How one gate (or the state of a plain RNN) was used: shares of values near 0 and near 1, and its usual value.

    `passes` is the geometric mean: what a gate passes at a step when it multiplies step after step.
    """

    low: float
    high: float
    passes: float

    @classmethod
    def of(cls, values: np.ndarray) -> "GateUse":
        """Of gate values 0-1, padding left out."""
        passes = float(np.exp(np.mean(np.log(np.maximum(values, np.finfo(float).tiny)))))
        return cls(float(np.mean(values < NEAR_ZERO)), float(np.mean(values > NEAR_ONE)), passes)

    @property
    def saturation(self) -> float:
        """Share of values near 0 or 1, where the gate hardly learns."""
        return self.low + self.high


@dataclass(frozen=True)
class LayerFlow:
    """How the gradient flows through one recurrent layer; distance 0 is the last word that it reads of a document.

    `shares[k]` is r(k), through the recurrence alone: all that the loss asks of a document's states, asked of the last
    one. `norms[k]` is the norm of the gradient k steps before the end in training, where pooling may give every step a
    way of its own (`pooled`). Both are medians over the documents that are so long. The state is h_t, with C_t in an
    LSTM. `stretch` is the largest singular value of the recurrent matrix.
    """

    name: str
    cell: str
    shares: np.ndarray
    norms: np.ndarray
    gates: Mapping[str, GateUse]
    stretch: float
    pooled: bool

    @property
    def distance(self) -> int:
        """The longest distance measured, in steps."""
        return len(self.shares) - 1

    @property
    def ratio(self) -> float:
        """The share r at the longest distance."""
        return float(self.shares[-1])

    @property
    def reach(self) -> int:
        """The longest distance up to which no r is below a hundredth."""
        lost = np.flatnonzero(~(self.shares >= LOST))
        return max(0, int(lost[0]) - 1) if len(lost) else self.distance

    @property
    def verdict(self) -> Verdict:
        """Exploding, vanishing or healthy. What is not a number has overflowed."""
        if not np.all(np.isfinite(self.shares)) or self.shares.max() > 1 / LOST:
            return Verdict.exploding
        return Verdict.vanishing if self.ratio < LOST else Verdict.healthy

    @property
    def saturation(self) -> float:
        """Share of all gate values near 0 or 1."""
        return float(np.mean([gate.saturation for gate in self.gates.values()]))

    @property
    def finding(self) -> str:
        """The verdict in words."""
        most = float(np.max(self.shares))
        if self.verdict is Verdict.exploding:
            size = (
                "beyond all numbers"
                if not math.isfinite(most)
                else f"{most:,.0f}-fold"
                if most < 1e9
                else f"{most:.0e}-fold"
            )
            return f"exploding: within {counted(self.distance, 'step')} back the gradient grows {size}"
        if self.verdict is Verdict.vanishing:
            return (
                f"vanishing: {self.ratio:.1e} of the gradient is left {counted(self.distance, 'step')} back, "
                f"less than a hundredth from {counted(self.reach + 1, 'step')} on"
            )
        return f"healthy: {self.ratio:.2g} of the gradient is left {counted(self.distance, 'step')} back"


@dataclass(frozen=True)
class Diagnosis:
    """The recurrent layers of a network at one moment, in the order of the network."""

    layers: tuple[LayerFlow, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the layers': one that explodes breaks training, one that fades only limits it."""
        found = {layer.verdict for layer in self.layers}
        return next(each for each in (Verdict.exploding, Verdict.vanishing, Verdict.healthy) if each in found)

    def metrics(self) -> dict[str, float]:
        """Figures of every layer by name: `train_gradients/<layer>/ratio`, `train_gates/<layer>/saturation` ...."""
        figures: dict[str, float] = {}
        for layer in self.layers:
            figures[f"train_gradients/{layer.name}/ratio"] = layer.ratio
            figures[f"train_gradients/{layer.name}/reach"] = layer.reach
            figures[f"train_gradients/{layer.name}/norm_last"] = float(layer.norms[0])
            figures[f"train_gradients/{layer.name}/norm_first"] = float(layer.norms[-1])
            figures[f"train_gates/{layer.name}/saturation"] = layer.saturation
            figures |= {f"train_gates/{layer.name}/{name}_passes": gate.passes for name, gate in layer.gates.items()}
        return figures
