"""The gradient-flow doctor: does what training learns from the end of a document reach its beginning?"""

from models.gradients.advice import advise
from models.gradients.diagnosis import Diagnosis, GateUse, LayerFlow, Verdict
from models.gradients.lag import LagSettings, examine_lag
from models.gradients.measurement import examine, longest_documents

__all__ = [
    "Diagnosis",
    "GateUse",
    "LagSettings",
    "LayerFlow",
    "Verdict",
    "advise",
    "examine",
    "examine_lag",
    "longest_documents",
]
