"""What a run was asked for, kept beside it, so that it can be asked for again from snapshots alone."""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.tracking.requests import Request


def pinned(
    request: Request, snapshots: Mapping[tuple[str, str], list[str]], folder: Path, refitted: str | None = None
) -> Request:
    """The request with every source replaced by the snapshot that the run read, and the recipe by a file in `folder`.

    `snapshots` are paths by (step, name of its input), in the order of the run. `refitted` is "true" of a run that
    fitted its best model again and "false" of one that did not: a replay has no champion to let its gate decide so.
    """
    left = defaultdict(list, {key: list(paths) for key, paths in snapshots.items()})
    parameters = json.loads(json.dumps(request.parameters))
    for holder in _holders(parameters):
        _pin(holder, left, "check_corpus" if request.flow == "ingest corpus" else "check_tweets")
    if request.recipe:
        file = folder / request.recipe["file"]
        file.write_text(request.recipe["text"], encoding="utf-8")
        for holder in _holders(parameters):
            holder |= {name: str(file) for name in ("recipe", "recipe_name") if name in holder}
    if refitted is not None and isinstance(parameters.get("request"), dict):
        parameters["request"]["refit"] = refitted == "true"
    return Request(request.flow, parameters, {}, request.environment, request.threads)


def _holders(parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """The mappings, however deep, whose fields may name sources; the outermost first."""
    inner = [each for value in parameters.values() if isinstance(value, dict) for each in _holders(value)]
    return [parameters, *inner]


def _pin(holder: dict[str, Any], left: Mapping[tuple[str, str], list[str]], reader: str) -> None:
    """Replace what names a source. What the run never read, as tests of vectors that it never trained, is left out."""
    if isinstance(holder.get("source"), str):
        holder["source"] = (left["ingest", "tweets"] or left[reader, "snapshot"]).pop(0)
    if isinstance(holder.get("corpora"), list):
        holder["corpora"] = [left["check_corpus", "snapshot"].pop(0) for _ in holder["corpora"]]
    if isinstance(holder.get("exclude"), list):
        holder["exclude"] = list(left["exclude_texts", "excluded"])
    for name in ("labelled_texts", "kinds"):  # in the order in which a retraining reads them
        if isinstance(holder.get(name), list):
            holder[name] = [left["check_labelled_texts", "snapshot"].pop(0) for _ in holder[name]]
    if isinstance(holder.get("labels"), str):
        holder["labels"] = next(iter(left["add_labels", "labels"]), "none")
    steps = {"against": "check_tweets", "similarities": "score_vectors", "analogies": "score_vectors"}
    inputs = {name: (step, name) for name, step in steps.items()} | {"vectors": ("read_external_vectors", "snapshot")}
    for name, read in inputs.items():
        if holder.get(name) is not None:
            holder[name] = next(iter(left[read]), None)
