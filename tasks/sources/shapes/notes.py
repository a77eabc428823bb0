"""What was found in objects beside the texts, for the notes of a reading."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ShapeNotes:
    """Counts over all files of a source."""

    shapes: Counter[str] = field(default_factory=Counter)  # shape -> texts read from it
    no_texts: Counter[str] = field(default_factory=Counter)  # what is no text, such as a deletion -> how many
    truncated: int = 0  # texts that the platform itself cut
    left_out: dict[str, str] = field(default_factory=dict)  # field -> what it holds instead of a cell of text

    def report(self) -> dict[str, Any]:
        """The notes as plain values."""
        return {
            "shapes": dict(self.shapes),
            "no_texts": dict(self.no_texts),
            "truncated": self.truncated,
            "left_out": self.left_out,
        }
