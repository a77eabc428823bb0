"""What was found in objects beside the texts, for the notes of a reading."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from models.wording import counted

LOG = logging.getLogger(__name__)


@dataclass
class ShapeNotes:
    """Counts over all files of a source."""

    shapes: Counter[str] = field(default_factory=Counter)  # shape -> texts read from it
    no_texts: Counter[str] = field(default_factory=Counter)  # what is not text, such as a deletion -> how many
    truncated: int = 0  # texts that the platform itself cut
    left_out: dict[str, str] = field(default_factory=dict)  # field -> what it holds instead of a cell of text

    def add(self, later: "ShapeNotes") -> None:
        """Add what was counted in files that come after these."""
        self.shapes.update(later.shapes)
        self.no_texts.update(later.no_texts)
        self.truncated += later.truncated
        for name, what in later.left_out.items():
            self.left_out.setdefault(name, what)

    def warn(self) -> None:
        """Say in the log what was counted, where there is anything."""
        for what, number in self.no_texts.items():
            LOG.warning("%s, %s: no text, passed over", what, counted(number, "time"))
        if self.truncated:
            LOG.warning("cut by the platform: %s; the full text is not in the file", counted(self.truncated, "text"))
        if self.left_out:
            fields = "; ".join(f"{name} holds {what}" for name, what in self.left_out.items())
            LOG.warning("fields left out, for objects and lists are not cells of text: %s", fields[:500])

    def report(self) -> dict[str, Any]:
        """The notes as plain values."""
        return {
            "shapes": dict(self.shapes),
            "no_texts": dict(self.no_texts),
            "truncated": self.truncated,
            "left_out": self.left_out,
        }
