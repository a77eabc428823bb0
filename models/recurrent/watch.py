"""What the trainings of networks watch for: see `models.training.divergence`."""

import keras

from models.training.divergence import MOST_NORM, TrainingWatch, longest_row


class NetworkWatch:
    """Checks a network as it is trained, by the mean loss of its steps: they cover the same documents every epoch."""

    def __init__(self, model: keras.Model, name: str, nothing: float, rate: float) -> None:
        """`nothing` is the loss of giving every class the same chance, `rate` the learning rate that is asked for."""
        self.weights = model.weights
        remedy = f"Lower learning_rate (now {rate}), or start from word vectors of an ordinary scale."
        self.watch = TrainingWatch(name, remedy, nothing, MOST_NORM)

    def check(self, epoch: int, loss: float, batch: int | None = None) -> float:
        """The longest row of weights, at the end of an epoch, counted from 0, or after a batch of it.

        Raises DivergenceError when this mean loss of the epoch or the weights are out of range.
        """
        norm = max(longest_row(keras.ops.convert_to_numpy(each)) for each in self.weights)
        place = f"at the end of epoch {epoch + 1}" if batch is None else f"in epoch {epoch + 1}, after batch {batch}"
        self.watch.check(place, loss, norm)
        return norm
