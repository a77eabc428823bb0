"""Where the training of a classifier is: all that its further course depends on, as a checkpoint and back."""

from dataclasses import dataclass, field

import keras
import numpy as np

from models.training.checkpoints import Checkpoint, Epoch


@dataclass
class TrainingState:
    """Every variable of model and optimizer (weights, moments, step, states of the dropout's seed generators), the
    scores and best weights so far, and what has been seen of the epoch begun.
    """

    variables: list[keras.Variable]
    best_weights: list[np.ndarray]
    best_epoch: int = 0
    best_loss: float = np.inf
    history: list[Epoch] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def epoch(self) -> int:
        """The epoch that is being trained, counting from 0."""
        return len(self.history)

    def end_epoch(self, scores: Epoch, weights: list[np.ndarray] | None = None) -> None:
        """Take note of an epoch's scores; keep the weights, if given, of the lowest validation log loss yet."""
        self.losses, self.seconds = [], 0.0
        self.history.append(scores)
        if weights is not None and scores["validation/log_loss"] < self.best_loss:
            self.best_epoch, self.best_loss = len(self.history) - 1, scores["validation/log_loss"]
            self.best_weights = weights

    @property
    def epochs_since_best(self) -> int:
        """How many epochs have ended without a lower validation log loss."""
        return len(self.history) - 1 - self.best_epoch

    def to_checkpoint(self) -> Checkpoint:
        """A copy of this state as named arrays."""
        names = self.history[0] if self.history else ()
        return {
            **{f"variable/{index}": variable.numpy() for index, variable in enumerate(self.variables)},
            **{f"best/{index}": weights for index, weights in enumerate(self.best_weights)},
            **{f"history/{name}": np.array([epoch[name] for epoch in self.history]) for name in names},
            "best_epoch": np.array(self.best_epoch),
            "best_loss": np.array(self.best_loss),
            "losses": np.array([float(loss) for loss in self.losses], dtype=np.float32),
            "seconds": np.array(self.seconds),
        }

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to where this checkpoint was made. Raises KeyError or ValueError for one of another network."""
        for index, variable in enumerate(self.variables):
            variable.assign(checkpoint[f"variable/{index}"])
        self.best_weights = [checkpoint[f"best/{index}"] for index in range(len(self.best_weights))]
        self.best_epoch, self.best_loss = int(checkpoint["best_epoch"]), float(checkpoint["best_loss"])
        self.losses, self.seconds = checkpoint["losses"].tolist(), float(checkpoint["seconds"])
        columns = {name[len("history/") :]: checkpoint[name] for name in checkpoint if name.startswith("history/")}
        self.history = [dict(zip(columns, map(float, row), strict=True)) for row in zip(*columns.values(), strict=True)]
