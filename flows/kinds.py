"""Kinds of information: gather texts with labels of them, and judge how well a model tells them."""

import json
from pathlib import Path
from typing import Any

from flows.ingest import TweetSource, ingest_labelled_texts
from flows.refit import Fitted
from models.settings import Recipe, TextSettings
from tasks import registry
from tasks.ingestion.kinds import gather_kinds
from tasks.ingestion.steps import checked_tweets
from tasks.registry.versions import SOURCE, hidden
from tasks.runtime.progress import say
from tasks.tracking import Run, tracked_run
from tasks.training.kind_scores import classify_kinds, read_kind_scores, score_kinds


def read_kinds(
    run: Run, named: tuple[str, ...], columns: tuple[str, ...], source: TweetSource, tweets: Path, text: TextSettings
) -> Path | None:
    """Texts with labels of kinds: those named, else the tweets' own where columns of theirs are; None of neither.

    Raises ValueError where the tweets are a checked table: that holds no further columns.
    """
    own = not named
    if own and not columns:
        return None
    if own and checked_tweets(source.source) is not None:
        raise ValueError(f"{source.source} holds no further columns: give the file of the tweets with --kinds")
    texts = ingest_labelled_texts(named or (source.source,), run, None, source.columns.text if own else None)
    return gather_kinds(run, texts, tweets, columns, text)


def judge_kinds(run: Run, fitted: Fitted, name: str, recipe: Recipe) -> list[dict[str, Any]] | None:
    """How well the model of this name tells each kind on held-out texts; None where none was learned.

    Says so where the champion tells kinds and this model none.
    """
    kinds = fitted.others.kinds
    if kinds is None:
        _say_what_is_lost()
        return None
    with tracked_run("kinds", "kinds", run) as opened:
        baseline = classify_kinds(opened, kinds, recipe.frequency, recipe.logistic)
        found = read_kind_scores(score_kinds(opened, kinds, fitted.models[name], baseline, name))
    names = ("macro_f1", "baseline_macro_f1")
    run.log_metrics({f"kinds/{kind}/{each}": scores[each] for kind, scores in found.items() for each in names})
    return [{"name": kind, **scores} for kind, scores in found.items()]


def _say_what_is_lost() -> None:
    current = registry.champion()
    if current is not None and "kinds" in json.loads(hidden(current.tags, SOURCE) or "{}"):
        say("  the champion tells kinds of information, this model will not: go on with --kinds or --kinds-column")
