"""Is a challenger really better than the champion, and harmless? From the answers of both on the same held-out rows."""

from models.gate.golden import golden_tweets, what_differs
from models.gate.harm import SliceLoss
from models.gate.paired import Answers, Gain, HeldOut, Paired, selection_bias
from models.gate.verdict import Rule, Service, SourceScore, Verdict, judge, judge_alone

__all__ = [
    "Answers",
    "Gain",
    "HeldOut",
    "Paired",
    "Rule",
    "Service",
    "SliceLoss",
    "SourceScore",
    "Verdict",
    "golden_tweets",
    "judge",
    "judge_alone",
    "selection_bias",
    "what_differs",
]
