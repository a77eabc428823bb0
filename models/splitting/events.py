"""Folds that hold out whole events: what a model says of an event that no training row has seen.

Random folds hide that, for words of one event are in all of them. A row of another event that repeats a held-out row is
left out too: a retweet of the event is a text of the event.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from models.seeds import derive_seed, generator
from models.splitting.folds import Fold, assign_folds, in_share, splits_around
from models.splitting.splits import Strings

TEST_HALF = 0.5  # of an event's groups: the same rows judge every number of labels
SHOWN_EVENTS = 3


class EventFold(Fold):
    """One fold of a partition of events: these are held out, all others are trained on."""

    events: tuple[str, ...] = Field(..., description="The events held out, as the table names them.")

    @property
    def unit(self) -> str:
        """What is held out, in words: the event, or how many of them.

        >>> EventFold(events=("flood", "quake"), number=2).unit
        'fold 2 (2 events)'
        """
        return self.events[0] if len(self.events) == 1 else f"fold {self.number} ({len(self.events)} events)"

    @property
    def subject(self) -> str:
        """Which fold it is, whatever the seed."""
        return f"without {self.unit}"


def event_units(events: Strings, folds: int | None, seed: int) -> list[tuple[str, ...]]:
    """The events that each fold holds out, in order: each event by itself, or all of them dealt out to so many folds.

    Raises ValueError for fewer than two events, or fewer than folds.
    """
    names = sorted(name for name in pc.unique(events).to_pylist() if name is not None)
    if len(names) < 2:
        raise ValueError(f"{len(names)} event: one is held out and others are trained on, so two at least are needed")
    if folds is None:
        return [(name,) for name in names]
    fold_of = dict(zip(_plain(events).to_pylist(), assign_folds(events, folds, seed).tolist(), strict=True))
    return [tuple(name for name in names if fold_of[name] == number) for number in range(1, folds + 1)]


def event_splits(groups: Strings, events: Strings, kept: np.ndarray, fold: EventFold) -> pa.StringArray:
    """The split of each row when the fold's events are held out: "test", "validation", "train" or "unused".

    As `folds.fold_splits`, and rows of other events that share a group with a held-out row are unused.
    """
    held = _is_in(events, fold.events)
    shared = pc.is_in(_plain(groups), pc.unique(_plain(groups).filter(pa.array(held)))).to_numpy(zero_copy_only=False)
    return splits_around(groups, held, kept & ~shared, fold, "events")


@dataclass(frozen=True)
class Adaptation:
    """Rows of an event for learning it step by step: a fixed half to test on, and for each draw others in an order.

    The first n of a draw are the labels that a desk has made when it has made n: smaller numbers are part of larger
    ones. Rows are places in the table.
    """

    test: np.ndarray
    draws: Sequence[np.ndarray]


def adaptation_rows(groups: Strings, held: np.ndarray, kept: np.ndarray, draws: int, seed: int) -> Adaptation:
    """How the held-out rows, bool (rows,), are dealt out; near-duplicates of a test row are never learned from.

    Of each group one row, which the ingest kept, can be learned from: the label of a copy is not a second label.
    """
    tested = in_share(groups, TEST_HALF, derive_seed(seed, "events/adaptation"))
    pool = np.flatnonzero(held & ~tested & kept)
    names = np.array(_plain(groups).take(pa.array(pool)).to_pylist(), dtype=str)
    pool = np.sort(pool[np.unique(names, return_index=True)[1]])
    orders = [generator(seed, f"events/adaptation/{draw}").permutation(pool) for draw in range(1, draws + 1)]
    return Adaptation(np.flatnonzero(held & tested), orders)


def _is_in(values: Strings, wanted: Sequence[str]) -> np.ndarray:
    return np.asarray(pc.is_in(_plain(values), pa.array(list(wanted), pa.string())).to_numpy(zero_copy_only=False))


def _plain(values: Strings) -> pa.StringArray:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
