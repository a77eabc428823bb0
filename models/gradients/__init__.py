"""The gradient-flow doctor: does what training learns from the end of a document reach its beginning?

What is said and drawn about it needs no network and stands here; measuring (`measurement`, `lag`) loads Keras.
"""

from models.gradients.advice import advise
from models.gradients.diagnosis import Diagnosis, GateUse, LayerFlow, Verdict

__all__ = ["Diagnosis", "GateUse", "LayerFlow", "Verdict", "advise"]
