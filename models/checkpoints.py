"""What a training function hands out so that another process can go on from there, to the bit.

Every training function here takes `start`, a checkpoint to go on from, and `on_checkpoint`, which is called with one at
moments that the function chooses. A checkpoint holds everything that later steps depend on and nothing else; where it
is kept, and how often, is the caller's affair. Its arrays are copies: training goes on while they are written.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

Checkpoint: TypeAlias = dict[str, np.ndarray]
OnCheckpoint: TypeAlias = Callable[[Checkpoint], None]
