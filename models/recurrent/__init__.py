"""Feed-forward and recurrent classifiers over token ids: the network, its training and its one way of predicting."""

from models.recurrent.network import build_classifier
from models.recurrent.precision import computing_in, in_float32
from models.recurrent.prediction import frozen_logits, predict_probabilities
from models.recurrent.training import train_classifier

__all__ = [
    "build_classifier",
    "computing_in",
    "frozen_logits",
    "in_float32",
    "predict_probabilities",
    "train_classifier",
]
