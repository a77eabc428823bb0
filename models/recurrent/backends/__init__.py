"""What each backend of Keras does in its own way: one step of training, and logits without training.

Everything else about the classifiers (batches, epochs, early stopping, checkpoints, probabilities) is the same code on
all of them. The backend is chosen by KERAS_BACKEND before Keras is imported.
"""

from models.recurrent.backends.base import TrainingStep
from models.recurrent.backends.choice import Backend, current_backend

__all__ = ["Backend", "TrainingStep", "current_backend"]
