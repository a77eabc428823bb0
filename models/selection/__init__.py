"""Which of several trained models to take, by rows that none of them learned from, and how sure that is."""

from models.selection.cross_fitting import cross_fitted
from models.selection.rule import Contender, ModelChoice, choose_model, rank_of

__all__ = ["Contender", "ModelChoice", "choose_model", "cross_fitted", "rank_of"]
