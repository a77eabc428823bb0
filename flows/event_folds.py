"""What an evaluation by events adds to one by random folds: events of rows, the folds, texts that a fold leaves out."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from flows.ingest import TweetSource, snapshot
from models.settings import Recipe
from models.splitting.events import EventFold, event_units
from tasks.evaluation.events import event_names, matching, name_events, read_documents_by_event
from tasks.ingestion.steps import checked_tweets
from tasks.runtime.progress import say
from tasks.sources.events import FILES, FOLDERS, same_event
from tasks.tracking import Run


class EventRequest(Protocol):
    """The fields of an evaluation's request that say which events are held out, and how."""

    @property
    def events(self) -> str | None: ...
    @property
    def hold_out(self) -> tuple[str, ...]: ...
    @property
    def apart(self) -> tuple[str, ...]: ...
    @property
    def folds(self) -> int | None: ...
    @property
    def seeds(self) -> int: ...


def with_events(labelled: Path, source: TweetSource, events: str, run: Run) -> Path:
    """The labelled rows with the event of each, read from the source again.

    Raises ValueError for a table that was checked before: it has no other columns than its own.
    """
    raw = None if checked_tweets(source.source) is not None else snapshot(source.source)
    if raw is None:
        raise ValueError(f"{source.source} is a checked table, which names no events: give the source that it is from")
    return name_events(run, labelled, raw, source.columns, source.encoding, events)


def event_folds(request: EventRequest, recipe: Recipe, labelled: Path, shares: Sequence[float]) -> list[EventFold]:
    """A fold for each event, or for each of so many parts of the events, under every seed and every training share.

    `hold_out` limits them to those that hold out one of these events. Events are dealt out once, whatever the seed.
    """
    names = event_names(labelled)
    units = event_units(names, request.folds, recipe.seed)
    known = _distinct(names)
    wanted = matching(known, request.hold_out, "--hold-out")
    matching(known, request.apart, "--apart")  # a misspelt name is refused now, not when all is fitted
    chosen = [(number, unit) for number, unit in enumerate(units, 1) if not wanted or wanted & set(unit)]
    return [
        EventFold(
            folds=len(units),
            number=number,
            seed=recipe.seed + seed,
            validation_share=recipe.split.validation_share,
            training_share=share,
            events=unit,
        )
        for share in shares
        for seed in range(request.seeds)
        for number, unit in chosen
    ]


def _distinct(names: pa.ChunkedArray) -> list[str]:
    return sorted(pc.unique(names).to_pylist())


def apart(request: EventRequest, labelled: Path, folds: Sequence[EventFold]) -> list[str]:
    """What is held out that is reported apart."""
    found = matching(_distinct(event_names(labelled)), request.apart, "--apart")
    return [fold.unit for fold in folds if fold.unit in found]


def also_in(labelled: Path, of_events: Path, events: str) -> dict[str, int]:
    """How many texts to learn from without labels, or with others, are of each event of the labelled rows; said."""
    counts = Counter(read_documents_by_event(of_events)["event"].to_pylist())
    names = _distinct(event_names(labelled))
    found = {name: counts[same_event(name)] for name in names if counts[same_event(name)]}
    told = ", ".join(f"{name} ({count:,})" for name, count in found.items()) or "none"
    say(f"  events of these tweets among the other texts, left out with the event: {told}")
    if events not in (FOLDERS, FILES):
        say("  a corpus names no event of a text: of it only copies of labelled rows are left out")
    return found


def unlabelled_words(request: Any, found: dict[str, int]) -> str:
    """What was learned from without labels, in words, and whether text of a held-out event can be in it."""
    if not (request.corpora or request.labelled_texts or request.vectors):
        return "No text but that of training rows was learned from."
    words = [f"Texts of {len(found)} of the events were among the other texts and were left out with the event"]
    if request.corpora and request.events not in (FOLDERS, FILES):
        words.append("of the corpora, whose texts name no event, only copies of labelled rows were left out")
    if request.vectors:
        words.append("what the vectors of --vectors were learned from is not known here")
    return "; ".join(words) + "."
