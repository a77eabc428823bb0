"""Scoring a source of tweets: in bounded memory, to be taken up again where it was cut short, whole files or none."""

from tasks.scoring.by_parts import SharedModel
from tasks.scoring.columns import TrainedColumns
from tasks.scoring.job import ScoringJob
from tasks.scoring.output import Destination
from tasks.scoring.predicting import AnswerColumns

__all__ = ["AnswerColumns", "Destination", "ScoringJob", "SharedModel", "TrainedColumns"]
