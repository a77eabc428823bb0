"""Behaviour tests: what a classifier does when a sentence changes in a way whose meaning is known beforehand.

After CheckList (Ribeiro et al. 2020): accuracy on held-out rows cannot tell whether a model reads a negation or only
counts words, for the rows share their habits with the training rows. These sentences are written, not collected.
"""

from models.inspection.behaviour.cases import BEHAVIOURS, Behaviour, Case
from models.inspection.behaviour.checking import BehaviourResult, Example, check_behaviour

__all__ = ["BEHAVIOURS", "Behaviour", "BehaviourResult", "Case", "Example", "check_behaviour"]
