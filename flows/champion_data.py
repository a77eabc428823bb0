"""The data that the champion learned from, for retrainings to which no tweets are named.

`python -m flows.champion_data` prints which data that will be.
"""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from flows.ingest import SAMPLE_CORPUS, SAMPLE_TWEETS, TweetSource
from tasks import registry, sources
from tasks.labels.snapshot import OWN, named_file
from tasks.registry.data_sources import is_sample_table, raw_of_table, recorded_request
from tasks.registry.versions import SOURCE, TABLE, hidden
from tasks.runtime import state_folder
from tasks.runtime.redaction import SECRET_VARIABLE, mask_secrets
from tasks.sources.errors import SourceError
from tasks.store.artifact_store import is_artifact

MASK = "***"
TEXTS = ("corpora", "labelled_texts", "kinds")


class RetrainingData(NamedTuple):
    """All data of a retraining, and in words where the choice comes from."""

    tweets: TweetSource
    corpora: tuple[str, ...]
    labelled_texts: tuple[str, ...]
    words: str
    vectors: str | None = None
    labels: str = OWN
    kinds: tuple[str, ...] = ()
    kinds_columns: tuple[str, ...] = ()


def absolute(source: str) -> str:
    """The source as it is found from any folder."""
    return source if "://" in source or source.startswith("~") else str(Path(source).absolute())


def in_json(
    tweets: TweetSource,
    corpora: tuple[str, ...],
    labelled_texts: tuple[str, ...],
    vectors: str | None = None,
    labels: str = OWN,
    kinds: tuple[str, ...] = (),
    kinds_columns: tuple[str, ...] = (),
) -> str:
    """The data of a retraining as its model's version keeps them: addresses without secrets, found from any folder.

    What lies in the state folder is found there when that was moved.
    """
    fields = tweets.model_dump(exclude={"against"}) | {"source": _noted(tweets.source)}
    texts = {"corpora": corpora, "labelled_texts": labelled_texts}
    named = {"vectors": vectors, "labels": named_file(labels)}  # own labels, or none of them, go without saying
    given: dict[str, Any] = {name: _noted(value) for name, value in named.items() if value is not None}
    if kinds or kinds_columns:
        texts, given = {**texts, "kinds": kinds}, {**given, "kinds_columns": list(kinds_columns)}
    return json.dumps(
        {"tweets": fields, **{name: list(map(_noted, values)) for name, values in texts.items()}, **given}
    )


def _noted(source: str) -> str:
    found = absolute(mask_secrets(source))
    return state_folder.portable(Path(found)) if _in_state_folder(found) else found


def _in_state_folder(source: str) -> bool:
    return source.startswith("/") and Path(source).resolve().is_relative_to(state_folder.state_home())


def champion_data() -> RetrainingData:
    """The data of the champion; those of the bundled sample where there is no champion.

    Raises ValueError when the champion's addresses are not known, hold a password, or are no longer there.
    """
    current = registry.champion()
    if current is None:
        return _sample("there is no champion yet: it retrains on the bundled sample")
    if is_sample_table(current.tags.get(TABLE, "")):
        return _sample(
            f"the champion (version {current.version}) is a model of the bundled sample: it retrains on that"
        )
    recorded = hidden(current.tags, SOURCE)
    data, doubt = (json.loads(recorded), "") if recorded else _data_of_old_version(current)
    tweets = TweetSource(**data["tweets"] | {"source": state_folder.unportable(data["tweets"]["source"])})
    texts = {name: tuple(map(state_folder.unportable, data[name])) for name in TEXTS if name in data}
    files = {name: state_folder.unportable(data[name]) for name in ("vectors", "labels") if data.get(name)}
    named = [address for addresses in texts.values() for address in addresses]
    _check(current.version, [tweets.source, *named, *files.values()])
    words = f"it goes on with the tweets of the champion (version {current.version}): {tweets.source}{doubt}"
    columns = tuple(data.get("kinds_columns", ()))
    more: dict[str, Any] = {"kinds": texts.get("kinds", ()), "kinds_columns": columns, **files}
    return RetrainingData(tweets, texts["corpora"], texts["labelled_texts"], words, **more)


def _sample(words: str) -> RetrainingData:
    return RetrainingData(TweetSource(), (str(SAMPLE_CORPUS),), (), f"{words}; name your own tweets with --tweets")


def _check(version: str | int, addresses: list[str]) -> None:
    for each in addresses:
        if f"${{{SECRET_VARIABLE}" in each or MASK in each:
            raise ValueError(
                f"the data of the champion (version {version}) came from {each}, whose password is not recorded: name "
                "them again, with ${NAME} in place of what is secret"
            )
        try:
            if "${" not in each:
                sources.check_source(each)
        except SourceError as error:
            raise ValueError(
                f"the data of the champion (version {version}) cannot be read any more: {error}; name other tweets "
                "with --tweets"
            ) from error


def _data_of_old_version(current: Any) -> tuple[dict[str, Any], str]:
    """The data of a version that was registered before they were written on it, from the request of its run.

    Tweets that were named by a path of an unknown folder are read from their raw snapshot, as they were then; other
    texts so named are left out. In words, what is assumed.
    """
    request = recorded_request(current)
    if request is None:
        raise ValueError(
            f"nothing records what the champion (version {current.version}) learned from: name tweets with --tweets"
        )
    tweets = request.get("tweets") or {"source": str(SAMPLE_TWEETS)}
    doubt = "; its request was recorded by an earlier release"
    if not _everywhere(tweets["source"]):
        tweets = tweets | {"source": str(_snapshot(current))}
        doubt += ", and its tweets are read as they were then"
    texts = {name: request.get(name) or () for name in ("corpora", "labelled_texts")}
    found = {name: [each for each in values if _everywhere(each)] for name, values in texts.items()}
    lost = [each for name, values in texts.items() for each in values if each not in found[name]]
    if lost:
        doubt += f"; left out, for their folder is not known: {', '.join(lost)}"
    fields = {name: value for name, value in tweets.items() if name in ("source", "columns", "encoding")}
    return {"tweets": fields, **found}, doubt


def _everywhere(source: str) -> bool:
    """Whether an address means the same in every folder."""
    return absolute(source) == source


def _snapshot(current: Any) -> Path:
    """The raw snapshot of the champion's tweets. Raises ValueError when it is not in the store any more."""
    store = state_folder.state_home() / "store"
    found = [store / each for each in raw_of_table(current.tags.get(TABLE, ""))]
    if len(found) != 1 or not is_artifact(found[0]):
        raise ValueError(
            f"the tweets of the champion (version {current.version}) are no longer in the store: name others with "
            "--tweets"
        )
    return found[0]


if __name__ == "__main__":
    try:
        sys.stdout.write(champion_data().words)
    except ValueError as error:
        sys.stdout.write(f"it will fail: {error}")
