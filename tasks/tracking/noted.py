"""A run that only notes what is to be recorded: what a worker of a cluster hands to a step in the place of the run.

The command alone writes to MLflow. It records the notes once the step is done, in their order.
"""

import io
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import PrivateAttr

from tasks.tracking.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The methods of a run that record.
RECORDING = (
    *("log_settings", "log_metrics", "log_history", "log_final", "tag", "rename", "describe"),
    *("log_picture", "log_file", "log_text", "log_table", "log_dataset", "later"),
)


class Note(NamedTuple):
    """A call of one of the methods RECORDING."""

    method: str
    arguments: tuple[Any, ...]
    named: dict[str, Any]


class NotedRun(Run):
    """Takes notes where a run would record; all else is that of the run."""

    _notes: list[Note] = PrivateAttr(default_factory=list)

    @classmethod
    def of(cls, run: Run) -> "NotedRun":
        """One in the place of this run."""
        return cls(**run.model_dump())

    @property
    def notes(self) -> list[Note]:
        """What is to be recorded."""
        return self._notes

    def __getattribute__(self, name: str) -> Any:
        """The attribute; for a method that records, one that takes a note."""
        return partial(_note, self, name) if name in RECORDING else super().__getattribute__(name)

    def log_figure(self, figure: "Figure", name: str) -> None:
        """Note the finished picture, drawn here: figures are large, and drawing them takes long."""
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        self.log_picture(buffer.getvalue(), name)


def _note(run: NotedRun, method: str, *arguments: Any, **named: Any) -> None:
    run.notes.append(Note(method, arguments, named))


def record_notes(run: Run, notes: Iterable[Note]) -> None:
    """Record on the run what was noted in its place."""
    for note in notes:
        record: Callable[..., None] = getattr(run, note.method)
        record(*note.arguments, **note.named)
