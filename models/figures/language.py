"""How a language model learned."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.figures.style import BLUE, GREY, VERMILION, dress

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def language_curves(history: Sequence[Mapping[str, float]]) -> "Figure":
    """Loss (nats a token) and perplexity of held-out documents over epochs, the epoch that is kept marked."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    if not history:
        raise ValueError("no epochs to draw: give the history of at least one")
    epochs = np.arange(1, len(history) + 1)
    best = 1 + int(np.argmin([scores["validation/log_loss"] for scores in history]))
    figure = Figure(figsize=(9.2, 4.2), dpi=120, layout="constrained")
    losses, perplexities = figure.subplots(1, 2)
    dress(losses, "Loss", "epoch", "cross-entropy per token (nats)")
    dress(perplexities, "Held-out documents", "epoch", "perplexity (as many words as likely)")
    losses.plot(epochs, [scores["train/loss"] for scores in history], "o-", color=BLUE, label="training")
    held_out = [scores["validation/log_loss"] for scores in history]
    losses.plot(epochs, held_out, "s-", color=VERMILION, label="held-out documents")
    perplexities.plot(epochs, np.exp(held_out), "s-", color=VERMILION, label="perplexity")
    for axes in (losses, perplexities):
        axes.axvline(best, color=GREY, linestyle="--", linewidth=1.2, label=f"kept: epoch {best}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(fontsize=10, frameon=False)
    return figure
