"""Several vectors for one word, one for each of its senses."""

from models.senses.contexts import ABSENT, REACH, WordSpace, context_rows
from models.senses.learning import Senses, learn_senses

__all__ = ["ABSENT", "REACH", "Senses", "WordSpace", "context_rows", "learn_senses"]
