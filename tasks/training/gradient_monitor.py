"""The gradient-flow doctor beside a training: a diagnosis of every epoch, told in MLflow."""

from typing import TYPE_CHECKING, Any

import numpy as np

from models.settings import ClassifierSettings
from tasks.tracking import Run

if TYPE_CHECKING:
    from models.gradients import Diagnosis


class GradientRecord:
    """How gradients flowed through a network as it was trained, measured on its longest training documents.

    Before training and after each epoch; nothing is measured where nothing is read in order (feed-forward), or on
    another backend than TensorFlow, whose tape the measurement needs.
    """

    def __init__(
        self,
        network: Any,
        ids: np.ndarray,
        offsets: np.ndarray,
        labels: np.ndarray,
        settings: ClassifierSettings,
        classes: int = 2,
    ) -> None:
        import keras

        from models.gradients.measurement import longest_documents, recurrent_layers
        from models.recurrent.prediction import logit_network

        self._measured = keras.backend.backend() == "tensorflow" and bool(recurrent_layers(network))
        self._network = logit_network(network) if self._measured else network
        self._ids, labels = longest_documents(ids, offsets, labels, settings.max_length)
        # As training smooths them: the gradient is that of the loss in use.
        wanted = labels if classes == 2 else np.eye(classes)[labels]
        self._targets = wanted * (1 - settings.label_smoothing) + settings.label_smoothing / classes
        self.history: list[tuple[int, Diagnosis]] = []
        self.examine(0)

    def examine(self, epochs: int) -> None:
        """Diagnose the network as it is now, after so many epochs."""
        if self._measured:
            self.history.append((epochs, self._diagnosis()))

    def _diagnosis(self) -> "Diagnosis":
        from models.gradients.measurement import examine

        return examine(self._network, self._ids, self._targets)

    def log(self, run: Run) -> None:
        """Record figures of each epoch, the picture, the table behind it; verdict and advice for the weights kept."""
        if not self._measured:
            return
        from models.figures import gradient_history
        from models.gradients import advise

        kept = self._diagnosis()
        run.log_history([(epochs - 1, diagnosis.metrics()) for epochs, diagnosis in self.history if epochs])
        run.log_figure(gradient_history(self.history, kept), "gradient-flow")
        run.log_table(self._table(), "gradients")
        advice = [f"{layer.name}: {' '.join((layer.finding + '.', *advise(layer)))}" for layer in kept.layers]
        run.tag(gradients=kept.verdict.value, gradients_advice="\n".join(advice))

    def _table(self) -> dict[str, list[Any]]:
        """Columns epochs, layer, distance, share, norm: the curves of each epoch."""
        rows = [
            (epochs, layer.name, distance, float(layer.shares[distance]), float(layer.norms[distance]))
            for epochs, diagnosis in self.history
            for layer in diagnosis.layers
            for distance in range(layer.distance + 1)
        ]
        names = ("epochs", "layer", "distance", "share", "norm")
        return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
