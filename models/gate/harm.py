"""Does a challenger that is better on the whole do harm somewhere? Slices of the rows, all judged together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.gate.paired import POWER, Compared, quantile
from models.settings import GateSettings


@dataclass(frozen=True)
class SliceLoss:
    """One slice: how accurate both are, the highest gain still credible, and the loss that would have been seen.

    That loss, `detectable`, is None where it is more than the champion's whole accuracy: too few rows to tell. `judged`
    is false of a slice with too few rows to say anything; `harmed` says that even the highest credible gain is a loss
    past the margin.
    """

    name: str
    rows: int
    champion: float
    challenger: float
    highest: float
    detectable: float | None
    judged: bool
    harmed: bool

    @property
    def gain(self) -> float:
        """The challenger's accuracy less the champion's."""
        return self.challenger - self.champion


def slice_losses(
    names: Sequence[str], compared: Compared, drawn: np.ndarray, settings: GateSettings
) -> tuple[SliceLoss, ...]:
    """Every slice of the comparison by its name, from resampled gains (resamples, slices).

    The more slices, the likelier that one of them looks bad by chance. So the bound of each is widened until all of
    them together hold with 1 - `slice_level`: by the greatest studentized deviation over the slices of each resample
    (Westfall & Young's max-T), which takes into account how much the slices overlap.
    """
    sizes = compared.masks.sum(axis=0)
    old, new = compared.before @ compared.masks / sizes, compared.after @ compared.masks / sizes
    judged = sizes >= settings.min_slice_rows
    errors = np.maximum(drawn.std(axis=0), 1 / sizes)  # where both always agree: as if they differed on one row
    width = simultaneous_width(drawn, new - old, errors, judged, settings.slice_level)
    highest = new - old + width * errors
    detectable = settings.slice_margin + (width + quantile(POWER)) * errors
    harmed = judged & (highest < -settings.slice_margin)
    possible = [loss if loss <= accuracy else None for loss, accuracy in zip(detectable.tolist(), old, strict=True)]
    measured = [each.tolist() for each in (sizes.astype(int), old, new, highest)]
    columns = (*measured, possible, judged.tolist(), harmed.tolist())
    return tuple(SliceLoss(name, *row) for name, *row in zip(names, *columns, strict=True))


def simultaneous_width(
    drawn: np.ndarray, gains: np.ndarray, errors: np.ndarray, judged: np.ndarray, level: float
) -> float:
    """How many standard errors above its gain the bound of every judged slice lies; never fewer than that of one."""
    least = quantile(1 - level)
    if not judged.any():
        return least
    deviations = ((gains - drawn) / errors)[:, judged].max(axis=1)
    return max(least, float(np.quantile(deviations, 1 - level)))
