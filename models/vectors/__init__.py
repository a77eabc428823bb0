"""Word vectors once they are trained: questions to ask them, how good they are, and the formats others read."""

from models.vectors.subword_vectors import SubwordVectors
from models.vectors.word_vectors import UnknownWordError, WordVectors

__all__ = ["SubwordVectors", "UnknownWordError", "WordVectors"]
