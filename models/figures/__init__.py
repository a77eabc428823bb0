"""Pictures of results, each a matplotlib Figure made without pyplot: safe in threads, nothing left open."""

from models.figures.classification import (
    class_confusion,
    confusion_matrix,
    precision_recall,
    reliability,
    threshold_curve,
)
from models.figures.comparison import comparison_bars, learning_curves
from models.figures.gradients import gradient_flow, gradient_history
from models.figures.language import language_curves
from models.figures.senses import sense_map
from models.figures.slices import slice_intervals
from models.figures.training_size import training_size_curves
from models.figures.vectors import vector_map

__all__ = [
    "class_confusion",
    "comparison_bars",
    "confusion_matrix",
    "gradient_flow",
    "gradient_history",
    "language_curves",
    "learning_curves",
    "precision_recall",
    "reliability",
    "sense_map",
    "slice_intervals",
    "threshold_curve",
    "training_size_curves",
    "vector_map",
]
