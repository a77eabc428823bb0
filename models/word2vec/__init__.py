"""CBOW and skip-gram in Keras/TensorFlow: a small exact model to learn from, and a fast one with negative sampling."""

from models.word2vec.trainer import TrainingHooks
from models.word2vec.training import train_on_shards, train_vectors

__all__ = ["TrainingHooks", "train_on_shards", "train_vectors"]
