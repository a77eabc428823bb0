"""What to do about a verdict, in words, from what was measured and not from the name of the cell alone."""

import math

from models.gradients.diagnosis import LOST, GateUse, LayerFlow, Verdict
from models.wording import counted

# The gate that multiplies the memory at each step, and what Keras calls it.
MEMORY_GATES = {"lstm": "forget", "gru": "update"}
MANY = 0.5


def advise(layer: LayerFlow) -> list[str]:
    """One sentence for each thing worth trying, the most useful first; none for a healthy layer."""
    if layer.verdict is Verdict.exploding:
        return _against_explosion(layer)
    if layer.verdict is Verdict.healthy:
        return []
    gate = layer.gates.get(MEMORY_GATES.get(layer.cell, ""))
    advice = _for_plain_cell(layer) if gate is None else _for_gated_cell(layer, gate)
    return [*advice, _on_pooling(layer)]


def _against_explosion(layer: LayerFlow) -> list[str]:
    return [
        "Clip the norm of the gradient (this project trains with a norm of at most 1), so that one batch cannot undo "
        "the training.",
        f"Start the recurrent matrix orthogonal: its largest singular value is {layer.stretch:.2f}, and with 1 a step "
        "back cannot stretch the gradient of a plain RNN.",
        "Or lower the learning rate, if the matrix was orthogonal at the start and has grown since.",
    ]


def _for_plain_cell(layer: LayerFlow) -> list[str]:
    advice = [
        f"Use a gated cell, an LSTM or GRU, and start the bias of its {_gates()} gate at ln({layer.distance}) = "
        f"{math.log(max(layer.distance, 1)):.1f}: its memory is a sum, which nothing squashes at each step."
    ]
    if layer.stretch < 1:
        advice.append(
            f"Or start the recurrent matrix orthogonal: its largest singular value is {layer.stretch:.2f}, so each "
            "step back shrinks the gradient."
        )
    if (full := layer.gates["state"].saturation) > MANY:
        advice.append(
            f"{full:.0%} of the states are near -1 or 1, where tanh is flat: smaller inputs or a smaller kernel would "
            "leave it room."
        )
    return advice


def _for_gated_cell(layer: LayerFlow, gate: GateUse) -> list[str]:
    name, distance = MEMORY_GATES[layer.cell], max(layer.distance, 1)
    bias = math.log(distance)
    if gate.passes**distance < LOST:
        return [
            f"Start the bias of the {name} gate at ln({distance}) = {bias:.1f}: the gate passes {gate.passes:.2f} at a "
            f"step now, and {gate.passes:.2f}^{distance} = {gate.passes**distance:.0e}; with that bias it passes "
            f"1 - 1/{distance}, and a third is left at the end."
        ]
    shut = {other: use.low for other, use in layer.gates.items() if use.low > MANY}
    closed = ", ".join(f"{share:.0%} of the {other} gates" for other, share in shut.items())
    return [
        f"The {name} gates are open ({gate.passes:.2f} at a step); "
        + (f"look at {closed}: they are shut." if closed else "the cell's other paths cancel what they pass.")
    ]


def _on_pooling(layer: LayerFlow) -> str:
    if layer.pooled:
        return (
            "Pooling gives every word a way of its own to the answer, so words are learned all the same; what is lost "
            f"is what one word says about another more than {counted(layer.reach, 'step')} later."
        )
    return "Or pool all states (mean, max, attention) instead of taking the last: every step gets a way of its own."


def _gates() -> str:
    return " or ".join(MEMORY_GATES.values())
