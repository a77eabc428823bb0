"""Repair, tokenization and tokenized documents: one set of pure functions for ingestion, training and serving alike."""

from models.text.repair import RepairKind, repair_keyword, repair_keywords, repair_text, repair_texts
from models.text.tokenization import tokenize, tokenize_texts
from models.text.tokens import Tokens, concat, offsets_of

__all__ = [
    "RepairKind",
    "Tokens",
    "concat",
    "offsets_of",
    "repair_keyword",
    "repair_keywords",
    "repair_text",
    "repair_texts",
    "tokenize",
    "tokenize_texts",
]
