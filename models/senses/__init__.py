"""Several vectors for one word, one for each of its senses."""

from models.senses.contexts import ABSENT, REACH, Matrices, context_rows
from models.senses.learning import Senses, learn_senses

__all__ = ["ABSENT", "REACH", "Matrices", "Senses", "context_rows", "learn_senses"]
