"""What a training function hands out so that another process can go on from there, to the bit.

Every training function takes TrainingHooks: `start`, a checkpoint to go on from, and `on_checkpoint`, which is called
with one at moments that the function chooses. A checkpoint holds everything that later steps depend on and nothing
else; where it is kept, and how often, is the caller's affair. Its arrays are copies: training goes on while they are
written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

Checkpoint: TypeAlias = dict[str, np.ndarray]
OnCheckpoint: TypeAlias = Callable[[Checkpoint], None]
Epoch: TypeAlias = dict[str, float]  # scores of one epoch by name


@dataclass(frozen=True)
class TrainingHooks:
    """What the caller of a training hears, and the checkpoint that the training goes on from, if any.

    `on_epoch(epoch, scores)` is called as each epoch ends, counting from 0; `on_progress` hears how much has been
    trained on, all epochs together, in the unit that the training function names.
    """

    on_epoch: Callable[[int, Epoch], None] | None = None
    on_progress: Callable[[float], None] | None = None
    on_checkpoint: OnCheckpoint | None = None
    start: Checkpoint | None = None

    def offer(self, checkpoint: Callable[[], Checkpoint]) -> None:
        """Hand out a checkpoint, which is made only where somebody takes it."""
        if self.on_checkpoint is not None:
            self.on_checkpoint(checkpoint())

    def end_epoch(self, epoch: int, scores: Epoch, checkpoint: Callable[[], Checkpoint]) -> None:
        """Say that an epoch has ended, and hand out a checkpoint."""
        if self.on_epoch is not None:
            self.on_epoch(epoch, scores)
        self.offer(checkpoint)


NO_HOOKS = TrainingHooks()
