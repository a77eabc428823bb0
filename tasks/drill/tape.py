"""The tape: the tweets of all events in order of time, each with its tokens, its group and its split."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.classifiers.target import TWO, Target, target_of
from models.drill.sent import night_of, sent_at
from models.metrics.probability_columns import probability_columns
from models.settings import SplitSettings
from models.splitting.splits import assign_splits, raw_groups
from models.text import Tokens
from tasks.evaluation.fold_tables import classes_of
from tasks.store import formats


@dataclass(frozen=True, eq=False)
class Tape:
    """Tweets in order of time: a table (id, text, target, event) and what belongs to each of its rows.

    `times` in milliseconds of Unix time and `nights` (days since 1970), int64; `groups` as people are asked about
    them, and `splits`, which hang on the group alone. `target` is what the label can be.
    """

    table: pa.Table
    tokens: Tokens
    times: np.ndarray
    nights: np.ndarray
    groups: pa.StringArray
    splits: np.ndarray
    target: Target = TWO

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def texts(self) -> pa.StringArray:
        """The text of each tweet."""
        return self.table["text"].combine_chunks()

    @property
    def labels(self) -> np.ndarray:
        """The label of each tweet, 0 or 1, or the number of one of several classes."""
        labels: np.ndarray = self.table["target"].to_numpy()
        return labels

    @property
    def events(self) -> np.ndarray:
        """The event of each tweet."""
        events: np.ndarray = self.table["event"].to_numpy(zero_copy_only=False)
        return events

    def first_nights(self) -> dict[str, int]:
        """The night of the first tweet of every event, the earliest event first."""
        names, first = np.unique(self.events, return_index=True)
        order = np.argsort(first, kind="stable")
        return {str(names[place]): int(self.nights[first[place]]) for place in order}


@lru_cache(maxsize=1)
def read_tape(labelled: Path, tokens: Path, split: SplitSettings) -> Tape:
    """The sound rows of labelled tweets with events, in order of time; ties go by id. Read once for all policies.

    Raises ValueError for an id that tells no time.
    """
    table = formats.read_tweets(labelled)
    sound = np.flatnonzero(table["kept"].to_numpy())
    times = sent_at(table["id"].take(pa.array(sound)))
    ids = table["id"].take(pa.array(sound)).to_numpy(zero_copy_only=False)
    order = sound[np.lexsort((ids, times))]
    chosen = table.take(pa.array(order)).select(["id", "text", "keyword", "target", "event"]).combine_chunks()
    groups = raw_groups(chosen["text"])
    times = np.sort(times, kind="stable")
    splits = assign_splits(groups, split).to_numpy(zero_copy_only=False)
    target = target_of(classes_of(labelled))
    return Tape(chosen, formats.read_tokens(tokens).take(order), times, night_of(times), groups, splits, target)


def begin(tape: Tape, warm_up: int, events: Sequence[str]) -> tuple[int, list[str]]:
    """The first night of the drill, and the events that it scores.

    Without `events` so many events of the warm-up are over or under way, and all that begin later are scored. Raises
    ValueError where that leaves nothing to learn from, or nothing to score.
    """
    first = tape.first_nights()
    names = list(first)
    scored = [name for name in names if name in events] if events else names[warm_up:]
    if not scored:
        raise ValueError(
            f"{len(names)} events are too few for {warm_up} of warm-up: say --warm-up with a smaller number"
        )
    night = min(first[name] for name in scored)
    before = tape.labels[tape.nights < night]
    if len(np.unique(before)) < tape.target.size:
        lacking = "lacks a class" if tape.target.names else "has one class only"
        raise ValueError(f"nothing to learn from was sent before {scored[0]}, or it {lacking}: choose a later event")
    return night, scored


def rows_of(tape: Tape, night: int) -> np.ndarray:
    """The rows of one night, int64."""
    low, high = np.searchsorted(tape.nights, [night, night + 1])
    return np.arange(low, high)


def with_texts(tape: Tape, rows: np.ndarray, probabilities: np.ndarray) -> pa.Table:
    """Scored rows as the queue takes them: id, text, keyword, probability (of several classes of each), doubt."""
    table = tape.table.take(pa.array(rows)).select(["id", "text", "keyword"])
    for name, column in probability_columns(probabilities).items():
        table = table.append_column(name, pa.array(column))
    return table.append_column("doubt", pa.nulls(len(rows), pa.string()))


def places(tape: Tape, ids: Sequence[str], among: np.ndarray) -> np.ndarray:
    """The rows of these ids among some rows, int64."""
    known = tape.table["id"].take(pa.array(among)).combine_chunks()
    found: np.ndarray = among[pc.index_in(pa.array(ids, pa.string()), known).to_numpy(zero_copy_only=False)]
    return found
